"""Metrics in Prometheus' text format: their samples.

Format: prometheus.io/docs/instrumenting/exposition_formats (text, version 0.0.4).
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

_SAMPLE: Final = re.compile(
    r"([A-Za-z_:][\w:]*)(?:\{(.*)\})?\s+([-+]?(?:\d\S*|Inf|NaN))(?:\s+-?\d+)?"
)
_LABEL: Final = re.compile(r'([A-Za-z_]\w*)="((?:[^"\\]|\\.)*)"')
_ESCAPED: Final = re.compile(r"\\(.)")


@dataclass(frozen=True, slots=True)
class Sample:
    """A metric's value, as its text has it, for one combination of labels."""

    metric: str
    labels: Mapping[str, str]
    value: str

    @property
    def number(self) -> int | float | str:
        """The value as a number; NaN and the infinities, which JSON lacks, stay texts."""
        if not self.value.lower().lstrip("+-")[:1].isdigit():
            return self.value
        found = float(self.value)
        return int(found) if found.is_integer() else found


def samples(text: str) -> Iterator[Sample]:
    """Yield the samples of a text in its order; other lines (comments) are left out."""
    for line in text.splitlines():
        found = _SAMPLE.fullmatch(line.strip())
        if found is not None and not line.startswith("#"):
            labels = {name: _plain(value) for name, value in _LABEL.findall(found[2] or "")}
            yield Sample(found[1], labels, found[3])


def _plain(value: str) -> str:
    return _ESCAPED.sub(lambda found: "\n" if found[1] == "n" else found[1], value)
