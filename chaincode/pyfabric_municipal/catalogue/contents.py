"""What a catalogue holds: departments, their duties, and their resources."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TypeVar

from pyfabric_municipal.departments import Department
from pyfabric_municipal.directory.description import Description
from pyfabric_municipal.directory.rows import PER_TRANSACTION, DutyClaim

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Catalogue:
    """The departments, with each one's duties and resources by its MSP id.

    `title` and `abstract` are Chinese. `english` has names in English: the title's under "", a department's under
    its MSP id, a duty's under its code; what it lacks has none.
    """

    id: str
    title: str
    abstract: str
    departments: tuple[Department, ...]
    duties: Mapping[str, tuple[DutyClaim, ...]]
    resources: Mapping[str, tuple[Description, ...]]
    english: Mapping[str, str] = field(default_factory=dict)

    def all_resources(self) -> Iterator[Description]:
        """Yield the resources of all departments."""
        for each in self.resources.values():
            yield from each

    def of(self, msp_ids: Collection[str]) -> "Catalogue":
        """Return the catalogue of these departments alone."""
        duties = {one: self.duties[one] for one in self.duties if one in msp_ids}
        named = {"", *msp_ids, *(duty.code for each in duties.values() for duty in each)}
        return replace(
            self,
            departments=tuple(one for one in self.departments if one.msp_id in msp_ids),
            duties=duties,
            resources={one: self.resources[one] for one in self.resources if one in msp_ids},
            english={key: text for key, text in self.english.items() if key in named},
        )


def batches(items: Sequence[T]) -> Iterator[list[T]]:
    """Yield the items in parts that each fit into one transaction."""
    for start in range(0, len(items), PER_TRANSACTION):
        yield list(items[start : start + PER_TRANSACTION])
