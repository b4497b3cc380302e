"""A step is taken: role, state, reason, effect, guards and target are checked; record and history are put.

The order of the checks is the order in which a caller can do something about them. Nothing is written here:
`Session.finish` checks what the whole transaction leaves behind, and writes it.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

from pyfabric.chaincode import Context, ContractError
from pyfabric_municipal.common.call import Call
from pyfabric_municipal.common.denials import Denial
from pyfabric_municipal.common.governance import Governance
from pyfabric_municipal.common.indexes import at_path
from pyfabric_municipal.common.limits import resumed, stopped, waits_of
from pyfabric_municipal.common.records import (
    NEW,
    WRITTEN,
    Actor,
    Fact,
    HistoryEntry,
    Record,
    Taken,
    Tracked,
)
from pyfabric_municipal.common.refusals import (
    ANSWERED,
    NOT_DUE,
    REASON,
    ROLE,
    STATE,
    UNKNOWN,
)
from pyfabric_municipal.common.roles import Role, read_actor
from pyfabric_municipal.common.session import Place, Session
from pyfabric_municipal.common.steps import Mode, Move, Step, Timer
from pyfabric_municipal.common.values.text import require_text
from pyfabric_municipal.common.waiting import Waiting, answer, change_by_time

if TYPE_CHECKING:
    from pyfabric_municipal.common.contract import CityContract

M = TypeVar("M", bound=Record)


class Note(NamedTuple):
    """A record that the transaction has changed, as its event lists it."""

    kind: str
    id: str
    revision: int
    step: str
    state: str


class Taking:
    """The steps of one transaction."""

    def __init__(
        self, ctx: Context, session: Session, governance: Governance, contract: "CityContract"
    ) -> None:
        self.ctx = ctx
        self.session = session
        self.governance = governance
        self.steps = contract.STEPS
        self.actor = read_actor(ctx.client)
        self.notes: list[Note] = []
        self._contract = contract
        self._excluding = {
            name
            for each in self.steps.values()
            for role in each.by
            for name in (*role.not_department, *role.not_person)
        }

    def take(self, step: Step, record_id: str, given: dict[str, Any]) -> Record:
        """Take a step of a record and return the record after it; refuses what the declaration forbids."""
        before = self._before(step, record_id)
        call: Call[Any] = Call(self, step, record_id, before, given)
        if step.reason:
            _require_reason(call)
        if before is None:
            if not any(each.is_eligible(call) for each in step.by):
                raise _not_for_the_caller(call)
            call.after = self._effect(call)
            role = self._role(call, call.after)
        else:
            _require_state(call, before)
            role = self._role(call, before)
            call.after = self._effect(call)
        if isinstance(call.after, Fact):
            call.after = call.after.model_copy(update={"by": call.actor})
        self._require_guards(call)
        call.after = call.after.changed(state=_target(call))
        if isinstance(call.after, Tracked):
            call.after = self._waiting(call, call.after, role)
        self._put(call.after, step.name, call.actor, call.reason)
        if not step.when_due:
            self._lock(call)
        return self.session.need(step.record, record_id)

    def move(
        self, call: Call[Any], model: type[M], record_id: str, target: str, changes: dict[str, Any]
    ) -> M:
        """Bring another record to a state, as its step declares."""
        found = self._settled(model, record_id, call.step.name)
        if found is None:
            raise UNKNOWN.refusal({"kind": model.KIND, "id": record_id})
        moves = _moves(call.step, model, target)
        declared = next((one for one in moves if found.state in one.sources), None)
        if declared is None:
            wanted = _either(source for one in moves for source in one.sources)
            raise STATE.refusal(_facts(call.step, found) | {"wanted": wanted})
        after = self._next(found, changes | {"state": target})
        if declared.waits or found.state != target:
            after = self._begun(call, declared, after)
        self._put(after, call.step.name, call.actor, call.reason)
        return after

    def create(
        self, call: Call[Any], model: type[M], record_id: str, target: str, fields: dict[str, Any]
    ) -> M:
        """Make another record, as its step declares."""
        moves = _moves(call.step, model, target)
        declared = next((one for one in moves if NEW in one.sources), None)
        if declared is None:
            raise TypeError(f"{call.step.name} does not declare that it makes a {model.KIND}")
        found = self.session.get(model, record_id)
        if found is not None:
            raise found.occupied()
        after = self._begun(
            call, declared, self._first(model, record_id, fields | {"state": target})
        )
        self._put(after, call.step.name, call.actor, call.reason)
        return after

    def write(self, model: type[M], record_id: str, step: str, fields: dict[str, Any]) -> M:
        """Make a fact of the frame's own: a batch, a denial."""
        after = self._first(model, record_id, fields | {"state": WRITTEN})
        self._put(after, step, self.actor, "")
        return after

    def deny(self, step: Step, subject: str, refused: ContractError) -> None:
        """Make the record of a refusal."""
        fields = {
            "step": step.name,
            "kind": step.record.KIND,
            "subject": subject,
            "code": refused.code,
            "facts": refused.facts,
        }
        self.write(Denial, self.ctx.stub.transaction_id, step.name, fields)

    def migrate(self, model: type[Record], ids: Sequence[str]) -> None:
        """Bring records that an earlier version wrote to this one; leaves others as they are."""
        for record_id in ids:
            found = self.session.need(model, record_id)
            if self.session.written_by(model, record_id) < model.SCHEMA:
                self._put(self._next(found, {}), "migrate", self.actor, "")

    def settle_others(self) -> None:
        """Take the exits that the day has taken of records which hold what this transaction claims, or share its sets.

        So what has lapsed holds nobody up, though nobody has tidied up.
        """
        settled: set[Place] = set()
        kinds = self._contract.kinds()
        while places := self.session.beside() - settled:
            for place in sorted(places):
                model = kinds.get(place.kind)
                if model is not None and not model.COLLECTION:
                    self._settled(model, place.id, "")
            settled |= places

    def _before(self, step: Step, record_id: str) -> Record | None:
        found = self._settled(step.record, record_id, step.name)
        if step.creates and found is not None:
            raise found.occupied()
        if not step.creates and found is None:
            raise UNKNOWN.refusal({"kind": step.record.KIND, "id": record_id})
        return found

    def _settled(self, model: type[M], record_id: str, step: str) -> M | None:
        """Return a record after the exits that the day has taken, up to this step; they become part of the history."""
        found = self.session.get(model, record_id)
        if not isinstance(found, Tracked):
            return found
        change = change_by_time(found.waiting)
        if change is None or change.exit == step:
            return found
        exit_step = self.steps[change.exit]
        call: Call[Any] = Call(self, exit_step, record_id, found, {})
        if not call.is_due(change.due):
            return found
        self.take(exit_step, record_id, {})
        return self._settled(model, record_id, step)

    def _lock(self, call: Call[Any]) -> None:
        """Change the record that the step's record is about, unless the step did; refuses one in another state."""
        lock, name = call.step.record.LOCK, call.step.name
        record_id = None if lock is None else at_path(call.after, lock.field)
        if lock is None or record_id is None or self.session.is_changed(lock.record, record_id):
            return
        self._settled(lock.record, record_id, name)
        found = self.session.need(lock.record, record_id)
        if found.state not in lock.states:
            raise STATE.refusal(_facts(call.step, found) | {"wanted": _either(lock.states)})
        self._put(self._next(found, {}), name, call.actor, call.reason)

    def _role(self, call: Call[Any], record: Record) -> Role:
        """Return the role in which the caller acts, and set the call's actor; refuses everybody else."""
        for role in call.step.by:
            party = role.party(call, record) if role.is_eligible(call) else None
            if party is not None:
                call.actor = self.actor.model_copy(update={"party": party})
                role.require_others(call.actor, record if isinstance(record, Tracked) else None)
                return role
        raise _not_for_the_caller(call)

    def _effect(self, call: Call[Any]) -> Record:
        """Return the record with what the step's effect changes."""
        step, vault = call.step, self.session.vault
        row = call.id if step.mode is Mode.BATCH else ""
        sealed = {name: vault.argument(hint, name, row) for name, (hint, _) in step.private.items()}
        call.private = sealed
        for name, value in sealed.items():
            if kept := step.private[name][1].name.format(caller=call.caller):
                vault.seal(kept, step.record.KIND, call.id, name, value)
        if step.record.COLLECTION:
            hints = {each.name: each.annotation for each in step.arguments}
            call.arguments = {name: vault.argument(hint, name) for name, hint in hints.items()}
        changes = dict(step.effect(self._contract, call, **call.arguments, **sealed) or {})
        before: Record | None = call.before
        if before is None:
            return self._first(step.record, call.id, {"state": NEW, **_named(call), **changes})
        return self._next(before, changes)

    def _first(self, model: type[M], record_id: str, fields: Mapping[str, Any]) -> M:
        """Return a new record; refuses a fact that corrects one that does not exist."""
        base: dict[str, Any] = {
            "id": record_id,
            "revision": 1,
            "schema_version": model.SCHEMA,
            "meets": model.SCHEMA,
            "updated": self.session.now,
            "updated_by": self.actor.department,
        }
        if issubclass(model, Fact):
            base["by"] = self.actor
            if fields.get("corrects"):
                self.session.need(model, fields["corrects"])
        return model.make(base | dict(fields))

    def _next(self, record: M, changes: Mapping[str, Any]) -> M:
        base = {
            "revision": record.revision + 1,
            "updated": max(self.session.now, record.updated),
            "updated_by": self.actor.department,
        }
        return record.changed(**(base | dict(changes)))

    def _require_guards(self, call: Call[Any]) -> None:
        for guard in call.step.guards:
            guard.require(guard.test(call), self.session.contract)

    def _waiting(self, call: Call[Any], after: Tracked, role: Role) -> Tracked:
        """Return the record with its waits after the step, and with who took it if a later role asks."""
        step, before = call.step, call.before
        running = before.waiting if isinstance(before, Tracked) else ()
        if step.when_due:
            running = tuple(one for one in running if one.exit != step.name)
        elif step.joins:
            running = _answered(running, role, call.actor)
            if any(not one.states for one in running):
                after = after.model_copy(update={"state": call.record.state})
                return after.model_copy(
                    update={"waiting": running, "taken": self._taken(call, after)}
                )
        begun = waits_of(call, step.waits, after, self.steps)
        if step.timer is Timer.STOPS:
            running = stopped(running, call, self._ends(begun))
        elif step.timer is Timer.RESUMES:
            running = resumed(running, call)
        elif before is None or after.state != before.state or step.waits:
            running = tuple(one for one in running if after.state in one.states)
        waiting = (*running, *begun)
        return after.model_copy(update={"waiting": waiting, "taken": self._taken(call, after)})

    def _ends(self, begun: tuple[Waiting, ...]) -> str | None:
        """Return when a stop that begins with these waits ends by itself, None if it does not."""
        change = change_by_time(begun)
        if change is None or self.steps[change.exit].timer is not Timer.RESUMES:
            return None
        return change.due

    def _begun(self, call: Call[Any], move: Move, after: M) -> M:
        """Return a moved record with the waits that the move begins."""
        if not isinstance(after, Tracked):
            return after
        waits = waits_of(call, move.waits, after, self.steps)
        return after.model_copy(update={"waiting": waits})

    def _taken(self, call: Call[Any], after: Tracked) -> tuple[Taken, ...]:
        one = Taken(step=call.step.name, department=call.caller, staff=call.actor.staff)
        if call.step.name not in self._excluding or one in after.taken:
            return after.taken
        return (*after.taken, one)

    def _put(self, record: Record, step: str, actor: Actor, reason: str) -> None:
        self.session.put(record)
        self.notes.append(Note(record.KIND, record.id, record.revision, step, record.state))
        if not isinstance(record, Tracked):
            return
        self.session.log(
            HistoryEntry(
                kind=record.KIND,
                id=record.id,
                number=record.revision,
                step=step,
                state=record.state,
                by=actor,
                at=self.session.now,
                reason=reason,
                transaction_id=self.ctx.stub.transaction_id,
            )
        )


