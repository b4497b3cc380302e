"""A client whose certificate has expired: the error shows it, and no other peer is asked for the same answer."""

from collections.abc import Callable
from functools import partial

import grpc
import pytest
from pyfabric_cli.exits import ExitCode, exit_code

from pyfabric.client.retry import Retry
from pyfabric.client.timeouts import ENDORSE, EVALUATE
from pyfabric.errors import ErrorDetail, GatewayError, StatusCode
from pyfabric.identity.signing import SigningIdentity
from tests.support.client.gateway_server import ScriptedPeer, fail
from tests.support.client.surfaces import Surface

EXPIRED = "proposal client identity expired"


@pytest.mark.parametrize("step", [EVALUATE, ENDORSE])
def test_an_expired_identity_is_named_and_asked_for_once(
    surface: Surface, new_peer: Callable[..., ScriptedPeer], identity: SigningIdentity, step: str
) -> None:
    first, second = new_peer(), new_peer()
    refusal = fail(
        grpc.StatusCode.UNAVAILABLE,
        "failed to evaluate transaction, see attached details for more info",
        [ErrorDetail("h:1", "TaxMSP", EXPIRED)],
    )
    for peer in (first, second):
        peer.on(step, refusal)
    with surface.connect(identity, [first.endpoint, second.endpoint]) as gateway:
        contract = gateway.network("channel").contract("chaincode")
        retry = Retry(attempts=3, first_delay=0.001)
        ask = contract.evaluate if step == EVALUATE else partial(contract.submit, retry=retry)
        with pytest.raises(GatewayError, match="the client's certificate has expired: ") as caught:
            ask("f")
    assert caught.value.identity_expired
    assert caught.value.code is StatusCode.UNAVAILABLE
    assert exit_code(caught.value) is ExitCode.IDENTITY
    assert len(first.requests[step]) == 1
    assert not second.requests.get(step)


def test_other_refusals_are_not_taken_for_it() -> None:
    other = GatewayError("the identity expired at noon, said a contract", code=StatusCode.ABORTED)
    assert not other.identity_expired
    assert "renewed" not in str(other)
    assert exit_code(other) is ExitCode.REFUSED
