"""Who has to answer what by when: records that wait for a department, and the index of them."""

from collections.abc import Iterator
from typing import TypeVar

from pyfabric_municipal.lifecycle import MANAGER, Lifecycle
from pyfabric_municipal.records import Model, MspId, Timestamp, Tracked
from pyfabric_municipal.resources import Resource
from pyfabric_municipal.session import Session

WAITING_INDEX = "waiting"

F = TypeVar("F")


class Awaiting(Tracked):
    """A record that may wait for one department's answer until `due`."""

    id: str
    waiting_for: MspId | None = None
    due: Timestamp | None = None

    def key(self) -> tuple[str, ...]:
        return (self.id,)

    def waiting_entries(self) -> set[tuple[str, ...]]:
        """The index entry while it waits; sorted by department, then by due time."""
        if self.waiting_for is None or self.due is None:
            return set()
        return {(WAITING_INDEX, self.waiting_for, self.due, self.KIND, self.id)}


W = TypeVar("W", bound=Awaiting)


class Overdue(Model):
    """An answer that a department owes since `due`."""

    department: str
    due: str
    kind: str
    id: str


def put_awaiting(
    session: Session,
    table: Lifecycle[W, F],
    before: W,
    after: W,
    action: str,
    resource: Resource,
) -> W:
    """Write a record after a step, with the department that has to act next and its time limit.

    The provider has less time for a resource that is on the sharing platform already.
    """
    role = table.transitions[action].awaits
    if role is None:
        department, due = None, None
    else:
        department = {**after.parties(), MANAGER: session.settings.manager}[role]
        due = session.due(_days(session, role, resource))
    record = after.model_copy(update={"waiting_for": department, "due": due})
    session.put(record)
    session.reindex(before.waiting_entries(), record.waiting_entries())
    return record


def overdue(session: Session, *department: str) -> Iterator[Overdue]:
    """Answers that are late now, of one department or of all."""
    for msp_id, due, kind, record_id in session.marked(WAITING_INDEX, *department):
        if due < session.now:
            yield Overdue(department=msp_id, due=due, kind=kind, id=record_id)


def _days(session: Session, role: str, resource: Resource) -> int:
    deadlines = session.settings.deadlines
    if role == MANAGER:
        return deadlines.manager
    if resource.description.on_platform:
        return deadlines.provider_on_platform
    return deadlines.provider_off_platform
