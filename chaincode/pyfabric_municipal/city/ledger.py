"""The settings, changes and slots of a channel, as one transaction of the contract `city` reads and writes them."""

from collections.abc import Iterable, Iterator
from datetime import date
from functools import cached_property
from typing import Final, TypeVar

from pyfabric.chaincode import Context, ContractError, from_json
from pyfabric_municipal.city.changes import Act, ActStep, Change, Voters, founders, voters
from pyfabric_municipal.city.clock import DEFAULT_LENGTH, OLDEST, newest_slot, read_clock, slot_of
from pyfabric_municipal.city.settings import (
    ACTIVE,
    CITY,
    Calendar,
    Certifier,
    CodeTable,
    CodeVersions,
    Kept,
    Key,
    Member,
    Parameter,
    Record,
    Role,
    Setting,
)
from pyfabric_municipal.common.governance import (
    Clock,
    CodeList,
    Department,
    no_calendar,
    no_code_list,
    no_parameter,
)
from pyfabric_municipal.common.records import Actor
from pyfabric_municipal.common.session import SIGNED
from pyfabric_municipal.common.values.timestamps import format_timestamp
from pyfabric_municipal.common.values.workdays import YearCalendar

R = TypeVar("R", bound=Record)
K = TypeVar("K", bound=Kept)

SLOT: Final = "slot"
_DIGITS: Final = 12
LENGTH_PLACE: Final[Key] = ("parameter", CITY, "slot-seconds")
"""The setting on which the clock depends."""


