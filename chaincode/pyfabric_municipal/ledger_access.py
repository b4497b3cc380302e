"""A contract's access to the ledger in one transaction: its caller, its time, and its records."""

from collections.abc import Iterator, Sequence
from datetime import date
from functools import cached_property
from typing import Annotated, ClassVar, NamedTuple, Protocol, Self, TypeVar

from pydantic import Field

from pyfabric.chaincode import Context, ContractError
from pyfabric_municipal.common.governance import Department, Governance, city_of
from pyfabric_municipal.common.values import canonical_json
from pyfabric_municipal.common.values.timestamps import beijing_day, format_timestamp
from pyfabric_municipal.common.values.workdays import due_after
from pyfabric_municipal.lifecycle import Actor, Lifecycle
from pyfabric_municipal.records import Record, Step, Tracked


class Stored(Protocol):
    """A type of records by its kind, of this package's frame or of an earlier one."""

    KIND: ClassVar[str]

    @classmethod
    def model_validate_json(cls, value: bytes) -> Self:
        """Return the record of its JSON."""


M = TypeVar("M", bound=Stored)
R = TypeVar("R", bound=Tracked)
F = TypeVar("F")

MAX_BATCH = 20
MAX_PAGE = 200
PageSize = Annotated[int, Field(ge=1, le=MAX_PAGE)]
_MARK = b"1"


class Deadlines(NamedTuple):
    """Time limits in working days: of the manager, and of the provider if the data is on the platform or not."""

    manager: int
    provider_on_platform: int
    provider_off_platform: int


class Settings(NamedTuple):
    """Who manages the directory, and the time limits of requests."""

    manager: str
    deadlines: Deadlines


class LedgerAccess:
    """Reads and writes of one transaction. As always in Fabric, reads do not see its own writes."""

    def __init__(self, ctx: Context) -> None:
        self._stub = ctx.stub
        self._ctx = ctx
        self.caller = ctx.client.msp_id
        self.now = format_timestamp(ctx.stub.timestamp)

    @property
    def transaction_id(self) -> str:
        """The transaction's id, which is unique and so becomes the id of what the transaction creates."""
        return self._stub.transaction_id

    @cached_property
    def today(self) -> date:
        """The date in Beijing at the transaction's time."""
        return beijing_day(self.now)

    @cached_property
    def settings(self) -> Settings:
        """The manager and the limits that the channel's departments have agreed on in `city`."""
        managers = self.governance.role("directory", "manager")
        names = ("manager-days", "provider-days-on-platform", "provider-days-off-platform")
        days = (int(str(self.governance.parameter("sharing", name))) for name in names)
        return Settings("".join(managers[:1]), Deadlines(*days))

    @cached_property
    def governance(self) -> Governance:
        """What the channel's departments have agreed on."""
        return city_of(self._ctx)

    def department(self, msp_id: str) -> Department:
        """Return a department of the city's register; raises ContractError for another one."""
        found = self.governance.department(msp_id)
        if found is None:
            raise ContractError(f"there is no department {msp_id}")
        return found

    @cached_property
    def actor(self) -> Actor:
        """The caller; raises ContractError if it is not a department of the city's register."""
        self.department(self.caller)
        return Actor(self.caller, self.now, self.settings.manager)

    def get(self, model: type[M], *key: str) -> M | None:
        """Return the committed record, or None if it does not exist."""
        value = self._stub.get_state(self._stub.create_composite_key(model.KIND, key))
        return None if value is None else model.model_validate_json(value)

    def need(self, model: type[M], *key: str) -> M:
        """Return the committed record; raises ContractError if it does not exist."""
        record = self.get(model, *key)
        if record is None:
            raise ContractError(f"there is no {model.KIND} {'/'.join(key)}")
        return record

    def put(self, record: Record) -> None:
        """Write a record, replacing the current one."""
        key = self._stub.create_composite_key(record.KIND, record.key())
        self._stub.put_state(key, record.canonical())

    def create(self, record: Record) -> None:
        """Write a new record; raises ContractError if its key exists."""
        if self.get(type(record), *record.key()) is not None:
            raise ContractError(f"{record.KIND} {'/'.join(record.key())} exists already")
        self.put(record)

    def scan(self, model: type[M], *prefix: str) -> Iterator[M]:
        """Yield all records whose key begins with `prefix`, in key order."""
        for item in self._stub.get_state_by_partial_composite_key(model.KIND, prefix):
            yield model.model_validate_json(item.value)

    def page(self, model: type[M], size: int, bookmark: str) -> tuple[list[M], str]:
        """Return one page of all records of a kind, and the bookmark of the next ("" after the last)."""
        page = self._stub.get_state_by_partial_composite_key_with_pagination(
            model.KIND, (), size, bookmark
        )
        return [model.model_validate_json(item.value) for item in page.items], page.bookmark

    def reindex(self, before: set[tuple[str, ...]], after: set[tuple[str, ...]]) -> None:
        """Delete the index entries that are only in `before`, and add those that are only in `after`.

        An entry is the index's name and its parts, all of them in the key: there is no list that two
        transactions could rewrite at the same time.
        """
        for index, *parts in sorted(before - after):
            self._stub.delete_state(self._stub.create_composite_key(index, parts))
        for index, *parts in sorted(after - before):
            self._stub.put_state(self._stub.create_composite_key(index, parts), _MARK)

    def marked(self, index: str, *prefix: str) -> Iterator[list[str]]:
        """Yield the parts of all entries of an index that begin with `prefix`."""
        for item in self._stub.get_state_by_partial_composite_key(index, prefix):
            yield self._stub.split_composite_key(item.key)[1]

    def advance(
        self, table: Lifecycle[R, F], record: R, action: str, facts: F, reason: str = ""
    ) -> R:
        """Apply a step of a life cycle and write its history entry; returns the record after the step.

        The record itself is not written, since calling functions add to it.
        """
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
        """Return the end of the `days`-th working day from now, by the calendar on the ledger."""
        return due_after(self.now, days, self.governance.calendar)

    def emit(self, name: str, **facts: str | int | list[str]) -> None:
        """Set the transaction's event; its payload is canonical JSON."""
        self._stub.set_event(name, canonical_json({"at": self.now, "by": self.caller, **facts}))


def require_batch(what: str, keys: Sequence[str]) -> None:
    """Refuse a batch that is empty, too long, or names a key twice.

    A key named twice would be read twice in its old state, and only the second write would remain.
    """
    if not 1 <= len(keys) <= MAX_BATCH:
        raise ContractError(f"{len(keys)} {what} in one transaction: use 1 to {MAX_BATCH}")
    seen: set[str] = set()
    for key in keys:
        if key in seen:
            raise ContractError(f"{what}: {key} is named twice")
        seen.add(key)
