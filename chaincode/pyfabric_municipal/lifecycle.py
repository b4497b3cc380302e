"""Life cycles as tables: each allowed step is one row, and one function applies the rows."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Generic, TypeVar

from pyfabric.chaincode import ContractError
from pyfabric_municipal.common.values.text import require_text
from pyfabric_municipal.common.values.timestamps import require_not_before
from pyfabric_municipal.records import Tracked

R = TypeVar("R", bound=Tracked)
F = TypeVar("F")
Guard = Callable[[R, F], None]

# The state of a record that the transaction is about to create.
NEW = "new"

MANAGER = "manager"
PROVIDER = "provider"
USER = "user"


@dataclass(frozen=True, slots=True)
class Actor:
    """The caller of a step: its MSP id, the transaction's time, and who is the manager."""

    msp_id: str
    at: str
    manager: str


@dataclass(frozen=True)
class Transition(Generic[R, F]):
    """One row: a role in `by` may do `action` in one of the states `sources`; the new state is `target`.

    A guard raises ContractError when the facts forbid the step. `awaits` is the role that must act
    next, within a time limit. `event` is the name of the step's event. It is empty for steps that a
    transaction applies to many records with one event for all of them.
    """

    action: str
    sources: tuple[str, ...]
    target: str
    by: tuple[str, ...]
    guards: tuple[Guard[R, F], ...] = ()
    needs_reason: bool = False
    awaits: str | None = None
    event: str = ""


class Lifecycle(Generic[R, F]):
    """The table of one kind of record."""

    def __init__(self, *transitions: Transition[R, F]) -> None:
        self.transitions: Mapping[str, Transition[R, F]] = {row.action: row for row in transitions}
        if len(self.transitions) != len(transitions):
            raise ValueError("two rows of a life cycle have one action")

    def apply(self, record: R, action: str, actor: Actor, facts: F, reason: str = "") -> R:
        """Return the record after the step.

        Raises ContractError if the caller's role, the state, the reason, the time or a guard forbids it.
        """
        row = self.transitions[action]
        name = f"{record.KIND} {'/'.join(record.key())}"
        _require_role(row.by, record, name, action, actor)
        if record.state not in row.sources:
            allowed = " or ".join(row.sources)
            raise ContractError(
                f"{name} is {record.state}: {action} is possible only when {allowed}"
            )
        if row.needs_reason and not reason.strip():
            raise ContractError(f"{action} of {name} needs a reason")
        if reason:
            require_text("reason", reason)
        require_not_before(name, actor.at, record.updated)
        for guard in row.guards:
            guard(record, facts)
        changes = {
            "state": row.target,
            "steps": record.steps + 1,
            "updated": actor.at,
            "updated_by": actor.msp_id,
        }
        return record.model_copy(update=changes)


def _require_role(
    by: tuple[str, ...], record: Tracked, name: str, action: str, actor: Actor
) -> None:
    holders = {**record.parties(), MANAGER: actor.manager}
    if actor.msp_id not in {holders[role] for role in by}:
        who = " or ".join(f"the {role} ({holders[role]})" for role in by)
        raise ContractError(f"{action} of {name} is for {who}, the caller is of {actor.msp_id}")
