"""One transaction's view of the ledger: who calls, when, and the records it reads and writes."""

from collections.abc import Iterator, Sequence
from datetime import date
from functools import cached_property
from typing import Annotated, TypeVar

import rfc8785
from pydantic import Field

from pyfabric.chaincode import Context, ContractError
from pyfabric_municipal.departments import Department, Settings
from pyfabric_municipal.lifecycle import Actor, Lifecycle
from pyfabric_municipal.records import Record, Step, Tracked
from pyfabric_municipal.timestamps import beijing_day, format_timestamp
from pyfabric_municipal.workdays import YearCalendar, due_after

M = TypeVar("M", bound=Record)
R = TypeVar("R", bound=Tracked)
F = TypeVar("F")

MAX_BATCH = 20
MAX_PAGE = 200
PageSize = Annotated[int, Field(ge=1, le=MAX_PAGE)]
_MARK = b"1"


class Session:
    """Reads and writes of one transaction. A write is not seen by a later read (Fabric)."""

    def __init__(self, ctx: Context) -> None:
        self._stub = ctx.stub
        self.caller = ctx.client.msp_id
        self.now = format_timestamp(ctx.stub.timestamp)

    @property
    def transaction_id(self) -> str:
        """The transaction's id: unique, so it names what the transaction creates."""
        return self._stub.transaction_id

    @cached_property
    def today(self) -> date:
        """The day in Beijing."""
        return beijing_day(self.now)

    @cached_property
    def settings(self) -> Settings:
        """The directory's settings; ContractError before it is founded."""
        settings = self.get(Settings)
        if settings is None:
            raise ContractError("the directory is not founded yet: Directory:found, then confirm")
        return settings

    @cached_property
    def actor(self) -> Actor:
        """The caller, who must be a department of the directory."""
        self.need(Department, self.caller)
        return Actor(self.caller, self.now, self.settings.manager)

    def require_manager(self) -> None:
        """Refuse anyone but the directory's manager."""
        if self.caller != self.settings.manager:
            raise ContractError(
                f"only the manager ({self.settings.manager}) may do this, "
                f"the caller is of {self.caller}"
            )

    def get(self, model: type[M], *key: str) -> M | None:
        """The committed record, None if there is none."""
        value = self._stub.get_state(self._stub.create_composite_key(model.KIND, key))
        return None if value is None else model.model_validate_json(value)

    def need(self, model: type[M], *key: str) -> M:
        """The committed record; ContractError if there is none."""
        record = self.get(model, *key)
        if record is None:
            raise ContractError(f"there is no {model.KIND} {'/'.join(key)}")
        return record

    def put(self, record: Record) -> None:
        """Write a record in place of what its key holds."""
        key = self._stub.create_composite_key(record.KIND, record.key())
        self._stub.put_state(key, record.canonical())

    def create(self, record: Record) -> None:
        """Write a record whose key must be free."""
        if self.get(type(record), *record.key()) is not None:
            raise ContractError(f"{record.KIND} {'/'.join(record.key())} exists already")
        self.put(record)

    def scan(self, model: type[M], *prefix: str) -> Iterator[M]:
        """All records whose key begins so, in key order."""
        for item in self._stub.get_state_by_partial_composite_key(model.KIND, prefix):
            yield model.model_validate_json(item.value)

    def page(self, model: type[M], size: int, bookmark: str) -> tuple[list[M], str]:
        """One page of all records of a kind, and where the next one starts ("" after the last)."""
        page = self._stub.get_state_by_partial_composite_key_with_pagination(
            model.KIND, (), size, bookmark
        )
        return [model.model_validate_json(item.value) for item in page.items], page.bookmark

    def reindex(self, before: set[tuple[str, ...]], after: set[tuple[str, ...]]) -> None:
        """Take index entries out that no longer hold, and add those that do now.

        An entry is the index's name and its parts: a key that says all, so that no list is ever
        rewritten by two transactions at once.
        """
        for index, *parts in sorted(before - after):
            self._stub.delete_state(self._stub.create_composite_key(index, parts))
        for index, *parts in sorted(after - before):
            self._stub.put_state(self._stub.create_composite_key(index, parts), _MARK)

    def marked(self, index: str, *prefix: str) -> Iterator[list[str]]:
        """The parts of all entries of an index that begin so."""
        for item in self._stub.get_state_by_partial_composite_key(index, prefix):
            yield self._stub.split_composite_key(item.key)[1]

    def advance(
        self, table: Lifecycle[R, F], record: R, action: str, facts: F, reason: str = ""
    ) -> R:
        """The record after a step of its life cycle, whose history entry is written; the record
        itself is not, since callers add to it."""
        after = table.apply(record, action, self.actor, facts, reason)
        self.log(after, action, reason)
        return after

    def log(self, record: Tracked, action: str, reason: str = "") -> None:
        """Write the history entry of a step."""
        self.put(
            Step(
                subject=record.KIND,
                subject_key=record.key(),
                number=record.steps,
                action=action,
                state=record.state,
                by=self.caller,
                at=self.now,
                reason=reason,
                transaction_id=self.transaction_id,
            )
        )

    def due(self, days: int) -> str:
        """The end of the `days`-th working day from now, by the calendar on the ledger."""
        return due_after(self.now, days, self._calendar)

    def _calendar(self, year: int) -> YearCalendar:
        calendar = self.get(YearCalendar, f"{year:04}")
        if calendar is None:
            raise ContractError(
                f"there is no calendar of {year}: the manager sets it (Directory:set_calendar)"
            )
        return calendar

    def emit(self, name: str, **facts: str | int | list[str]) -> None:
        """Set the transaction's event; its payload is canonical JSON."""
        self._stub.set_event(name, rfc8785.dumps({"at": self.now, "by": self.caller, **facts}))


def require_batch(what: str, keys: Sequence[str]) -> None:
    """Refuse an empty or too long batch, and one that names a thing twice.

    Twice in one transaction would read the same old state twice and keep the second write only.
    """
    if not 1 <= len(keys) <= MAX_BATCH:
        raise ContractError(f"a transaction takes 1 to {MAX_BATCH} of {what}, not {len(keys)}")
    seen: set[str] = set()
    for key in keys:
        if key in seen:
            raise ContractError(f"{what}: {key} is named twice")
        seen.add(key)
