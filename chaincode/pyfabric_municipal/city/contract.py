"""The contract `City`: departments propose and approve changes of what they agree on, and tick the channel's clock.

It is deployed as chaincode `city` on every channel, and its definition keeps the channel's own endorsement policy
(`/Channel/Application/Endorsement`): a majority of the channel's real members must endorse what it writes.
"""

from collections.abc import Callable
from datetime import date, timedelta
from typing import Annotated, Any

from pydantic import Field

from pyfabric.chaincode import Context, Contract, ContractError, query, to_json, transaction
from pyfabric_municipal.city.changes import (
    APPROVED,
    DEFAULT_DAYS,
    IN_FORCE,
    LAPSED,
    PROPOSED,
    SUPERSEDED,
    WITHDRAWN,
    Act,
    Change,
    Item,
    Voters,
    require_approver,
)
from pyfabric_municipal.city.clock import missed_slots, require_writable
from pyfabric_municipal.city.drafting import Draft
from pyfabric_municipal.city.ledger import LENGTH_PLACE, CityLedger
from pyfabric_municipal.city.settings import (
    CITY,
    CodeVersions,
    Key,
    Member,
    Parameter,
    PastVersion,
    Role,
    Setting,
    Version,
)
from pyfabric_municipal.common.governance import (
    Clock,
    CodeList,
    Department,
)
from pyfabric_municipal.common.records import Actor
from pyfabric_municipal.common.roles import read_actor
from pyfabric_municipal.common.values import (
    Count,
    Day,
    Digest,
    Model,
    MspId,
    Timestamp,
)
from pyfabric_municipal.common.values.timestamps import (
    format_timestamp,
    parse_date,
    start_of_day,
    unix_seconds,
)
from pyfabric_municipal.common.values.workdays import YearCalendar

GOVERNOR = "governor"
"""The certificate attribute `role` of those who speak for their department here."""

Questions = Annotated[
    list[Annotated[list[str], Field(min_length=1, max_length=3)]], Field(max_length=100)
]
Items = Annotated[list[Item], Field(min_length=1)]


class ChangeView(Model):
    """A change as it stands; its `state` is also approved, lapsed or superseded."""

    change: Change
    state: str
    voters: Voters
    needed: Count


class SlotView(Model):
    """The newest slot of the channel's clock, who wrote it, and the length of slots in seconds."""

    newest: Count | None
    ticked_by: str
    length: Count


