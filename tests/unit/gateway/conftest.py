"""Both surfaces, and scripted peers on the loopback."""

from collections.abc import Callable, Iterator

import pytest

from pyfabric.identity.signing import SigningIdentity
from tests.support.client.gateway_server import Pki, ScriptedPeer, new_identity, new_pki
from tests.support.client.surfaces import Surface


@pytest.fixture(scope="session")
def pki() -> Pki:
    return new_pki()


@pytest.fixture(scope="session")
def identity() -> SigningIdentity:
    return new_identity()


@pytest.fixture(params=["gateway", "aio"])
def surface(request: pytest.FixtureRequest) -> Iterator[Surface]:
    surface = Surface(request.param)
    yield surface
    surface.close()


@pytest.fixture
def new_peer(pki: Pki) -> Iterator[Callable[..., ScriptedPeer]]:
    peers: list[ScriptedPeer] = []

    def make(*, mutual: bool = False) -> ScriptedPeer:
        peers.append(ScriptedPeer(pki, mutual=mutual))
        return peers[-1]

    yield make
    for peer in peers:
        peer.stop()


@pytest.fixture
def peer(new_peer: Callable[..., ScriptedPeer]) -> ScriptedPeer:
    return new_peer()
