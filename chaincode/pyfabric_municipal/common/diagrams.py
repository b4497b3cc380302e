"""The life cycle of a record as a mermaid state diagram: the one drawing that pages and the command show."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Final, NamedTuple

from pyfabric_municipal.common.records import NEW, Record, Tracked
from pyfabric_municipal.common.steps import Step
from pyfabric_municipal.common.texts import Language

if TYPE_CHECKING:
    from pyfabric_municipal.common.contract import CityContract

_OUTSIDE: Final = "[*]"
"""Where mermaid's arrows begin and end."""


class _Arrow(NamedTuple):
    source: str
    target: str
    step: str


def diagram(contract: "type[CityContract]", record: type[Record], language: Language) -> str:
    """Return the states of a record and the steps between them, "" for a record without a life cycle.

    A step of another record that moves this one is drawn, too. In Chinese, states have their Chinese names.
    """
    if not issubclass(record, Tracked):
        return ""
    arrows = [arrow for step in contract.STEPS.values() for arrow in _arrows(step, record)]
    left = {arrow.source for arrow in arrows}
    final = dict.fromkeys(arrow.target for arrow in arrows if arrow.target not in left)
    return "\n".join(
        [
            "stateDiagram-v2",
            *(_names(record) if language == "zh" else ()),
            *(f"  {_place(one.source)} --> {_place(one.target)}: {one.step}" for one in arrows),
            *(f"  {_place(state)} --> {_OUTSIDE}" for state in final),
        ]
    )


def _arrows(step: Step, record: type[Record]) -> Iterator[_Arrow]:
    if step.record is record:
        for source in step.sources:
            yield from (_Arrow(source, target.state, step.name) for target in step.targets)
    for move in step.moves:
        if move.record is record:
            yield from (_Arrow(source, move.target, step.name) for source in move.sources)


def _names(record: type[Record]) -> Iterator[str]:
    for state, name in record.STATES.items():
        yield f'  state "{name}" as {_place(state)}'


def _place(state: str) -> str:
    """Return a state as mermaid names it: its names have no hyphens."""
    return _OUTSIDE if state == NEW else state.replace("-", "_")
