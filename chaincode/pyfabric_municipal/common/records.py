"""Records of a city's contracts: what their types declare, and what every record carries."""

from collections.abc import Callable, Mapping
from typing import Any, ClassVar, Literal, NamedTuple, Self

from pydantic import Field, TypeAdapter, ValidationError

from pyfabric.chaincode import ContractError
from pyfabric_municipal.common.indexes import (
    DUE_INDEX,
    FOREVER,
    STATE_INDEX,
    Claim,
    Index,
    Parts,
    at_path,
)
from pyfabric_municipal.common.invariants import Invariant, SetInvariant
from pyfabric_municipal.common.refusals import EXISTS, INVALID, NEWER
from pyfabric_municipal.common.values import (
    Count,
    Model,
    MspId,
    Positive,
    Text,
    Timestamp,
    parse_json,
)
from pyfabric_municipal.common.waiting import Waiting, changes_by_time

NEW = "new"
"""The state of a record that the transaction creates."""

WRITTEN = "written"
"""The state of a fact, which has no life cycle."""

_ALWAYS = "0"

Migration = Callable[[dict[str, Any]], dict[str, Any]]


class Actor(Model):
    """Who took a step: the department, its member's staff number, and the id of the certificate's key.

    `party` is for whom: the organisation without a peer, or the holder of a key; else the department.
    """

    department: MspId
    staff: str
    key: str
    party: str


class Taken(Model):
    """Who took a step that a later step's role excludes."""

    step: str
    department: MspId
    staff: str


class IndexEntry(NamedTuple):
    """An entry of an index, and from when to when it counts."""

    name: str
    parts: Parts


class Lock(NamedTuple):
    """The record that another one is about: `field` is the path of its id, `states` those in which steps are possible.

    Each step of the other record changes it too, so that the ledger has all that is done about it in one order.
    """

    field: str
    record: "type[Record]"
    states: tuple[str, ...]


class Record(Model):
    """A value on the ledger by its kind and id, with the version of its type's fields.

    `ID_TYPE` is the type of its id, which has one spelling and no personal data; `HELD_BY` the path of whose record it is, for those who
    come too late for the id.
    `SCHEMA` is the version that this code writes; `MIGRATIONS[n]` makes the JSON of version n + 1 of n. `meets`
    is the version whose invariants the record meets. `COLLECTION` keeps the whole record private; `VIEWS`
    names what other channels may be shown. `STATES` has the Chinese names of its states. `LOCK` names the record that it is about.
    """

    KIND: ClassVar[str]
    ID_TYPE: ClassVar[Any] = Text
    HELD_BY: ClassVar[str] = "updated_by"
    STATES: ClassVar[Mapping[str, str]] = {}
    SCHEMA: ClassVar[int] = 1
    MIGRATIONS: ClassVar[Mapping[int, Migration]] = {}
    ID: ClassVar[Literal["argument", "transaction"]] = "argument"
    INDEXES: ClassVar[tuple[Index, ...]] = ()
    CLAIMS: ClassVar[tuple[Claim, ...]] = ()
    INVARIANTS: ClassVar[tuple[Invariant | SetInvariant, ...]] = ()
    COLLECTION: ClassVar[str] = ""
    VIEWS: ClassVar[Mapping[str, tuple[str, ...]]] = {}
    LOCK: ClassVar[Lock | None] = None

    id: str = Field(min_length=1, max_length=200)
    state: str
    revision: Count
    schema_version: Positive
    meets: Positive
    updated: Timestamp
    updated_by: MspId

    _ids: ClassVar[TypeAdapter[str]]

    @classmethod
    def __pydantic_init_subclass__(cls, **kwargs: Any) -> None:
        """Prepare the check of ids, which takes too long for a transaction."""
        super().__pydantic_init_subclass__(**kwargs)
        cls._ids = TypeAdapter(cls.ID_TYPE)

    @classmethod
    def load(cls, record_id: str, value: bytes) -> Self:
        """Return the record of its bytes, brought to this version; refuses those of a later one."""
        found = cls.written(value)
        version = found["schema_version"]
        if version > cls.SCHEMA:
            raise NEWER.refusal({"kind": cls.KIND, "id": record_id, "version": version})
        for each in range(version, cls.SCHEMA):
            found = cls.MIGRATIONS[each](found) | {"schema_version": each + 1}
        return cls.model_validate(found)

    @classmethod
    def id_of(cls, text: str) -> str:
        """Return the one spelling of an id; refuses any other text."""
        try:
            return cls._ids.validate_python(text)
        except ValidationError as error:
            raise _invalid(cls.KIND, text, error) from error

    def occupied(self) -> ContractError:
        """Return the refusal of another record with the same id; it says whose this one is."""
        holder = str(at_path(self, self.HELD_BY))
        return EXISTS.refusal({"kind": self.KIND, "id": self.id, "holder": holder})

    @staticmethod
    def written(value: bytes) -> dict[str, Any]:
        """Return the JSON of a record as it was written."""
        found: dict[str, Any] = parse_json(value)
        return found

    @classmethod
    def make(cls, fields: Mapping[str, Any]) -> Self:
        """Return a record of these fields, all of them checked again; refuses what is not valid."""
        try:
            return cls.model_validate(dict(fields))
        except ValidationError as error:
            raise _invalid(cls.KIND, fields["id"], error) from error

    def changed(self, **changes: Any) -> Self:
        """Return the record with other fields, all of them checked again."""
        return self.make(self.model_dump() | changes)

    def index_entries(self) -> set[IndexEntry]:
        """Return where the record is found."""
        return {
            IndexEntry(index.name, parts) for index in self.INDEXES for parts in index.entries(self)
        }


