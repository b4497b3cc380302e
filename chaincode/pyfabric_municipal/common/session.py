"""The ledger as one transaction sees it: reads see its own writes, and all is written once, at the end.

Nothing reaches the peer before every check has passed, so that a refused step can still be recorded.
"""

from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Final, NamedTuple, TypeVar

from pyfabric.chaincode import Stub
from pyfabric_municipal.common.claiming import Claims
from pyfabric_municipal.common.indexes import DUE_INDEX, Parts
from pyfabric_municipal.common.invariants import (
    Changed,
    Invariant,
    SetInvariant,
    TransactionInvariant,
)
from pyfabric_municipal.common.private import Vault
from pyfabric_municipal.common.records import Fact, HistoryEntry, Record
from pyfabric_municipal.common.refusals import TOO_MANY, UNKNOWN
from pyfabric_municipal.common.values.timestamps import format_timestamp

R = TypeVar("R", bound=Record)

MAX_RECORD: Final = 256 * 1024
MAX_ITEMS: Final = 1000
HISTORY: Final = "history"
EDGE: Final = "edge"
SIGNED: Final = "signed"
_MARK: Final = b"1"


class Place(NamedTuple):
    """Where a record is: its kind and its id."""

    kind: str
    id: str


class Session:
    """Reads and writes of one transaction of the contract with this name."""

    def __init__(self, stub: Stub, contract: str) -> None:
        self.stub = stub
        self.contract = contract
        self.now = format_timestamp(stub.timestamp)
        self.vault = Vault(stub)
        self._before: dict[Place, Record | None] = {}
        self._versions: dict[Place, int] = {}
        self._after: dict[Place, Record] = {}
        self._history: list[HistoryEntry] = []
        self._marks: set[str] = set()
        self._ranges: dict[tuple[str, Parts], Sequence[Parts]] = {}
        self._claims = Claims(stub)

    def get(self, model: type[R], record_id: str) -> R | None:
        """Return a record as this transaction leaves it so far, None if there is none."""
        place = Place(model.KIND, record_id)
        if place in self._after:
            return self._of(model, self._after[place])
        if place not in self._before:
            value = self.vault.read(model, record_id)
            self._before[place] = None if value is None else model.load(record_id, value)
            self._versions[place] = 0 if value is None else model.written(value)["schema_version"]
        found = self._before[place]
        return None if found is None else self._of(model, found)

    def need(self, model: type[R], record_id: str) -> R:
        """Return a record; refuses if there is none."""
        found = self.get(model, record_id)
        if found is None:
            raise UNKNOWN.refusal({"kind": model.KIND, "id": record_id})
        return found

    def put(self, record: Record) -> None:
        """Keep a record to write at the end; `get` returns it from now on."""
        self.get(type(record), record.id)
        self._after[Place(record.KIND, record.id)] = record

    def is_changed(self, model: type[Record], record_id: str) -> bool:
        """Return whether this transaction has changed a record."""
        return Place(model.KIND, record_id) in self._after

    def log(self, entry: HistoryEntry) -> None:
        """Add an entry to a record's history."""
        self._history.append(entry)

    def is_marked(self, kind: str, *parts: str) -> bool:
        """Return whether a mark, such as that of a used signature, has been set."""
        key = self.stub.create_composite_key(kind, parts)
        return key in self._marks or self.stub.get_state(key) is not None

    def mark(self, kind: str, *parts: str) -> None:
        """Set a mark that stays for ever."""
        self._marks.add(self.stub.create_composite_key(kind, parts))

    def find(self, model: type[R], index: str, *values: str) -> list[R]:
        """Return the records that an index names, ordered by id; the range is checked at commit."""
        ids = {parts[-1] for parts in self.entries(model, index, *values)}
        return [self.need(model, each) for each in sorted(ids)]

    def next_entries(
        self, model: type[Record], index: str, value: str, after: Sequence[str], most: int
    ) -> list[Parts]:
        """Return the next entries of a value behind `after`: what was passed is not read, of the rest one portion.

        A peer answers a range in portions of 100 keys; only those that it has read are checked at commit.
        """
        return self._next(f"{model.KIND}.{index}", value, after, most)

    def next_signed(self, key: str, since: str, after: Sequence[str], most: int) -> list[Parts]:
        """Return the next steps that a key has signed from a time on, as `next_entries`: key, time, kind, id, number."""
        return self._next(SIGNED, key, after or (since,), most)

    def entries(self, model: type[Record], index: str, *values: str) -> set[Parts]:
        """Return the entries of an index that begin with these values, this transaction's own among them."""
        found = set(self._committed(model, index, values))
        for place, after in self._after.items():
            if place.kind == model.KIND:
                found -= set(_keys_in(index, values, self._before[place]))
                found |= set(_keys_in(index, values, after))
        return found

    def beside(self) -> set[Place]:
        """Return the records that hold what this transaction claims, and those of the sets that it changes."""
        changes = self.changes()
        found = {Place(*one) for one in self._claims.holders(changes)}
        for before, after in changes:
            for rule, parts in _sets(before, after):
                entries = self.entries(type(after), rule.index, *parts)
                found |= {Place(after.KIND, entry[-1]) for entry in entries}
        return found - set(self._after)

    def changes(self) -> list[Changed]:
        """Return the records that the transaction changes, in the order in which it did."""
        return [Changed(self._before[place], after) for place, after in self._after.items()]

    def written_by(self, model: type[Record], record_id: str) -> int:
        """Return the version of its type's fields in which a record stands on the ledger, 0 if there is none."""
        self.get(model, record_id)
        return self._versions.get(Place(model.KIND, record_id), 0)

    def revision(self, model: type[Record], record_id: str) -> int:
        """Return the revision of a record as it stands on the ledger, 0 if there is none."""
        self.get(model, record_id)
        found = self._before.get(Place(model.KIND, record_id))
        return 0 if found is None else found.revision

    def finish(self, step: str, rules: Sequence[TransactionInvariant]) -> None:
        """Check what the transaction leaves behind and write it; a refusal writes nothing."""
        self._after = {place: _checked(one, self.contract) for place, one in self._after.items()}
        for place, after in list(self._after.items()):
            before = self._before[place]
            if not self._sets_hold(before, after) and before is not None:
                self._after[place] = after.model_copy(update={"meets": before.meets})
        changes = self.changes()
        for rule in rules:
            if step not in rule.unless:
                rule.require(rule.test(changes), self.contract)
        items = self._items(changes)
        if len(items) > MAX_ITEMS:
            raise TOO_MANY.refusal({"count": len(items), "most": MAX_ITEMS})
        self.vault.write()
        for key, value in sorted(items.items()):
            if value is None:
                self.stub.delete_state(key)
            else:
                self.stub.put_state(key, value)

    def _items(self, changes: Sequence[Changed]) -> dict[str, bytes | None]:
        """Return all that is written to public state, by key."""
        items: dict[str, bytes | None] = dict.fromkeys(self._marks, _MARK)
        for _, record in changes:
            items[self._key(record.KIND, record.id)] = self.vault.public(record, MAX_RECORD)
        for entry in self._history:
            number = f"{entry.number:06}"
            items[self._key(HISTORY, entry.kind, entry.id, number)] = entry.canonical()
            items[self._key(SIGNED, entry.by.key, entry.at, entry.kind, entry.id, number)] = _MARK
        had = {key for before, _ in changes if before is not None for key in keys_beside(before)}
        has = {key for _, after in changes for key in keys_beside(after)}
        items |= {self._key(*parts): None for parts in had - has}
        items |= {self._key(*parts): _MARK for parts in has - had}
        return items | self._claims.require_free(changes, self.contract)

    def _sets_hold(self, before: Record | None, after: Record) -> bool:
        """Return whether the sets that a record leaves or enters keep their invariants; refuses one that breaks them.

        False: an earlier version left the set broken, and nobody has repaired it yet.
        """
        holds = True
        for rule, parts in _sets(before, after):
            verdict = rule.test(self.find(type(after), rule.index, *parts))
            if verdict is not True:
                if not self._was_broken(rule, type(after), parts):
                    rule.require(verdict, self.contract)
                holds = False
        return holds

    def _was_broken(self, rule: SetInvariant, model: type[Record], parts: Parts) -> bool:
        """Return whether records of an earlier version left a set broken before this transaction."""
        ids = sorted({entry[-1] for entry in self._committed(model, rule.index, parts)})
        former = [one for each in ids if (one := self._before[Place(model.KIND, each)]) is not None]
        is_old = any(one.meets < rule.since for one in former)
        return is_old and rule.test(former) is not True

    def _next(self, kind: str, value: str, after: Sequence[str], most: int) -> list[Parts]:
        with self.stub.get_state_by_partial_composite_key(kind, (value,), after=after) as found:
            keys = [item.key for item in islice(found, most)]
        return [tuple(self.stub.split_composite_key(key)[1]) for key in keys]

    def _committed(self, model: type[Record], index: str, values: Parts) -> Sequence[Parts]:
        """Return the entries of an index on the ledger that begin with these values; each range is read once."""
        kind = f"{model.KIND}.{index}"
        if (kind, values) not in self._ranges:
            with self.stub.get_state_by_partial_composite_key(kind, values) as found:
                keys = [item.key for item in found]
            self._ranges[kind, values] = [
                tuple(self.stub.split_composite_key(key)[1]) for key in keys
            ]
        return self._ranges[kind, values]

    def _key(self, kind: str, *parts: str) -> str:
        return self.stub.create_composite_key(kind, parts)

    @staticmethod
    def _of(model: type[R], found: Record) -> R:
        if not isinstance(found, model):
            raise TypeError(f"{found.KIND} is the kind of two types of records")
        return found