class City(Contract):
    """What the departments of a channel agree on, and the channel's clock."""

    name = "City"
    title = "Governance and clock of a channel"
    version = "1.0"

    @transaction
    def propose(self, ctx: Context, items: Items, reason: str, effective: Day | None = None) -> str:
        """Propose a change of settings, which the caller's department approves thereby (governor); returns its id.

        Each item names the version that it builds on (0: new). The first change of a channel founds it and names its
        departments. It takes effect at the begin of a day in Beijing, or once it is enacted.
        """
        ledger, caller = CityLedger(ctx), _governor(ctx)
        days = ledger.find(Parameter, CITY, "change-days")
        lasts = timedelta(days=DEFAULT_DAYS if days is None else int(str(days.value)))
        now = ctx.stub.timestamp
        change = Change(
            id=ctx.stub.transaction_id,
            items=tuple(items),
            reason=reason,
            effective=effective,
            proposed_by=caller.department,
            proposed=format_timestamp(now),
            lapses=int((now + lasts).timestamp()),
        )
        ledger.voters(change).require(caller.department)
        Draft(change, ledger.setting, ledger.settings)
        ledger.put(change)
        ledger.act(change, "propose", caller)
        ledger.act(change, "approve", caller)
        _emit(ctx, change, "propose")
        return change.id

    @transaction
    def approve(self, ctx: Context, change: Digest) -> None:
        """Approve a change for the caller's department (governor), once."""
        ledger, caller = CityLedger(ctx), _governor(ctx)
        found = _open_change(ledger, change)
        department = caller.department
        ledger.voters(found).require(department)
        if ledger.get(Act, change, "approve", department) is not None:
            raise ContractError(
                f"{department} has approved change {change} already",
                code="city.approved-already",
                facts={"department": department, "change": change},
                zh=f"{department} 已同意变更 {change}",
            )
        ledger.act(found, "approve", caller)
        _emit(ctx, found, "approve")

    @transaction
    def withdraw(self, ctx: Context, change: Digest) -> None:
        """Withdraw a change that the caller's department has proposed (governor)."""
        ledger, caller = CityLedger(ctx), _governor(ctx)
        found = _open_change(ledger, change)
        if caller.department != found.proposed_by:
            raise ContractError(
                f"change {change} is of {found.proposed_by}: only that department withdraws it",
                code="city.not-proposer",
                facts={"change": change, "proposed_by": found.proposed_by},
                zh=f"变更 {change} 由 {found.proposed_by} 提出，只能由其撤回",
            )
        after = found.model_copy(update={"state": WITHDRAWN})
        ledger.put(after)
        ledger.act(after, "withdraw", caller)
        _emit(ctx, after, "withdraw")

    @transaction
    def enact(self, ctx: Context, change: Digest) -> None:
        """Make a change that a majority has approved the newest version of its settings (anybody).

        Peers of departments that could approve it and have not refuse to endorse this.
        """
        ledger, caller = CityLedger(ctx), read_actor(ctx.client)
        found = _open_change(ledger, change)
        founding = not ledger.active()
        decided = ledger.voters(found)
        decided.require_majority()
        require_approver(ctx.stub.msp_id, decided, founding=founding)
        now = 0 if founding else ledger.clock.begun
        since = _since(found, now)
        draft = Draft(found, ledger.setting, ledger.settings)
        draft.require_settled(now)
        after = found.model_copy(update={"state": IN_FORCE})
        for setting in draft.settings(since, now):
            ledger.put(setting)
            ledger.put(PastVersion(place=setting.place, version=setting.newest))
        for table in draft.tables:
            ledger.put(table)
        ledger.put(after)
        ledger.act(after, "enact", caller)
        _emit(ctx, after, "enact")

    @transaction
    def tick(self, ctx: Context, slot: Count, after: Count | None = None) -> None:
        """Write a slot of the clock, by its start in Unix seconds: once each, by any client of a department.

        `after` is the newest slot so far, None before the first. Each endorser compares the slot with the clock of its
        own machine.
        """
        ledger, caller = CityLedger(ctx), read_actor(ctx.client).department
        require_writable(slot, ledger.length, ctx.stub.endorser_time.timestamp())
        ledger.require_newest(after, slot)
        missed = () if after is None else missed_slots(after, slot, ledger.length)
        for each in (*missed, slot):
            ctx.stub.put_state(ledger.slot_key(each), to_json({"by": caller}))

    @query
    def clock(self, ctx: Context) -> Clock:
        """Return the channel's clock as a transaction of now reads it; refuses `clock-stalled` and `clock-past`."""
        return CityLedger(ctx).clock

    @query
    def slots(self, ctx: Context) -> SlotView:
        """Return the newest slot of the clock, whatever the time."""
        ledger = CityLedger(ctx)
        newest = ledger.newest()
        by = "" if newest is None else ledger.ticker(newest)
        return SlotView(newest=newest, ticked_by=by, length=ledger.length)

    @query
    def change(self, ctx: Context, change: Digest) -> ChangeView:
        """Return a change as it stands, with who decides and who has approved."""
        ledger = CityLedger(ctx)
        return _view(ledger, _need_change(ledger, change))

    @query
    def acts(self, ctx: Context, change: Digest) -> list[Act]:
        """Return who proposed, approved, withdrew or enacted a change: department, staff number and key."""
        return list(CityLedger(ctx).scan(Act, change))

    @query
    def signed_with(self, ctx: Context, key: str, since: Timestamp) -> list[Act]:
        """Return what was done about changes with a certificate's key since a time, as when it was compromised then."""
        return CityLedger(ctx).signed_with(key, since)

    @query
    def changes(self, ctx: Context) -> list[ChangeView]:
        """Return the changes that wait for approvals or to be enacted."""
        ledger = CityLedger(ctx)
        views = [_view(ledger, one) for one in ledger.scan(Change) if one.state == PROPOSED]
        return [one for one in views if one.state in (PROPOSED, APPROVED)]

    @query
    def answers(self, ctx: Context, questions: Questions) -> list[Any]:
        """Return what several queries answer, in one call: each is a name and its arguments.

        Of `clock`, `parameter`, `role`, `department`, `certifier`, `calendar` and `code_list`. null: that query refuses, or has none.
        """
        ledger = CityLedger(ctx)
        ledger.prefetch(map(_place, questions))
        return [_answer(ledger, *each) for each in questions]

    @query
    def parameter(self, ctx: Context, contract: str, name: str) -> Parameter:
        """Return a parameter in force, with its unit and the mark of its fact."""
        return CityLedger(ctx).parameter(contract, name)

    @query
    def parameters(self, ctx: Context, contract: str) -> list[Parameter]:
        """Return the parameters in force of a contract."""
        return CityLedger(ctx).find_all(Parameter, contract)

    @query
    def department(self, ctx: Context, msp_id: MspId) -> Department | None:
        """Return a department, also one that is merged or has left."""
        return CityLedger(ctx).department(msp_id)

    @query
    def departments(self, ctx: Context) -> list[Department]:
        """Return all departments of the channel."""
        return [one.department() for one in CityLedger(ctx).find_all(Member)]

    @query
    def role(self, ctx: Context, contract: str, name: str) -> list[str]:
        """Return the MSP ids of the departments that have a role in a contract."""
        return CityLedger(ctx).role(contract, name)

    @query
    def roles(self, ctx: Context, contract: str) -> list[Role]:
        """Return the roles of a contract."""
        return CityLedger(ctx).find_all(Role, contract)

    @query
    def certifier(self, ctx: Context, uscc: str) -> str | None:
        """Return the MSP id of the department whose CA certifies an organisation without a peer."""
        return CityLedger(ctx).certifier(uscc)

    @query
    def calendar(self, ctx: Context, year: int) -> YearCalendar:
        """Return a year's working days."""
        return CityLedger(ctx).working_days(year)

    @query
    def code_list(self, ctx: Context, name: str, on: date) -> CodeList:
        """Return the version of a code list that is in force on a day."""
        return CityLedger(ctx).code_list(name, on)

    @query
    def setting(self, ctx: Context, place: list[str]) -> Setting:
        """Return a setting with its newest version, which a change of it builds on."""
        found = CityLedger(ctx).setting(tuple(place))
        if found is None:
            raise _unknown("setting", "/".join(place))
        return found

    @query
    def history(self, ctx: Context, place: list[str]) -> list[Version]:
        """Return all versions of a setting, oldest first."""
        key: Key = tuple(place)
        found = CityLedger(ctx).scan(PastVersion, *key)
        return [one.version for one in found if one.place == key]