def _invalid(kind: str, record_id: str, error: ValidationError) -> ContractError:
    first = error.errors(include_url=False, include_input=False)[0]
    place = ".".join(map(str, first["loc"])) or "value"
    known = {"kind": kind, "id": record_id, "place": place, "problem": first["msg"]}
    return INVALID.refusal(known)


class Tracked(Record):
    """A record with a life cycle: its waits, and who took the steps that later ones exclude."""

    waiting: tuple[Waiting, ...] = ()
    taken: tuple[Taken, ...] = ()

    def index_entries(self) -> set[IndexEntry]:
        """Return where the record is found: by its state, and what the day makes of that; by who must act."""
        changes = changes_by_time(self.waiting)
        begun = [(self.state, _ALWAYS), *((one.becomes, one.due) for one in changes)]
        ends = [*(one.due for one in changes), FOREVER]
        states = {(*one, until) for one, until in zip(begun, ends, strict=True)}
        asked = {
            (party.name, due)
            for wait in self.waiting
            for party in wait.parties
            if (due := party.due or party.latest) is not None
        }
        return (
            super().index_entries()
            | {IndexEntry(STATE_INDEX, parts) for parts in states}
            | {IndexEntry(DUE_INDEX, parts) for parts in asked}
        )

    def counted_at(self, is_due: Callable[[str], bool]) -> Self:
        """Return the record as others count it: with the state that the day has made of it."""
        due = [one for one in changes_by_time(self.waiting) if is_due(one.due)]
        if not due:
            return self
        becomes = due[-1].becomes
        waiting = tuple(one for one in self.waiting if becomes in one.states)
        return self.model_copy(update={"state": becomes, "waiting": waiting})


class Fact(Record):
    """A record without a life cycle: written once, corrected by a further one that names it.

    `EDGES` name fields that hold ids of other records, by their kinds; both ends find each other.
    """

    EDGES: ClassVar[Mapping[str, str]] = {}

    by: Actor
    corrects: str | None = None
    correction: str = ""

    def edges(self) -> set[Parts]:
        """Return the other records that this fact names: kind, id and the field that names them."""
        found: set[Parts] = {(self.KIND, self.corrects, "corrects")} if self.corrects else set()
        for name, kind in self.EDGES.items():
            value = getattr(self, name)
            named = value if isinstance(value, tuple) else (value,)
            found |= {(kind, str(one), name) for one in named if one is not None}
        return found


class HistoryEntry(Model):
    """One step of a record. Entries are written once and never deleted."""

    kind: str
    id: str
    number: Positive
    step: str
    state: str
    by: Actor
    at: Timestamp
    reason: str
    transaction_id: str
