"""`pyfabric events --follow` waits for peers that do not answer."""

from typing import Any

import pytest
from pyfabric_cli import event_reading

from pyfabric.errors import GatewayError, StatusCode


class Channel:
    """A channel whose streams are given by the test: events, then perhaps a failure."""

    def __init__(self, *streams: list[object]) -> None:
        self._streams = list(streams)
        self.opened: list[dict[str, Any]] = []

    def block_events(self, **start: Any) -> "Channel":
        self.opened.append(start)
        return self

    def chaincode_events(self, chaincode: str, **start: Any) -> "Channel":
        return self.block_events(chaincode=chaincode, **start)

    def __enter__(self) -> Any:
        for one in self._streams.pop(0):
            if isinstance(one, Exception):
                raise one
            yield one

    def __exit__(self, *_: object) -> None: ...


UNAVAILABLE = GatewayError("gone", code=StatusCode.UNAVAILABLE)
LATE = GatewayError("late", code=StatusCode.DEADLINE_EXCEEDED)
REFUSED = GatewayError("refused", code=StatusCode.PERMISSION_DENIED)


@pytest.mark.parametrize("chaincode", [None, "notes"])
def test_follow_asks_again_while_no_peer_answers(chaincode: str | None) -> None:
    channel = Channel([UNAVAILABLE], [LATE], ["one", "two", REFUSED])
    waits: list[float] = []
    found = event_reading.follow(channel, chaincode, 3, None, wait=waits.append)  # type: ignore[arg-type]
    assert [next(found), next(found)] == ["one", "two"]  # type: ignore[comparison-overlap]
    with pytest.raises(GatewayError, match="refused"):
        next(found)
    assert waits == [2.0, 2.0]
    assert [one["start_block"] for one in channel.opened] == [3, 3, 3]
