"""Counters, gauges and histograms of one node, and their text for Prometheus.

Format: prometheus.io/docs/instrumenting/exposition_formats (text, version 0.0.4). Counting changes a
number in a dictionary; the text is made at each request. Use everything in the thread of the node's event
loop only.
"""

from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import accumulate
from operator import itemgetter
from typing import Final, Literal

CONTENT_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"
BUCKETS: Final = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
"""Upper bounds in seconds, the same as Fabric's."""

Labels = tuple[str, ...]
Series = Iterable[tuple[Labels, float]]


@dataclass(frozen=True, slots=True)
class Family:
    """A metric's name, its description, and the names of its labels."""

    name: str
    help: str
    labels: Labels


class Counter:
    """A counter for each combination of label values."""

    def __init__(self, labels: Labels) -> None:
        self._values: dict[Labels, float] = {} if labels else {(): 0}

    def add(self, *labels: str, by: float = 1) -> None:
        """Add to a counter; label values are in the order of the declared labels."""
        self._values[labels] = self._values.get(labels, 0) + by

    def series(self) -> Series:
        """Return all label values with their counts."""
        return self._values.items()


@dataclass(slots=True)
class Observed:
    """How many durations were in each bucket (the last: above all bounds), and their sum in seconds."""

    counts: list[int] = field(default_factory=lambda: [0] * (len(BUCKETS) + 1))
    sum: float = 0.0

    @property
    def count(self) -> int:
        """How many there were."""
        return sum(self.counts)


class Histogram:
    """A histogram of durations in seconds for each combination of label values."""

    def __init__(self) -> None:
        self._observed: dict[Labels, Observed] = {}

    def observe(self, seconds: float, *labels: str) -> None:
        """Record one duration."""
        observed = self._observed.get(labels)
        if observed is None:
            observed = self._observed[labels] = Observed()
        observed.counts[bisect_left(BUCKETS, seconds)] += 1
        observed.sum += seconds

    def series(self) -> Iterable[tuple[Labels, Observed]]:
        """Return all label values with what was observed."""
        return self._observed.items()


class Registry:
    """All metrics of one node."""

    def __init__(self) -> None:
        self._families: dict[str, tuple[Family, str, Callable[[Family], Iterable[str]]]] = {}

    def counter(self, name: str, text: str, *labels: str) -> Counter:
        """Add a counter and return it."""
        counter = Counter(labels)
        self._add(Family(name, text, labels), "counter", _samples(counter.series))
        return counter

    def histogram(self, name: str, text: str, *labels: str) -> Histogram:
        """Add a histogram and return it."""
        histogram = Histogram()
        self.histogram_reading(name, text, labels, histogram.series)
        return histogram

    def histogram_reading(
        self,
        name: str,
        text: str,
        labels: Sequence[str],
        read: Callable[[], Iterable[tuple[Labels, Observed]]],
    ) -> None:
        """Add a histogram whose values `read` returns at each request."""
        self._add(Family(name, text, tuple(labels)), "histogram", _buckets(read))

    def reading(
        self,
        name: str,
        text: str,
        labels: Sequence[str],
        read: Callable[[], Series],
        *,
        kind: Literal["gauge", "counter"] = "gauge",
    ) -> None:
        """Add a metric whose values `read` returns at each request."""
        self._add(Family(name, text, tuple(labels)), kind, _samples(read))

    def text(self) -> str:
        """Return all metrics in Prometheus's format, sorted by name."""
        return "".join(
            f"{line}\n" for _, entry in sorted(self._families.items()) for line in _lines(*entry)
        )

    def _add(self, family: Family, kind: str, lines: Callable[[Family], Iterable[str]]) -> None:
        if family.name in self._families:
            raise ValueError(f"two metrics are named {family.name}")
        self._families[family.name] = (family, kind, lines)


def _lines(family: Family, kind: str, lines: Callable[[Family], Iterable[str]]) -> Iterator[str]:
    yield f"# HELP {family.name} {family.help}"
    yield f"# TYPE {family.name} {kind}"
    yield from lines(family)


def _samples(read: Callable[[], Series]) -> Callable[[Family], Iterable[str]]:
    def lines(family: Family) -> Iterator[str]:
        for labels, value in sorted(read()):
            yield f"{family.name}{_labels(family.labels, labels)} {_number(value)}"

    return lines


def _buckets(
    read: Callable[[], Iterable[tuple[Labels, Observed]]],
) -> Callable[[Family], Iterable[str]]:
    bounds = [*map(_number, BUCKETS), "+Inf"]

    def lines(family: Family) -> Iterator[str]:
        for labels, observed in sorted(read(), key=itemgetter(0)):
            totals = accumulate(observed.counts)
            for bound, total in zip(bounds, totals, strict=True):
                shown = _labels(family.labels, labels, ("le", bound))
                yield f"{family.name}_bucket{shown} {total}"
            shown = _labels(family.labels, labels)
            yield f"{family.name}_sum{shown} {_number(observed.sum)}"
            yield f"{family.name}_count{shown} {observed.count}"

    return lines


def _labels(names: Labels, values: Labels, *more: tuple[str, str]) -> str:
    pairs = [*sorted(zip(names, values, strict=True)), *more]
    shown = ",".join(f'{name}="{_escaped(value)}"' for name, value in pairs)
    return f"{{{shown}}}" if shown else ""


def _escaped(value: str) -> str:
    return value.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n")


def _number(value: float) -> str:
    return str(int(value)) if value == int(value) else repr(value)
