"""A small model of Fabric's committer: dictionaries, and blocks in order."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from pyfabric.errors import ValidationCode
from pyfabric.rules.state.versions import Version

ENOUGH = 2
"""How many departments the chaincode's own policy wants: the majority of three."""


@dataclass(frozen=True)
class Done:
    """A transaction as it was simulated: what it saw, what it writes, who endorsed it.

    `reads` and `hashed_reads` hold the version that each key had, `ranges` all keys that each range had;
    None as a value deletes. `policies` has the only endorser that a key needs from then on.
    """

    id: str
    endorsers: frozenset[str]
    reads: Mapping[str, Version | None] = field(default_factory=dict)
    ranges: Mapping[tuple[str, str], Mapping[str, Version]] = field(default_factory=dict)
    writes: Mapping[str, bytes | None] = field(default_factory=dict)
    policies: Mapping[str, frozenset[str]] = field(default_factory=dict)
    hashed_reads: Mapping[str, Version | None] = field(default_factory=dict)
    hashed_writes: Mapping[str, bytes | None] = field(default_factory=dict)


class Model:
    """A chaincode's keys, the hashes of its private data, and the policies of its keys."""

    def __init__(self) -> None:
        self.values: dict[str, tuple[bytes, Version]] = {}
        self.hashes: dict[str, tuple[bytes, Version]] = {}
        self.policies: dict[str, frozenset[str]] = {}
        self.ids: set[str] = set()

    def versions(self, start: str = "", end: str = "") -> dict[str, Version]:
        """Return the keys of a range."""
        return {
            key: version
            for key, (_, version) in sorted(self.values.items())
            if key >= start and (not end or key < end)
        }

    def commit(self, number: int, block: Sequence[Done]) -> list[ValidationCode]:
        """Return the code of each transaction; the valid ones have happened."""
        codes = self._allowed(block)
        seen: set[str] = set()
        touched: set[str] = set()
        for position, done in enumerate(block):
            if codes[position] is ValidationCode.VALID:
                codes[position] = self._conflict(done, touched, seen)
                seen.add(done.id)
            if codes[position] is ValidationCode.VALID:
                touched |= self._apply(done, Version(number, position))
        self.ids |= {done.id for done in block}
        return codes

    def _allowed(self, block: Sequence[Done]) -> list[ValidationCode]:
        codes = []
        changed: set[str] = set()
        for done in block:
            if done.id in self.ids:
                codes.append(ValidationCode.DUPLICATE_TXID)
            elif self._endorsed(done, changed):
                codes.append(ValidationCode.VALID)
                changed |= set(done.policies)
            else:
                codes.append(ValidationCode.ENDORSEMENT_POLICY_FAILURE)
        return codes

    def _endorsed(self, done: Done, changed: set[str]) -> bool:
        keys = {*done.writes, *done.policies}
        own = [self.policies[key] for key in keys if key in self.policies]
        by_chaincode = len(own) < len(keys) or bool(done.hashed_writes) or not keys
        return (
            not keys & changed
            and all(wanted <= done.endorsers for wanted in own)
            and (not by_chaincode or len(done.endorsers) >= ENOUGH)
        )

    def _conflict(self, done: Done, touched: set[str], seen: set[str]) -> ValidationCode:
        if done.id in seen:
            return ValidationCode.DUPLICATE_TXID
        for kind, reads, now in (
            ("", done.reads, self.values),
            ("#", done.hashed_reads, self.hashes),
        ):
            if kind and any(self.versions(*span) != old for span, old in done.ranges.items()):
                return ValidationCode.PHANTOM_READ_CONFLICT
            for key, version in reads.items():
                if kind + key in touched or now.get(key, (b"", None))[1] != version:
                    return ValidationCode.MVCC_READ_CONFLICT
        return ValidationCode.VALID

    def _apply(self, done: Done, version: Version) -> set[str]:
        touched = {*done.writes, *("#" + key for key in done.hashed_writes)}
        for values, writes in ((self.values, done.writes), (self.hashes, done.hashed_writes)):
            for key, value in writes.items():
                if value is None:
                    values.pop(key, None)
                else:
                    values[key] = (value, version)
        for key in set(self.policies) - set(self.values):
            del self.policies[key]
        for key, wanted in done.policies.items():
            if key in self.values:
                self.policies[key] = wanted
                self.values[key] = (self.values[key][0], version)
                touched.add(key)
        return touched