class CityLedger:
    """What one transaction reads and writes; reads do not see its own writes."""

    def __init__(self, ctx: Context) -> None:
        self.stub = ctx.stub
        self.proposal = int(ctx.stub.timestamp.timestamp())
        self._known: dict[Key, Setting | None] = {}

    def prefetch(self, places: Iterable[Key]) -> None:
        """Read these settings in few requests."""
        wanted = [*dict.fromkeys(places)]
        keys = [self.stub.create_composite_key(Setting.KIND, each) for each in wanted]
        for place, value in zip(wanted, self.stub.get_multiple_states(keys), strict=True):
            self._known[place] = None if value is None else from_json(Setting, value)

    def get(self, model: type[R], *key: str) -> R | None:
        """Return a committed record, None if there is none."""
        value = self.stub.get_state(self.stub.create_composite_key(model.KIND, key))
        return None if value is None else from_json(model, value)

    def scan(self, model: type[R], *prefix: str) -> Iterator[R]:
        """Yield the records whose key begins with `prefix`; the range is checked at commit."""
        for item in self.stub.get_state_by_partial_composite_key(model.KIND, prefix):
            yield from_json(model, item.value)

    def put(self, record: Record) -> None:
        """Write a record."""
        key = self.stub.create_composite_key(record.KIND, record.key())
        self.stub.put_state(key, record.canonical())

    @cached_property
    def length(self) -> int:
        """The length of slots in seconds; by the proposal's time, since the clock itself depends on it."""
        setting = self.setting(LENGTH_PLACE)
        found = None if setting is None else setting.at(self.proposal)
        if found is None or not isinstance(found.content, Parameter):
            return DEFAULT_LENGTH
        return int(str(found.content.value))

    @cached_property
    def clock(self) -> Clock:
        """The channel's clock; refuses where it stands still or is ahead."""
        return read_clock(self.proposal, self.length, self.is_written, self.newest)

    def is_written(self, start: int) -> bool:
        """Return whether a slot has been written."""
        return self.stub.get_state(self.slot_key(start)) is not None

    def require_newest(self, after: int | None, start: int) -> None:
        """Refuse a tick of a slot that is written, or after which or before which there is another one.

        The range between them is checked again at commit; ticks of now write nothing in it.
        """
        bounds = (0 if after is None else after + 1), start
        with self.stub.get_state_range(*map(self.slot_key, bounds)) as found:
            between = next(found, None)
        free = between is None and not self.is_written(start)
        if free and (after is None or self.is_written(after)):
            return
        raise ContractError(
            f"slot {start} is written already, or {after} is not the newest one before it",
            code="city.slot-written",
            facts={"slot": start, "after": after},
            zh=f"时隙 {start} 已写入，或 {after} 不是其前最新的时隙",
        )

    def ticker(self, start: int) -> str:
        """Return the MSP id of the department that wrote a slot."""
        value = self.stub.get_state(self.slot_key(start))
        return "" if value is None else from_json(dict[str, str], value)["by"]

    def newest(self) -> int | None:
        """Return the newest slot; in pages, which no transaction that writes may read."""
        near = slot_of(self.proposal, self.length) - OLDEST * self.length
        return newest_slot(self._first_slot, max(near, 0), self.length)

    def slot_key(self, start: int) -> str:
        """Return the key of a slot; plain, so that ranges of slots can be read in pages."""
        return f"{SLOT}/{start:0{_DIGITS}}"

    def _first_slot(self, start: int) -> int | None:
        page = self.stub.get_state_range_with_pagination(self.slot_key(start), f"{SLOT}0", 1)
        return int(page.items[0].key.partition("/")[2]) if page.items else None

    def in_force(self, setting: Setting) -> Kept | None:
        """Return a setting's content in force; reads the clock only where that decides."""
        moment = self.clock.begun if setting.needs_clock(self.proposal) else self.proposal
        found = setting.at(moment)
        return None if found is None else found.content

    def find(self, kind: type[K], *place: str) -> K | None:
        """Return the content in force of a setting, None if it has none."""
        setting = self.setting((kind.model_fields["kind"].default, *place))
        found = None if setting is None else self.in_force(setting)
        return found if isinstance(found, kind) else None

    def find_all(self, kind: type[K], *prefix: str) -> list[K]:
        """Return the contents in force of all settings of a kind."""
        found = [
            self.in_force(one) for one in self.settings(kind.model_fields["kind"].default, *prefix)
        ]
        return [one for one in found if isinstance(one, kind)]

    def setting(self, place: Key) -> Setting | None:
        """Return a setting, None if there is none."""
        return self._known[place] if place in self._known else self.get(Setting, *place)

    def settings(self, *prefix: str) -> Iterator[Setting]:
        """Yield the settings whose place begins so."""
        return self.scan(Setting, *prefix)

    def active(self) -> set[str]:
        """Return the MSP ids of the active departments; none before the founding."""
        return {one.msp_id for one in self.find_all(Member) if one.state == ACTIVE}

    def parameter(self, contract: str, name: str) -> Parameter:
        """Return a parameter in force; refuses one that is not set."""
        found = self.find(Parameter, contract, name)
        if found is None:
            raise no_parameter(contract, name)
        return found

    def role(self, contract: str, name: str) -> list[str]:
        """Return the MSP ids of the departments that have a role in a contract."""
        found = self.find(Role, contract, name)
        return [] if found is None else list(found.departments)

    def department(self, msp_id: str) -> Department | None:
        """Return a department, None for an unknown one."""
        found = self.find(Member, msp_id)
        return None if found is None else found.department()

    def certifier(self, uscc: str) -> str | None:
        """Return the MSP id of the department whose CA certifies an organisation, None if none does."""
        found = self.find(Certifier, uscc)
        return None if found is None else found.msp_id or None

    def working_days(self, year: int) -> YearCalendar:
        """Return a year's calendar; refuses a year without one."""
        found = self.find(Calendar, f"{year:04}")
        if found is None:
            raise no_calendar(year)
        return found.calendar

    def act(self, change: Change, step: ActStep, by: Actor) -> None:
        """Write who does what about a change, so that it is found by the key of the certificate, too."""
        at = format_timestamp(self.stub.timestamp)
        transaction = self.stub.transaction_id
        self.put(Act(change=change.id, step=step, by=by, at=at, transaction_id=transaction))
        signed = self.stub.create_composite_key(SIGNED, (by.key, at, change.id, step))
        self.stub.put_state(signed, b"1")

    def signed_with(self, key: str, since: str) -> list[Act]:
        """Return what was done with a certificate's key from a time on, in that order."""
        found = self.stub.get_state_by_partial_composite_key(SIGNED, (key,), after=(since,))
        places = [self.stub.split_composite_key(item.key)[1][2:] for item in found]
        acts = (one for change, step in places for one in self.scan(Act, change, step))
        return [one for one in acts if one.by.key == key]

    def voters(self, change: Change) -> Voters:
        """Return who decides on a change, and who of them has approved it."""
        approvals = [one.by.department for one in self.scan(Act, change.id, "approve")]
        active = self.active()
        if not active:
            return voters(founders(change), approvals)
        if change.subject is not None:
            roles = self.find_all(Role, change.subject)
            active = {each for role in roles for each in role.departments} & active or active
        return voters(active, approvals)

    def code_list(self, name: str, on: date) -> CodeList:
        """Return the version of a code list in force on a day; refuses a gap."""
        listed = self.find(CodeVersions, name)
        span = None if listed is None else listed.on(on)
        table = None if span is None else self.get(CodeTable, name, f"{span.number:06}")
        if span is None or table is None:
            raise no_code_list(name, on)
        return table.code_list(span)
