"""Claims of a transaction: what its records give up and take, and who holds what is taken already."""

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from pyfabric.chaincode import Stub, from_json
from pyfabric_municipal.common.indexes import Claim, Parts
from pyfabric_municipal.common.invariants import Changed
from pyfabric_municipal.common.values import Model, canonical_json

CLAIM = "claim"


class Holding(Model):
    """A record that holds the values from `first` to `last` of a claim's key; 0 to 0 if it is no range."""

    first: int
    last: int
    kind: str
    id: str

    def overlaps(self, other: "Holding") -> bool:
        """Return whether both cannot hold at once."""
        return self.first <= other.last and other.first <= self.last


class _Wanted(NamedTuple):
    claim: Claim
    key: Parts
    holding: Holding


class Claims:
    """The claims of one transaction; each key is read once.

    All that is given up is free before anything is taken, so that records of one transaction can exchange.
    """

    def __init__(self, stub: Stub) -> None:
        self._stub = stub
        self._committed: dict[str, list[Holding]] = {}

    def holders(self, changes: Sequence[Changed]) -> set[tuple[str, str]]:
        """Return the records, by kind and id, that hold what these changes claim."""
        _, clashes = self._after(changes)
        return {(other.kind, other.id) for _, other in clashes}

    def require_free(self, changes: Sequence[Changed], contract: str) -> dict[str, bytes | None]:
        """Return the claims' keys that these changes write; refuses what another record holds."""
        found, clashes = self._after(changes)
        for wanted, other in clashes:
            raise wanted.claim.rule.refusal(_facts(wanted, other), contract=contract)
        return {key: _bytes(held) for key, held in found.items()}

    def _after(
        self, changes: Sequence[Changed]
    ) -> tuple[dict[str, list[Holding]], list[tuple[_Wanted, Holding]]]:
        """Return who holds each key after the changes, and what two records would hold at once."""
        found: dict[str, list[Holding]] = {}
        for wanted in _difference(changes, given_up=True):
            self._holdings(wanted, found).remove(wanted.holding)
        clashes = []
        for wanted in _difference(changes, given_up=False):
            held = self._holdings(wanted, found)
            clashes += [(wanted, other) for other in held if other.overlaps(wanted.holding)]
            held.append(wanted.holding)
        return found, clashes

    def _holdings(self, wanted: _Wanted, found: dict[str, list[Holding]]) -> list[Holding]:
        key = self._stub.create_composite_key(CLAIM, (wanted.claim.name, *wanted.key))
        if key not in self._committed:
            value = self._stub.get_state(key) or b"[]"
            self._committed[key] = from_json(list[Holding], value)
        return found.setdefault(key, list(self._committed[key]))


def _difference(changes: Sequence[Changed], *, given_up: bool) -> Iterator[_Wanted]:
    """Yield what the records held and hold no more, or what they hold now and did not before."""
    for before, after in changes:
        for claim in after.CLAIMS:
            had = set() if before is None else claim.held(before)
            has = claim.held(after)
            for held in sorted(had - has if given_up else has - had):
                first, last = held[-2:] if claim.bucket else (0, 0)
                holding = Holding(first=first, last=last, kind=after.KIND, id=after.id)
                yield from (_Wanted(claim, key, holding) for key in claim.keys(held))


def _facts(wanted: _Wanted, other: Holding) -> dict[str, Any]:
    return {
        "claim": wanted.claim.name,
        "value": "/".join(wanted.key),
        "holder": f"{other.kind} {other.id}",
    }


def _bytes(held: list[Holding]) -> bytes | None:
    if not held:
        return None
    ordered = sorted(held, key=lambda one: (one.first, one.kind, one.id))
    return canonical_json([one.model_dump() for one in ordered])
