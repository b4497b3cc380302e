"""Totals: an exact quota that workers lease from, and counters without a cap that are kept in pieces.

A lease is a key of its own for each worker, so workers do not conflict; taking a further lease, or giving one
back, touches the quota. A counter's pieces are added up on reading; which one is written follows from the transaction's id.
"""

from collections.abc import Sequence
from typing import Any, ClassVar, Final

from pyfabric_municipal.common.call import Call
from pyfabric_municipal.common.indexes import Index
from pyfabric_municipal.common.invariants import Invariant
from pyfabric_municipal.common.records import NEW, Record
from pyfabric_municipal.common.refusals import FrameRule
from pyfabric_municipal.common.roles import has_duties_of
from pyfabric_municipal.common.steps import Move
from pyfabric_municipal.common.values import Count, MspId

__all__ = [
    "COUNTER_MOVES",
    "QUOTA_MOVES",
    "Lease",
    "Piece",
    "Quota",
    "add",
    "give_back",
    "lease",
    "open_quota",
    "take",
    "total",
]

NOT_SUCCESSOR = FrameRule(
    "not-successor",
    "{department} 未承接 {owner} 的职责",
    "{department} has not the duties of {owner}",
)

OPEN: Final = "open"
_PIECES: Final = 64


class Quota(Record):
    """A total with a cap: what has been leased of it, given back amounts taken off again."""

    KIND: ClassVar[str] = "quota"
    INVARIANTS: ClassVar = (
        Invariant(
            "quota-exceeded",
            "额度 {id} 为 {most}，不能租出 {wanted}",
            "quota {id} is {most}: {wanted} cannot be leased",
            lambda one: (
                one.leased <= one.cap or {"id": one.id, "most": one.cap, "wanted": one.leased}
            ),
        ),
    )

    cap: Count
    leased: Count = 0


class Lease(Record):
    """What one worker may take of a quota without touching it, and what it has taken."""

    KIND: ClassVar[str] = "lease"
    INDEXES: ClassVar[tuple[Index, ...]] = (Index("quota", ("quota",)),)
    INVARIANTS: ClassVar = (
        Invariant(
            "lease-exceeded",
            "租用额度 {id} 为 {most}，不能使用 {wanted}",
            "lease {id} is {most}: {wanted} cannot be taken",
            lambda one: (
                one.taken <= one.amount or {"id": one.id, "most": one.amount, "wanted": one.taken}
            ),
        ),
    )

    quota: str
    department: MspId
    amount: Count = 0
    taken: Count = 0


class Piece(Record):
    """A piece of a counter."""

    KIND: ClassVar[str] = "piece"
    INDEXES: ClassVar[tuple[Index, ...]] = (Index("counter", ("counter",)),)

    counter: str
    amount: Count = 0


QUOTA_MOVES: Final = (Move(Quota, (NEW, OPEN), OPEN), Move(Lease, (NEW, OPEN), OPEN))
"""What a step declares (`moves`) that leases, takes, gives back or opens a quota."""

COUNTER_MOVES: Final = (Move(Piece, (NEW, OPEN), OPEN),)
"""What a step declares (`moves`) that adds to a counter."""


def open_quota(call: Call[Any], quota: str, cap: int) -> None:
    """Make a quota with a cap."""
    call.create(Quota, quota, OPEN, cap=cap)


def lease(call: Call[Any], quota: str, worker: str, amount: int) -> None:
    """Lease an amount of a quota to a worker of the caller's department."""
    found = call.need(Quota, quota)
    call.move(Quota, quota, OPEN, leased=found.leased + amount)
    key = lease_id(quota, call.caller, worker)
    held = call.get(Lease, key)
    if held is None:
        call.create(Lease, key, OPEN, quota=quota, department=call.caller, amount=amount)
    else:
        call.move(Lease, key, OPEN, amount=held.amount + amount)


def take(call: Call[Any], quota: str, worker: str, amount: int, *, of: str = "") -> None:
    """Take an amount from a worker's lease, without touching the quota.

    `of` is the department of which the caller's has the duties, if the lease is that department's.
    """
    take_from(call, _own(call, quota, worker, of), amount)


def take_from(call: Call[Any], lease: str, amount: int) -> None:
    """Take an amount from a lease (`lease_id`) of which the step's roles decide who may; a negative one returns it."""
    held = call.need(Lease, lease)
    call.move(Lease, lease, OPEN, taken=held.taken + amount)


def give_back(call: Call[Any], quota: str, worker: str, *, of: str = "") -> None:
    """Give what a worker's lease has left back to the quota; `of` as in `take`."""
    give_back_from(call, _own(call, quota, worker, of))


def give_back_from(call: Call[Any], lease: str) -> int:
    """Give what a lease has left back to its quota, as `take_from`; returns how much that was."""
    held = call.need(Lease, lease)
    found = call.need(Quota, held.quota)
    left = held.amount - held.taken
    call.move(Quota, found.id, OPEN, leased=found.leased - left)
    call.move(Lease, lease, OPEN, amount=held.taken)
    return left


def add(call: Call[Any], counter: str, amount: int) -> None:
    """Add to a counter without a cap; transactions side by side rarely write the same piece."""
    number = int(call.context.stub.transaction_id[:8], 16) % _PIECES
    key = f"{counter}/{number:02}"
    held = call.get(Piece, key)
    if held is None:
        call.create(Piece, key, OPEN, counter=counter, amount=amount)
    else:
        call.move(Piece, key, OPEN, amount=held.amount + amount)


def total(pieces: Sequence[Piece]) -> int:
    """Return what the pieces of a counter (index `counter`) come to."""
    return sum(one.amount for one in pieces)


def _own(call: Call[Any], quota: str, worker: str, department: str) -> str:
    """Return the id of a lease of the caller's department, or of one whose duties it has; refuses others."""
    owner = department or call.caller
    if not has_duties_of(call.governance, call.caller, owner):
        raise NOT_SUCCESSOR.refusal({"department": call.caller, "owner": owner})
    return lease_id(quota, owner, worker)


def lease_id(quota: str, department: str, worker: str) -> str:
    """Return the id of a worker's lease."""
    return f"{quota}/{department}/{worker}"