def _place(question: list[str]) -> Key:
    """Return the setting that a query reads first."""
    if question == ["clock"]:
        return LENGTH_PLACE
    if question[0] == "code_list":
        return CodeVersions(name=question[1]).key()
    return tuple(question)


def _answer(ledger: CityLedger, name: str, *arguments: str) -> Any:
    """Return what one query answers, None if it refuses."""
    queries: dict[str, Callable[..., Any]] = {
        "clock": lambda: ledger.clock,
        "parameter": ledger.parameter,
        "role": ledger.role,
        "department": ledger.department,
        "certifier": ledger.certifier,
        "calendar": lambda year: ledger.working_days(int(year)),
        "code_list": lambda name, on: ledger.code_list(name, date.fromisoformat(on)),
    }
    try:
        return queries[name](*arguments)
    except ContractError:
        return None


def _governor(ctx: Context) -> Actor:
    """Return who acts; refuses those who do not speak for their department."""
    caller = read_actor(ctx.client)
    if not ctx.client.has_attribute("role", GOVERNOR):
        raise ContractError(
            f"only a user with the attribute role={GOVERNOR} speaks for {caller.department} here",
            code="city.not-governor",
            facts={"department": caller.department},
            zh=f"只有具备 role={GOVERNOR} 属性的用户可以代表 {caller.department}",
        )
    return caller


def _need_change(ledger: CityLedger, change: str) -> Change:
    found = ledger.get(Change, change)
    if found is None:
        raise _unknown("change", change)
    return found


def _open_change(ledger: CityLedger, change: str) -> Change:
    """Return a change that waits; refuses one that is in force, withdrawn or lapsed."""
    found = _need_change(ledger, change)
    state = LAPSED if found.state == PROPOSED and _lapsed(ledger, found) else found.state
    if state != PROPOSED:
        raise ContractError(
            f"change {change} is {state}",
            code="city.change-closed",
            facts={"change": change, "state": state},
            zh=f"变更 {change} 的状态为 {state}",
        )
    return found


def _lapsed(ledger: CityLedger, change: Change) -> bool:
    return ledger.proposal > change.lapses


def _since(change: Change, now: int) -> int:
    """Return when a change takes effect that is enacted now; refuses an effective day that has begun."""
    if change.effective is None:
        return now
    begins = unix_seconds(start_of_day(parse_date(change.effective)))
    if begins <= now:
        raise ContractError(
            f"the change was to take effect on {change.effective}, which has begun: propose it for a later day",
            code="city.effective-day-past",
            facts={"effective": change.effective},
            zh=f"变更生效日 {change.effective} 已过：请另行提出",
        )
    return begins


def _view(ledger: CityLedger, change: Change) -> ChangeView:
    decided = ledger.voters(change)
    state: str = change.state
    if state == PROPOSED:
        state = _waiting_state(ledger, change, decided)
    return ChangeView(change=change, state=state, voters=decided, needed=decided.needed)


def _waiting_state(ledger: CityLedger, change: Change, decided: Voters) -> str:
    if _lapsed(ledger, change):
        return LAPSED
    for item in change.items:
        setting = ledger.setting(item.content.key())
        if item.builds_on != (0 if setting is None else setting.newest.number):
            return SUPERSEDED
    return APPROVED if decided.is_majority else PROPOSED


def _emit(ctx: Context, change: Change, step: str) -> None:
    facts = {"kind": change.KIND, "id": change.id, "step": step, "state": change.state}
    ctx.stub.set_event(f"change.{step}", to_json(facts))


def _unknown(kind: str, name: str) -> ContractError:
    return ContractError(
        f"there is no {kind} {name}",
        code="city.unknown",
        facts={"kind": kind, "id": name},
        zh=f"不存在 {kind} {name}",
    )
