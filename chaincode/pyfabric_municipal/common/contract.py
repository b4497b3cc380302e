"""The base of a city's contracts: it takes steps and has the queries of every contract."""

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Final

from pydantic import Field

from pyfabric.chaincode import Context, Contract, ContractError, query, transaction
from pyfabric_municipal.common.batches import Batch, batch_record, located
from pyfabric_municipal.common.denials import Denial
from pyfabric_municipal.common.description import describe, describe_step
from pyfabric_municipal.common.expecting import questions
from pyfabric_municipal.common.governance import Governance, city_of
from pyfabric_municipal.common.invariants import TransactionInvariant
from pyfabric_municipal.common.parts import Part, disclose, disclosed, part_of
from pyfabric_municipal.common.reading import Page, Reading, Related
from pyfabric_municipal.common.records import HistoryEntry, Record
from pyfabric_municipal.common.refusals import NOTHING_LEFT, FrameRule
from pyfabric_municipal.common.session import Session
from pyfabric_municipal.common.steps import (
    MAX_ROWS,
    Mode,
    Outcome,
    Step,
    Wait,
    private_argument,
    steps_of,
)
from pyfabric_municipal.common.taking import Taking
from pyfabric_municipal.common.values import Timestamp, canonical_json
from pyfabric_municipal.common.values.timestamps import beijing_day, format_timestamp
from pyfabric_municipal.common.views import View

MAX_EVENT: Final = 8 * 1024
MAX_EVENT_FIELD: Final = 512
"""A longer value is not in the event: readers ask for the record."""
PageSize = Annotated[int, Field(ge=1, le=200)]

KIND = FrameRule(
    "no-kind", "本合约没有记录类型 {kind}", "the contract has no records of the kind {kind}"
)


