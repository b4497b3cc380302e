"""Repetition of what is safe to repeat, if the caller asks for it."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, TypeVar

from pyfabric.client.effects import Flow, nonce, sleep
from pyfabric.errors import (
    CommitError,
    CommitStatusError,
    FabricError,
    GatewayError,
    NotSentError,
    StatusCode,
    SubmitError,
    ValidationCode,
)

T = TypeVar("T")

_CONFLICTS = frozenset({ValidationCode.MVCC_READ_CONFLICT, ValidationCode.PHANTOM_READ_CONFLICT})

_MISMATCH: Final = "ProposalResponsePayloads do not match"
"""What a gateway peer reports of an endorser whose result differs (endorsement.go of Fabric's gateway)."""


@dataclass(frozen=True, slots=True)
class Retry:
    """How many attempts to make, and how long to wait between them (seconds, doubled each time).

    Calls that were not sent, evaluations and endorsements that found no peer are repeated, and transactions that conflicted
    with others: each time as a new transaction with a new id. A conflict shows when the transaction is
    validated, or when endorsers at different blocks return different results: then nothing was sent.
    A transaction that an orderer may have accepted without an answer is never repeated.
    """

    attempts: int = 5
    first_delay: float = 0.1
    longest_delay: float = 2.0

    def applies_to(self, error: FabricError) -> bool:
        """Return whether another attempt after that error can neither duplicate nor hide anything."""
        if isinstance(error, CommitError):
            return error.code in _CONFLICTS
        if not isinstance(error, GatewayError) or isinstance(
            error, SubmitError | CommitStatusError
        ):
            return False
        if error.identity_expired:
            return False
        return (
            isinstance(error, NotSentError)
            or error.code is StatusCode.UNAVAILABLE
            or any(detail.message == _MISMATCH for detail in error.details)
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
