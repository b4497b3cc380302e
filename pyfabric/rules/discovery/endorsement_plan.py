"""Which peers are asked to endorse, layout by layout, and how a plan is used up.

Source: internal/pkg/gateway/{registry,endorsement}.go of Fabric 3.1. Groups of peers and layouts come
from discovery.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, Protocol, TypeVar

from fabric_protos.peer import proposal_response_pb2

from pyfabric.errors import ErrorDetail
from pyfabric.rules.discovery.endorsement import Descriptor

E = TypeVar("E")


class Shuffler(Protocol):
    """A source of randomness, such as random.Random."""

    def shuffle(self, x: list[Any], /) -> None:
        """Reorder a list at random."""
        ...


def _fits(layout: Mapping[str, int], groups: Mapping[str, Sequence[E]]) -> bool:
    return all(len(groups.get(name, ())) >= quantity for name, quantity in layout.items())


@dataclass(slots=True)
class _Layout:
    required: dict[str, int]
    endorsements: list[proposal_response_pb2.Endorsement] = field(default_factory=list)


class EndorsementPlan(Generic[E]):
    """Endorsers still to ask, by group, and what the asked ones have answered."""

    def __init__(
        self, layouts: Sequence[Mapping[str, int]], groups: Mapping[str, Sequence[E]]
    ) -> None:
        self._layouts: list[_Layout | None] = [_Layout(dict(one)) for one in layouts]
        self._groups = {name: list(endorsers) for name, endorsers in groups.items()}
        self._group_of = {
            endorser: name for name, endorsers in groups.items() for endorser in endorsers
        }
        self._next = 0
        self.payload: bytes | None = None
        self.completed: list[proposal_response_pb2.Endorsement] | None = None
        self.details: list[ErrorDetail] = []

    def endorsers(self) -> list[E]:
        """Return the endorsers to ask for the next layout; nobody when no layout is left."""
        while self._next < len(self._layouts):
            layout = self._layouts[self._next]
            if layout is not None and _fits(layout.required, self._groups):
                return [
                    self._groups[name].pop(0)
                    for name, quantity in layout.required.items()
                    for _ in range(quantity)
                ]
            self._layouts[self._next] = None
            self._next += 1
        return []

    def add(self, endorser: E, response: proposal_response_pb2.ProposalResponse) -> bool:
        """Take an endorsement; false if its payload differs from that of the first."""
        group = self._group_of.get(endorser, "")
        waiting = self._groups.get(group, [])
        if endorser in waiting:
            waiting.remove(endorser)
        if self.payload is None:
            self.payload = response.payload
        elif self.payload != response.payload:
            return False
        for layout in self._layouts[self._next :]:
            if layout is not None and group in layout.required:
                self._count(layout, group, response.endorsement)
        return True

    def _count(
        self, layout: _Layout, group: str, endorsement: proposal_response_pb2.Endorsement
    ) -> None:
        layout.endorsements.append(endorsement)
        layout.required[group] -= 1
        if not layout.required[group]:
            del layout.required[group]
        if not layout.required and self.completed is None:
            self.completed = _distinct(layout.endorsements)

    def next_in_group(self, endorser: E) -> E | None:
        """Return another endorser of the same group; None if nobody is left."""
        waiting = self._groups.get(self._group_of.get(endorser, ""), [])
        return waiting.pop(0) if waiting else None

    def abandon(self, endorsers: Sequence[E]) -> None:
        """Select the next layout, without those that need the groups of these endorsers."""
        groups = {self._group_of.get(endorser, "") for endorser in endorsers}
        for index in range(self._next, len(self._layouts)):
            layout = self._layouts[index]
            if layout is not None and not groups.isdisjoint(layout.required):
                self._layouts[index] = None
        self._next += 1


def _distinct(
    endorsements: Sequence[proposal_response_pb2.Endorsement],
) -> list[proposal_response_pb2.Endorsement]:
    return list({one.endorser: one for one in reversed(endorsements)}.values())[::-1]


def arrange(
    descriptor: Descriptor[E], preferred: E | None, heads: Sequence[E], random: Shuffler
) -> EndorsementPlan[E]:
    """Return a plan whose first layouts hold the preferred endorser; `heads` sorts the endorsers."""
    order = {endorser: place for place, endorser in enumerate(heads)}
    groups = {
        name: sorted(endorsers, key=lambda endorser: order[endorser])
        for name, endorsers in descriptor.groups.items()
    }
    layouts = list(descriptor.layouts)
    random.shuffle(layouts)
    liked = {name for name, endorsers in groups.items() if preferred in endorsers}
    layouts.sort(key=lambda layout: liked.isdisjoint(layout))
    return EndorsementPlan(layouts, groups)
