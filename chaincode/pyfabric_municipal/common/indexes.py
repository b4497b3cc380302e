"""Indexes and claims: the keys beside a record that say where it is found, and what it alone holds.

All parts of an entry are in its key, so that no two transactions rewrite one list. A claim's key names its
holder; it is taken and given up with the record's values and state.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import product
from typing import Any, TypeAlias

from pyfabric_municipal.common.refusals import CLAIMED, Example, Rule

Parts: TypeAlias = tuple[str, ...]

FOREVER = "9999-12-31T23:59:59Z"
STATE_INDEX = "state"
DUE_INDEX = "due"


def at_path(value: Any, path: str) -> Any:
    """Return what is at a dotted path of attributes; None if something on the way is None."""
    for part in path.split("."):
        value = None if value is None else getattr(value, part)
    return value


@dataclass(frozen=True)
class Index:
    """Records by the values at these paths; a value that is a tuple makes an entry for each member.

    A record has no entry while a value is None, or outside of `states`.
    """

    name: str
    paths: Parts
    states: Parts = ()

    def entries(self, record: Any) -> set[Parts]:
        """Return the values under which the record is found."""
        if self.states and record.state not in self.states:
            return set()
        return set(product(*(_values(at_path(record, path)) for path in self.paths)))


@dataclass(frozen=True)
class Claim:
    """What only one record may hold: the values that `of` returns, while it is in one of `states`.

    `bucket` divides ranges: `of` then returns (values…, first, last), numbers or ordinals of days, of which
    no two may overlap. The refusal of another, by `rule`, names the holder. `example` is a call that it refuses,
    where the step that takes the claim is not the one that makes the record.
    """

    name: str
    of: Callable[[Any], Iterable[tuple[Any, ...]]]
    states: Parts = ()
    bucket: int = 0
    rule: Rule = CLAIMED
    example: Example | None = None

    def held(self, record: Any) -> set[tuple[Any, ...]]:
        """Return what the record claims in its state."""
        if self.states and record.state not in self.states:
            return set()
        return set(self.of(record))

    def keys(self, held: tuple[Any, ...]) -> Iterator[Parts]:
        """Yield the keys on which a claim stands: one, or those of the buckets that a range touches."""
        if not self.bucket:
            yield tuple(str(part) for part in held)
            return
        *values, first, last = held
        for number in range(first // self.bucket, last // self.bucket + 1):
            yield (*(str(part) for part in values), f"{number:012}")


def _values(value: Any) -> tuple[str, ...]:
    if value is None:
        return ()
    return tuple(map(str, value)) if isinstance(value, tuple) else (str(value),)
