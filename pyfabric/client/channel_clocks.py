"""How far a client's watch is from the clocks of channels, as contracts' refusals show it.

A contract that keeps a clock on its channel refuses a proposal whose time is off with the code `clock-past` or
`clock-stalled`, and names the proposal's time and the newest slot of its clock (`proposal`, `newest`: Unix seconds).
"""

from collections.abc import Callable
from datetime import timedelta
from typing import Final, TypeVar

from pyfabric.client.effects import Flow
from pyfabric.errors import CommitStatusError, GatewayError, Refusal, SubmitError

T = TypeVar("T")

_CODES: Final = frozenset({"clock-past", "clock-stalled"})
_MOST: Final = timedelta(minutes=15)
"""Peers take no proposal whose time is farther from theirs (peer.authentication.timewindow)."""


class ChannelClocks:
    """What a client adds to its own time in proposals, by channel."""

    def __init__(self) -> None:
        self._ahead: dict[str, timedelta] = {}

    def ahead(self, channel: str) -> timedelta:
        """Return what is added to the time of proposals on a channel."""
        return self._ahead.get(channel, timedelta())

    def correcting(self, channel: str, attempt: Callable[[timedelta], Flow[T]]) -> Flow[T]:
        """Run an attempt with what is added to the proposal's time, and once more if a refusal shows that it is off.

        Only where nothing was sent to the orderers: what they may have is never repeated.
        """
        used = self.ahead(channel)
        try:
            return (yield from attempt(used))
        except GatewayError as error:
            if isinstance(error, SubmitError | CommitStatusError):
                raise
            corrected = _corrected(used, error.refusal)
            if corrected is None:
                raise
            self._ahead[channel] = corrected
        return (yield from attempt(corrected))


def _corrected(used: timedelta, refusal: Refusal | None) -> timedelta | None:
    """Return what has to be added instead, None if the refusal does not say it or peers would not take it."""
    if refusal is None or refusal.code not in _CODES:
        return None
    proposal, newest = refusal.facts.get("proposal"), refusal.facts.get("newest")
    if not isinstance(proposal, int) or not isinstance(newest, int):
        return None
    corrected = used + timedelta(seconds=newest - proposal)
    return corrected if abs(corrected) <= _MOST else None