class CityContract(Contract):
    """A contract whose steps are declared on its records; see `pyfabric_municipal.common.steps.step`.

    `RECORDS` are the types of its records, to which those of its bases are added; `TRANSACTIONS` what is true of
    each of its transactions, `PARTS` what the parties of a record alone share.
    """

    RECORDS: ClassVar[tuple[type[Record], ...]] = ()
    STEPS: ClassVar[Mapping[str, Step]] = {}
    TRANSACTIONS: ClassVar[tuple[TransactionInvariant, ...]] = ()
    PARTS: ClassVar[tuple[Part, ...]] = ()

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        cls.RECORDS = records_of(cls)
        cls.STEPS = steps_of(cls)
        check_declarations(cls)

    @classmethod
    def describe_function(cls, function: str) -> Mapping[str, Any]:
        """Return what the metadata have of a step: its record and states, its roles, guards and refusals."""
        step = cls.STEPS.get(function)
        return {} if step is None else {"x-step": describe_step(cls, step)}

    def governance_of(self, ctx: Context) -> Governance:
        """Return what the channel's departments have agreed on."""
        return city_of(ctx)

    def run_step(self, ctx: Context, step: Step, given: dict[str, Any]) -> Outcome:
        """Take a step of one record or of several, write it, and announce it in one event.

        A refusal by a rule that the step records is written as a denial instead.
        """
        session = Session(ctx.stub, self.contract_name())
        taking = Taking(ctx, session, self._governance_for(ctx, step), self)
        try:
            outcome = self._take(taking, step, given)
            taking.settle_others()
            session.finish(step.name, self.TRANSACTIONS)
        except ContractError as refused:
            if refused.code not in {rule.code_in(session.contract) for rule in step.denies}:
                raise
            return self._deny(ctx, step, given, refused)
        self._announce(ctx, step, taking, outcome)
        return outcome

    def _governance_for(self, ctx: Context, step: Step) -> Governance:
        """Return what the departments have agreed on, having announced what the step will ask."""
        found = self.governance_of(ctx)
        today = beijing_day(format_timestamp(ctx.stub.timestamp))
        found.expect(*questions(step, self.contract_name().lower(), ctx.client, today))
        return found

    @query
    def read(self, ctx: Context, kind: str, id: str) -> dict[str, Any]:
        """Return a record as it counts today.

        查询记录的当前状况。
        """
        model = self._kind(kind)
        return self._reading(ctx).record(model, model.id_of(id))

    @query
    def history(self, ctx: Context, kind: str, id: str) -> list[HistoryEntry]:
        """Return every step of a record, oldest first: who took it, when, and why.

        查询记录的全部步骤，由早到晚：何人何时因何办理。
        """
        return self._reading(ctx).history(kind, self._kind(kind).id_of(id))

    @query
    def listed(
        self, ctx: Context, kind: str, index: str, values: list[str], size: PageSize, bookmark: str
    ) -> Page:
        """Return a page of the records that an index has under these values; the index `state` counts by the day.

        按索引值分页列出记录；索引 `state` 以当天的状态为准。
        """
        return self._reading(ctx).listed(self._kind(kind), index, values, size, bookmark)

    @query
    def overdue(self, ctx: Context, party: str, size: PageSize, bookmark: str) -> Page:
        """Return a page of the records on which a party should have acted by now, the oldest first.

        分页列出某方逾期未办的记录，由早到晚。
        """
        return self._reading(ctx).overdue(party, size, bookmark)

    @query
    def signed_with(
        self, ctx: Context, key: str, since: Timestamp, size: PageSize, bookmark: str
    ) -> Page:
        """Return a page of the steps that a key has signed since a time, as when it was compromised then.

        分页列出某密钥自某时起签署的步骤，供密钥泄露后核查。
        """
        return self._reading(ctx).signed_with(key, since, size, bookmark)

    @query
    def related(
        self,
        ctx: Context,
        kind: str,
        id: str,
        size: PageSize = 200,
        after: list[str] | None = None,
    ) -> list[Related]:
        """Return the facts that name a record, and its corrections; `after` is field, kind and id of the last one returned.

        查询指向某记录的事实及其更正；after 为上一页最后一项的字段、类型和编号。
        """
        return self._reading(ctx).related(kind, self._kind(kind).id_of(id), size, after or ())

    @query
    def view(self, ctx: Context, kind: str, id: str, view: str) -> View:
        """Return what other channels may see of a record, with its revision.

        查询某记录可向其他通道提供的内容及其修订号。
        """
        model = self._kind(kind)
        return self._reading(ctx).view(model, model.id_of(id), view)

    @transaction
    def disclose(self, ctx: Context, kind: str, id: str, part: str) -> None:
        """Give the parties of a record a private part of it, which travels as transient data of that name.

        To be endorsed by the peers of these parties alone: nothing public is written.
        """
        session = Session(ctx.stub, self.contract_name())
        disclose(session, part_of(self.PARTS, kind, part), id)
        session.finish("disclose", ())

    @query
    def disclosed(self, ctx: Context, kind: str, id: str, part: str) -> dict[str, Any]:
        """Return a private part with the salt of its commitment, at a peer of one of the record's parties."""
        session = Session(ctx.stub, self.contract_name())
        kept = private_argument(self.STEPS.values(), self._kind(kind), part)
        if kept is None or not kept[1].name:
            found = disclosed(session, part_of(self.PARTS, kind, part), id)
        else:
            collection = kept[1].name.format(caller=ctx.stub.msp_id)
            found = session.vault.unseal(collection, kept[0], kind, id, part)
        return found.model_dump(mode="json")

    @query
    def life_cycles(self, ctx: Context) -> str:
        """Return the tables of the contract as JSON: records, steps, roles, guards, waits and refusals.

        以 JSON 返回本合约的记录、步骤、角色、条件、时限和拒绝代码。
        """
        return canonical_json(describe(type(self))).decode()

    @query
    def outdated(self, ctx: Context, kind: str, size: PageSize, bookmark: str) -> Page:
        """Return a page of the records that an earlier version of the contract wrote.

        分页列出由旧版合约写入的记录。
        """
        return self._reading(ctx).outdated(self._kind(kind), size, bookmark)

    @transaction
    def migrate(
        self,
        ctx: Context,
        kind: str,
        ids: Annotated[list[str], Field(min_length=1, max_length=MAX_ROWS)],
    ) -> int:
        """Write records of an earlier version as this one writes them; anybody may. Returns how many there were.

        将旧版写入的记录改写为本版格式，任何人均可办理；返回改写的条数。
        """
        session = Session(ctx.stub, self.contract_name())
        Taking(ctx, session, self.governance_of(ctx), self).migrate(self._kind(kind), ids)
        changed = len(session.changes())
        session.finish("migrate", ())
        return changed

    @classmethod
    def kinds(cls) -> Mapping[str, type[Record]]:
        """Return the types of the contract's records by kind."""
        found: tuple[type[Record], ...] = (*cls.RECORDS, Batch, Denial)
        return {one.KIND: one for one in found}

    def _take(self, taking: Taking, step: Step, given: dict[str, Any]) -> Outcome:
        if step.mode is Mode.BATCH:
            return self._take_batch(taking, step, given)
        if step.mode is Mode.CONTINUED:
            return self._take_next(taking, step, given)
        record_id = taking.ctx.stub.transaction_id if step.names_itself else given["id"]
        after = taking.take(step, record_id, given)
        return Outcome(id=after.id, state=after.state, revision=after.revision)

    def _take_batch(self, taking: Taking, step: Step, given: dict[str, Any]) -> Outcome:
        rows, revisions = given["rows"], []
        for number, row in enumerate(rows, start=1):
            with located(f"row {number}", f"第 {number} 行", row=number):
                fields = {name: getattr(row, name) for name in type(row).model_fields}
                after = taking.take(step, row.id, fields | {"reason": given.get("reason", "")})
                revisions.append(after.revision)
        made = batch_record(taking, step.name, given["batch"], rows, revisions)
        return Outcome(id=made.id, state=made.state, revision=made.revision, count=len(rows))

    def _take_next(self, taking: Taking, step: Step, given: dict[str, Any]) -> Outcome:
        value, most = given["value"], given["most"]
        passed = given.get("after") or ()
        found = taking.session.next_entries(step.record, step.over, value, passed, most + 1)
        if not found:
            raise NOTHING_LEFT.refusal({"step": step.name, "value": value})
        ids = dict.fromkeys(parts[-1] for parts in found[:most])
        for each in ids:
            with located(each, each, record=each):
                after = taking.take(step, each, {"reason": given.get("reason", "")})
            if any(parts[0] == value for name, parts in after.index_entries() if name == step.over):
                raise TypeError(f"{step.name} leaves records in {step.over}: it would never end")
        return Outcome(
            id=value,
            state=step.targets[0].state,
            revision=0,
            count=len(ids),
            left=len(found) > most,
            passed=found[:most][-1][1:],
        )

    def _deny(
        self, ctx: Context, step: Step, given: dict[str, Any], refused: ContractError
    ) -> Outcome:
        """Record a refusal: who was denied what, by which code, with which facts."""
        session = Session(ctx.stub, self.contract_name())
        taking = Taking(ctx, session, self.governance_of(ctx), self)
        taking.deny(step, given.get("id", ""), refused)
        session.finish("deny", ())
        outcome = Outcome(
            id=ctx.stub.transaction_id, state="written", revision=1, denied=refused.code
        )
        self._announce(ctx, step, taking, outcome)
        return outcome

    def _announce(self, ctx: Context, step: Step, taking: Taking, outcome: Outcome) -> None:
        """Set the event: the records that the transaction changed, as many as fit, and the fields that the step names."""
        facts: dict[str, Any] = {
            "at": taking.session.now,
            "by": ctx.client.msp_id,
            "records": [],
            "more": len(taking.notes),
        }
        if outcome.denied:
            facts["denied"] = outcome.denied
        else:
            facts |= self._event_fields(step, taking, outcome)
        room = MAX_EVENT - len(canonical_json(facts))
        for note in taking.notes:
            entry = note._asdict()
            room -= len(canonical_json(entry)) + 1
            if room < 0:
                break
            facts["records"].append(entry)
            facts["more"] -= 1
        name = "denied" if outcome.denied else step.name
        ctx.stub.set_event(f"{step.record.KIND}.{name}", canonical_json(facts))

    def _event_fields(self, step: Step, taking: Taking, outcome: Outcome) -> dict[str, Any]:
        if step.mode is not Mode.SINGLE:
            return {"id": outcome.id}
        after = taking.session.need(step.record, outcome.id).model_dump(mode="json")
        return {
            name: after[name]
            for name in step.event
            if len(canonical_json(after[name])) <= MAX_EVENT_FIELD
        }

    def _reading(self, ctx: Context) -> Reading:
        return Reading(Session(ctx.stub, self.contract_name()), self.kinds())

    def _kind(self, kind: str) -> type[Record]:
        found = self.kinds().get(kind)
        if found is None:
            raise KIND.refusal({"kind": kind})
        return found


