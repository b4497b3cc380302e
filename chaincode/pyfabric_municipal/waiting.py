"""Records that wait for a department's decision until a due time, and the index of them."""

from collections.abc import Iterator
from typing import TypeVar

from pyfabric_municipal.common.values import Model, MspId, Timestamp
from pyfabric_municipal.directory.records import Resource
from pyfabric_municipal.ledger_access import LedgerAccess
from pyfabric_municipal.lifecycle import MANAGER, Lifecycle
from pyfabric_municipal.records import Tracked

WAITING_INDEX = "waiting"

F = TypeVar("F")


class Awaiting(Tracked):
    """A record that may wait until `due` for one department to act."""

    id: str
    waiting_for: MspId | None = None
    due: Timestamp | None = None

    def key(self) -> tuple[str, ...]:
        return (self.id,)

    def waiting_entries(self) -> set[tuple[str, ...]]:
        """Return the index entry of a waiting record; entries sort by department, then by due time."""
        if self.waiting_for is None or self.due is None:
            return set()
        return {(WAITING_INDEX, self.waiting_for, self.due, self.KIND, self.id)}


W = TypeVar("W", bound=Awaiting)


class Overdue(Model):
    """A record on which a department should have acted by `due`."""

    department: str
    due: str
    kind: str
    id: str


def put_awaiting(
    ledger: LedgerAccess,
    table: Lifecycle[W, F],
    before: W,
    after: W,
    action: str,
    resource: Resource,
) -> W:
    """Write a record after a step, with the department that must act next and its time limit.

    The provider has less time for a resource that is already on the sharing platform.
    """
    role = table.transitions[action].awaits
    if role is None:
        department, due = None, None
    else:
        department = {**after.parties(), MANAGER: ledger.settings.manager}[role]
        due = ledger.due(_days(ledger, role, resource))
    record = after.model_copy(update={"waiting_for": department, "due": due})
    ledger.put(record)
    ledger.reindex(before.waiting_entries(), record.waiting_entries())
    return record


def overdue(ledger: LedgerAccess, *department: str) -> Iterator[Overdue]:
    """Yield the records that are overdue now, of one department or of all."""
    for msp_id, due, kind, record_id in ledger.marked(WAITING_INDEX, *department):
        if due < ledger.now:
            yield Overdue(department=msp_id, due=due, kind=kind, id=record_id)


def _days(ledger: LedgerAccess, role: str, resource: Resource) -> int:
    deadlines = ledger.settings.deadlines
    if role == MANAGER:
        return deadlines.manager
    if resource.description.on_platform:
        return deadlines.provider_on_platform
    return deadlines.provider_off_platform
