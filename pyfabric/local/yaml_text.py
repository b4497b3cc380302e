"""YAML of others, within bounds: no loops of aliases, no bombs of them, no nesting without an end.

Reading any of these as usual fills the memory or the stack. The file is looked at event by event first,
which takes neither.
"""

from dataclasses import dataclass, field
from typing import Any, Final, cast

import yaml

_MOST_BYTES: Final = 4 * 1024 * 1024
_MOST_NODES: Final = 500_000
_DEEPEST: Final = 64


def load_yaml(text: str | bytes) -> Any:
    """Return what one YAML document holds; raises yaml.YAMLError, with the line of what is refused."""
    check_yaml(text)
    return yaml.safe_load(text)


def check_yaml(text: str | bytes) -> None:
    """Raise yaml.YAMLError for what is no YAML, or what is too long, too deep, or repeated too often."""
    if len(text) > _MOST_BYTES:
        raise yaml.YAMLError(f"is longer than {_MOST_BYTES} bytes")
    try:
        _look(text, getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    except yaml.YAMLError:
        _look(text, yaml.SafeLoader)  # slower, and names the place of a fault better


def _look(text: str | bytes, loader: type[yaml.SafeLoader]) -> None:
    seen = _Seen()
    for event in yaml.parse(text, Loader=loader):
        seen.take(event)


@dataclass(slots=True)
class _Seen:
    """The nodes so far, aliases counted as all that they repeat; anchors by name, None while open."""

    nodes: int = 0
    open: list[tuple[str | None, int]] = field(default_factory=list)
    anchors: dict[str, int | None] = field(default_factory=dict)

    def take(self, event: yaml.Event) -> None:
        """Count one event."""
        if isinstance(event, yaml.AliasEvent):
            self._repeat(event)
        elif isinstance(event, yaml.CollectionStartEvent):
            self._begin(event)
        elif isinstance(event, yaml.CollectionEndEvent):
            anchor, before = self.open.pop()
            if anchor is not None:
                self.anchors[anchor] = self.nodes - before
        elif isinstance(event, yaml.ScalarEvent):
            self._add(1, event)
            if event.anchor is not None:
                self.anchors[event.anchor] = 1

    def _begin(self, event: yaml.CollectionStartEvent) -> None:
        if len(self.open) >= _DEEPEST:
            raise _refusal(f"is nested more than {_DEEPEST} levels deep", event)
        self.open.append((event.anchor, self.nodes))
        self._add(1, event)
        if event.anchor is not None:
            self.anchors[event.anchor] = None

    def _repeat(self, event: yaml.AliasEvent) -> None:
        size = self.anchors.get(str(event.anchor), 0)  # an unknown anchor is the reader's to refuse
        if size is None:
            raise _refusal(f"*{event.anchor} repeats what it is in", event)
        self._add(size, event)

    def _add(self, nodes: int, event: yaml.Event) -> None:
        self.nodes += nodes
        if self.nodes > _MOST_NODES:
            raise _refusal(
                f"holds more than {_MOST_NODES} values, those of aliases included", event
            )


def _refusal(problem: str, event: yaml.Event) -> yaml.MarkedYAMLError:
    return yaml.MarkedYAMLError(problem=problem, problem_mark=cast("Any", event.start_mark))
