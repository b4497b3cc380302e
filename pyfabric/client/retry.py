"""Repetition of what is safe to repeat, if the caller asks for it."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from pyfabric.client.effects import Flow, nonce, sleep
from pyfabric.errors import (
    CommitError,
    CommitStatusError,
    FabricError,
    GatewayError,
    StatusCode,
    SubmitError,
    ValidationCode,
)

T = TypeVar("T")

_CONFLICTS = frozenset({ValidationCode.MVCC_READ_CONFLICT, ValidationCode.PHANTOM_READ_CONFLICT})


@dataclass(frozen=True, slots=True)
class Retry:
    """How many attempts to make, and how long to wait between them (seconds, doubled each time).

    Evaluations and endorsements that found no peer are repeated, and transactions that conflicted
    with others: each time as a new transaction with a new id. A transaction that an orderer may have
    accepted without an answer is never repeated.
    """

    attempts: int = 5
    first_delay: float = 0.1
    longest_delay: float = 2.0

    def applies_to(self, error: FabricError) -> bool:
        """Return whether another attempt after that error can neither duplicate nor hide anything."""
        if isinstance(error, CommitError):
            return error.code in _CONFLICTS
        unclear = isinstance(error, SubmitError | CommitStatusError)
        return (
            isinstance(error, GatewayError) and not unclear and error.code is StatusCode.UNAVAILABLE
        )


def retrying(retry: Retry | None, attempt: Callable[[], Flow[T]]) -> Flow[T]:
    """Run an attempt, and more as the policy allows; raises the last one's error."""
    if retry is None:
        return (yield from attempt())
    for number in range(retry.attempts - 1):
        try:
            return (yield from attempt())
        except FabricError as error:
            if not retry.applies_to(error):
                raise
        delay = min(retry.first_delay * 2**number, retry.longest_delay)
        # Between half and all of the delay, so that clients that conflicted do not conflict again.
        share = int.from_bytes((yield from nonce())[:2], "big") / 0xFFFF
        yield from sleep(delay * (1 + share) / 2)
    return (yield from attempt())