def _not_for_the_caller(call: Call[Any]) -> ContractError:
    step = call.step
    facts = {"kind": step.record.KIND, "id": call.id, "step": step.name}
    return ROLE.refusal(facts | {"who": _either([role.name for role in step.by])})


def _require_state(call: Call[Any], record: Record) -> None:
    step = call.step
    if record.state not in step.sources:
        raise STATE.refusal(_facts(step, record) | {"wanted": _either(step.sources)})
    if not step.when_due or not isinstance(record, Tracked):
        return
    change = change_by_time(record.waiting)
    if change is None or change.exit != step.name or not call.is_due(change.due):
        due = "never" if change is None else change.due
        raise NOT_DUE.refusal({"step": step.name, "due": due})


def _require_reason(call: Call[Any]) -> None:
    if not call.reason.strip():
        kind = call.step.record.KIND
        raise REASON.refusal({"step": call.step.name, "kind": kind, "id": call.id})
    require_text("reason", call.reason)


def _target(call: Call[Any]) -> str:
    """Return the state to which the step leads: the first target whose condition holds."""
    *guarded, last = call.step.targets
    for target in guarded:
        if target.when is not None and target.when.test(call) is True:
            return target.state
    return last.state


def _answered(running: tuple[Waiting, ...], role: Role, actor: Actor) -> tuple[Waiting, ...]:
    """Return the waits that remain after the caller's answer; refuses who is not asked, or has answered."""
    for name in (actor.party, role.name):
        if any(wait.asks(role.name, name) for wait in running):
            return answer(running, role.name, name)
    raise ANSWERED.refusal({"party": actor.party})


def _moves(step: Step, model: type[Record], target: str) -> list[Move]:
    found = [one for one in step.moves if one.record is model and one.target == target]
    if not found:
        raise TypeError(f"{step.name} does not declare that it brings a {model.KIND} to {target}")
    return found


def _facts(step: Step, record: Record) -> dict[str, Any]:
    return {"kind": record.KIND, "id": record.id, "state": record.state, "step": step.name}


def _named(call: Call[Any]) -> dict[str, Any]:
    """Return the fields of a new record that its step's arguments name, of private ones the commitments."""
    given = {**call.arguments, **{name: one.commitment() for name, one in call.private.items()}}
    return {name: value for name, value in given.items() if name in call.step.record.model_fields}


def _either(names: Iterable[str]) -> str:
    return " or ".join(names)
