"""What the gateway's calls have in common: the client's deadline, and remembering why it gets nothing."""

import asyncio
from collections.abc import Awaitable, Iterator
from contextlib import contextmanager
from typing import TypeVar

import grpc

from pyfabric.errors import StatusCode
from pyfabric.ledger.failures import CallError
from pyfabric.ledger.peer.peer import Peer
from pyfabric.rules.proposals import Proposal

T = TypeVar("T")

_ANSWER_MARGIN = 0.02
"""Seconds before a client's deadline at which the peer reports itself that time is up."""


async def in_time(work: Awaitable[T], context: grpc.aio.ServicerContext, expired: str) -> T:
    """Wait for work, but not longer than the client does; raises CallError with the text `expired`."""
    remaining = context.time_remaining()
    if remaining is None:
        return await work
    try:
        async with asyncio.timeout(max(remaining - _ANSWER_MARGIN, 0)):
            return await work
    except TimeoutError as error:
        raise CallError(StatusCode.DEADLINE_EXCEEDED, expired) from error


@contextmanager
def noting(peer: Peer, proposal: Proposal) -> Iterator[None]:
    """Remember the CallError with which a client's call ends."""
    try:
        yield
    except CallError as error:
        details = [f"{one.address}: {one.message}" for one in error.details]
        because = "; ".join([error.message, *details])
        peer.note(proposal, "answered the client with an error", because)
        raise
