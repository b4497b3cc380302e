"""Both surfaces of administration, with a scripted peer and orderer on the loopback."""

from collections.abc import Iterator
from typing import Any

import pytest

from pyfabric.identity.signing import SigningIdentity
from tests.support.client.gateway_server import Pki, ScriptedPeer, new_identity, new_pki
from tests.support.client.surfaces import Surface
from tests.support.ledger.scripted_orderer import ScriptedOrderer


@pytest.fixture(scope="session")
def pki() -> Pki:
    return new_pki()


@pytest.fixture(scope="session")
def admin_identity() -> SigningIdentity:
    return new_identity()


@pytest.fixture(params=["gateway", "aio"])
def surface(request: pytest.FixtureRequest) -> Iterator[Surface]:
    surface = Surface(request.param)
    yield surface
    surface.close()


@pytest.fixture
def peer(pki: Pki) -> Iterator[ScriptedPeer]:
    peer = ScriptedPeer(pki)
    yield peer
    peer.stop()


@pytest.fixture
def orderer(pki: Pki) -> Iterator[ScriptedOrderer]:
    orderer = ScriptedOrderer(pki)
    yield orderer
    orderer.stop()


@pytest.fixture
def admin(surface: Surface, admin_identity: SigningIdentity) -> Iterator[Any]:
    with surface.Admin(admin_identity) as admin:
        yield admin


@pytest.fixture
def orderer_admin(surface: Surface, orderer: ScriptedOrderer) -> Iterator[Any]:
    with surface.OrdererAdmin(orderer.endpoint) as admin:
        yield admin
