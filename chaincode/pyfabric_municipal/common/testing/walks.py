"""Random walks: any step by anybody, in any order; after each transaction all that must always hold is looked at.

What a walk looks at is worked out from the records alone, not by the code that wrote them.
"""

from collections import Counter
from collections.abc import Callable
from random import Random
from typing import Any

from pyfabric.chaincode import ContractError, from_json
from pyfabric_municipal.common.claiming import CLAIM, Holding
from pyfabric_municipal.common.indexes import DUE_INDEX
from pyfabric_municipal.common.invariants import Invariant
from pyfabric_municipal.common.records import Tracked
from pyfabric_municipal.common.session import EDGE, HISTORY, SIGNED, keys_beside
from pyfabric_municipal.common.testing.stage import Stage
from pyfabric_municipal.common.testing.stories import Story


def walk(
    story: Story, seed: int, length: int, *, look: Callable[[Stage], None] = lambda _: None
) -> Counter[str]:
    """Take `length` steps at random and check the ledger after each; returns how often each step was taken.

    `look` looks at what is always true of this contract alone. A step that is refused, or needs one that has not been taken, takes no time.
    """
    random, stage = Random(seed), Stage(story)  # noqa: S311 - a walk that can be repeated
    taken: Counter[str] = Counter()
    for number in range(length):
        name = random.choice(sorted(story.samples))
        person = random.choice(sorted(story.people))
        by = story.people[person if random.random() < 0.3 else story.samples[name].by]
        now = stage.ledger.now
        try:
            stage.take(
                name,
                by=by,
                record_id=_any_id(random, stage, name),
                batch=f"file-{number}",
            )
        except (ContractError, KeyError):
            stage.ledger.now = now
            continue
        taken[name] += 1
        check_ledger(stage)
        look(stage)
    return taken


def check_ledger(stage: Stage) -> None:
    """Raise AssertionError if a record breaks an invariant, or an index, a claim or a history does not fit."""
    records = [one for kind in stage.kinds for one in stage.records(kind)]
    for record in records:
        for rule in record.INVARIANTS:
            if isinstance(rule, Invariant) and rule.since <= record.meets:
                _require(rule.test(record) is True, f"{record.KIND} {record.id}: {rule.code}")
    _check_sets(stage, records)
    _check_keys(stage, records)
    _check_claims(stage, records)


def _check_sets(stage: Stage, records: list[Any]) -> None:
    for kind in stage.kinds:
        for rule in kind.INVARIANTS:
            if isinstance(rule, Invariant):
                continue
            sets: dict[tuple[str, ...], list[Any]] = {}
            for record in records:
                if record.KIND == kind.KIND:
                    for entry in record.index_entries():
                        if entry.name == rule.index:
                            sets.setdefault(entry.parts, []).append(record)
            for parts, found in sorted(sets.items()):
                former = any(one.meets < rule.since for one in found)
                _require(former or rule.test(found) is True, f"{kind.KIND} {parts}: {rule.code}")


def _check_keys(stage: Stage, records: list[Any]) -> None:
    """See that the keys beside records are those that follow from them, and that no step lacks its entry."""
    kinds = {record.KIND for record in records}
    names = {f"{kind.KIND}." for kind in stage.kinds}
    wanted = {
        _joined(parts) for record in records for parts in keys_beside(record) if parts[0] != SIGNED
    }
    found, entries = set(), Counter[tuple[str, str]]()
    for key in stage.ledger.keys():  # noqa: SIM118 - a ledger is no mapping
        parts = key[1:-1].split("\x00")
        if parts[0] in {EDGE, DUE_INDEX} or any(map(parts[0].startswith, names)):
            found.add(key)
        if parts[0] == HISTORY:
            entries[parts[1], parts[2]] += 1
    ours = {
        key
        for key in found
        if key[1:].split("\x00")[0].partition(".")[0] not in {"batch", "denial"}
    }
    _require(ours == wanted, f"keys beside records differ: {sorted(ours ^ wanted)[:3]} of {kinds}")
    for record in records:
        if isinstance(record, Tracked):
            steps = entries[record.KIND, record.id]
            _require(steps == record.revision, f"{record.KIND} {record.id}: {steps} entries")


def _check_claims(stage: Stage, records: list[Any]) -> None:
    held: Counter[tuple[str, ...]] = Counter()
    for record in records:
        for claim in record.CLAIMS:
            for one in claim.held(record):
                held.update((CLAIM, claim.name, *key) for key in claim.keys(one))
    found: Counter[tuple[str, ...]] = Counter()
    for key in stage.ledger.keys():  # noqa: SIM118 - a ledger is no mapping
        parts = tuple(key[1:-1].split("\x00"))
        if parts[0] == CLAIM and parts[1] != "batch-rows":
            holdings = from_json(list[Holding], stage.ledger.state(key) or b"[]")
            found[parts] = len(holdings)
            for number, one in enumerate(holdings):
                clash = any(one.overlaps(other) for other in holdings[number + 1 :])
                _require(not clash, f"{parts} is held twice")
    _require(held == found, f"claims differ: {held - found} {found - held}")


def _any_id(random: Random, stage: Stage, name: str) -> str:
    own = stage.resolve(stage.story.samples[name].id)
    return random.choice([own, own, f"{own}x"])


def _joined(parts: tuple[str, ...]) -> str:
    return "\x00" + "".join(part + "\x00" for part in parts)


def _require(holds: bool, what: str) -> None:  # noqa: FBT001
    if not holds:
        raise AssertionError(what)