def records_of(contract: type) -> tuple[type[Record], ...]:
    """Return the types of records that a contract's class and its bases declare, one of each kind."""
    found: dict[str, type[Record]] = {}
    for base in contract.__mro__:
        for one in vars(base).get("RECORDS", ()):
            found.setdefault(one.KIND, one)
    return tuple(found.values())


def check_declarations(contract: type[CityContract]) -> None:
    """Raise TypeError if the steps of a contract do not fit together."""
    steps = contract.STEPS
    for record in contract.RECORDS:
        _check_names(steps, record)
    for step in steps.values():
        if hasattr(CityContract, step.name):
            raise TypeError(f"{step.name} is a function of every contract: name the step otherwise")
        if step.record.COLLECTION and step.creates and not step.names_itself:
            raise TypeError(
                f"{step.record.KIND} is private: its id is that of the transaction (ID)"
            )
        if step.record not in contract.RECORDS:
            raise TypeError(f"{step.name} is on {step.record.KIND}, which is not in RECORDS")
        _check_exits(steps, step.record, step.waits, [one.state for one in step.targets])
        for move in step.moves:
            _check_exits(steps, move.record, move.waits, [move.target])


def _check_names(steps: Mapping[str, Step], record: type[Record]) -> None:
    """Raise TypeError for a Chinese name of a state to which no step leads."""
    own = (one.state for step in steps.values() if step.record is record for one in step.targets)
    moves = (move for step in steps.values() for move in step.moves if move.record is record)
    if unknown := set(record.STATES) - {*own, *(move.target for move in moves)}:
        raise TypeError(f"{record.KIND}: no step leads to {', '.join(sorted(unknown))} (STATES)")


def _check_exits(
    steps: Mapping[str, Step], record: type[Record], waits: tuple[Wait, ...], states: list[str]
) -> None:
    """Raise TypeError for an exit that is no step by time of the record from these states."""
    for wait in (one for one in waits if one.exit):
        name, leaves = wait.exit, steps.get(wait.exit)
        if leaves is None or not leaves.when_due or leaves.record is not record:
            raise TypeError(f"{record.KIND} waits for the exit {name}, which is no step by time")
        if not set(wait.states or states) <= set(leaves.sources):
            where = " or ".join(wait.states or states)
            raise TypeError(f"{name} does not leave {where}, where {record.KIND} waits")
