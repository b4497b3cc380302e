"""A client whose watch is off: its next proposal follows the newest slot that a contract's refusal names, once."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pyfabric.client.channel_clocks import ChannelClocks
from pyfabric.client.effects import Flow
from pyfabric.errors import (
    EndorseError,
    ErrorDetail,
    GatewayError,
    Refusal,
    StatusCode,
    SubmitError,
)

NOW = 1_800_000_000


def refused(
    code: str, proposal: object, newest: object, kind: type[GatewayError] = EndorseError
) -> GatewayError:
    """Return the error of a proposal that a contract's clock has refused."""
    refusal = Refusal(code, {"proposal": proposal, "newest": newest}, "the clock")
    detail = ErrorDetail("peer:7051", "TaxMSP", "chaincode response 500, the clock", refusal)
    return kind("failed", code=StatusCode.ABORTED, details=[detail])


def run(clocks: ChannelClocks, attempt: Callable[[timedelta], int]) -> int:
    """Run an attempt that makes no call."""

    def flow(ahead: timedelta) -> Flow[int]:
        return attempt(ahead)
        yield  # pragma: no cover - makes this a flow

    running = clocks.correcting("tax", flow)
    with pytest.raises(StopIteration) as ended:
        next(running)
    result: int = ended.value.value
    return result


@given(st.integers(-900, 900))
def test_the_next_proposal_follows_the_newest_slot(off: int) -> None:
    clocks, seen = ChannelClocks(), []

    def attempt(ahead: timedelta) -> int:
        seen.append(ahead)
        if len(seen) == 1:
            raise refused("clock-past" if off > 0 else "clock-stalled", NOW, NOW + off)
        return 7

    assert run(clocks, attempt) == 7
    assert seen == [timedelta(), timedelta(seconds=off)]
    assert clocks.ahead("tax") == timedelta(seconds=off)
    assert clocks.ahead("health") == timedelta()


def test_it_is_tried_once_more_and_not_again() -> None:
    seen = []

    def attempt(ahead: timedelta) -> int:
        seen.append(ahead)
        raise refused("clock-past", NOW + int(ahead.total_seconds()), NOW + 60 * len(seen))

    with pytest.raises(EndorseError):
        run(ChannelClocks(), attempt)
    assert len(seen) == 2


@pytest.mark.parametrize(
    "error",
    [
        pytest.param(
            refused("clock-past", NOW, NOW + 60, SubmitError), id="an orderer may have it"
        ),
        pytest.param(refused("clock-past", NOW, NOW + 901), id="peers would not take the time"),
        pytest.param(refused("clock-stalled", NOW, None), id="there is no slot"),
        pytest.param(refused("waste.expired", NOW, NOW + 60), id="another refusal"),
        pytest.param(GatewayError("gone", code=StatusCode.UNAVAILABLE), id="no refusal"),
    ],
)
def test_nothing_else_is_tried_again(error: GatewayError) -> None:
    clocks, seen = ChannelClocks(), []

    def attempt(ahead: timedelta) -> int:
        seen.append(ahead)
        raise error

    with pytest.raises(GatewayError) as caught:
        run(clocks, attempt)
    assert caught.value is error
    assert seen == [timedelta()]
    assert clocks.ahead("tax") == timedelta()