def keys_beside(record: Record) -> set[Parts]:
    """Return the keys of a record's entries in indexes, and of the edges that lead to it."""
    found: set[Parts] = set()
    for index, parts in record.index_entries():
        if index == DUE_INDEX:
            found.add((DUE_INDEX, *parts, record.KIND, record.id))
        else:
            found.add((f"{record.KIND}.{index}", *parts, record.id))
    if isinstance(record, Fact):
        found.add((SIGNED, record.by.key, record.updated, record.KIND, record.id, "000001"))
        found |= {(EDGE, *edge, record.KIND, record.id) for edge in record.edges()}
    return found


def _sets(before: Record | None, after: Record) -> Iterator[tuple[SetInvariant, Parts]]:
    """Yield the sets that a record leaves, enters or is in, each with its invariant."""
    for rule in after.INVARIANTS:
        if isinstance(rule, SetInvariant):
            touched = {
                entry.parts
                for one in (before, after)
                if one is not None
                for entry in one.index_entries()
                if entry.name == rule.index
            }
            yield from ((rule, parts) for parts in sorted(touched))


def _keys_in(index: str, values: Sequence[str], record: Record | None) -> set[Parts]:
    """Return a record's entries in an index that begin with these values, as keys have them."""
    if record is None:
        return set()
    kind = f"{record.KIND}.{index}"
    found = {parts[1:] for parts in keys_beside(record) if parts[0] == kind}
    return {parts for parts in found if parts[: len(values)] == tuple(values)}


def _checked(record: Record, contract: str) -> Record:
    """Return a record that may be written; refuses one that breaks an invariant.

    An invariant of a later version binds from the first step that meets it.
    """
    meets = record.SCHEMA
    for rule in record.INVARIANTS:
        if isinstance(rule, Invariant) and (verdict := rule.test(record)) is not True:
            if rule.since <= record.meets:
                rule.require(verdict, contract)
            meets = record.meets
    return record.model_copy(update={"meets": meets, "schema_version": record.SCHEMA})
