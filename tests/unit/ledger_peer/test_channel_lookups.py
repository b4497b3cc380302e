"""A request looks its channel up once, where it comes in; everything behind is handed the channel itself."""

import pytest

from pyfabric.errors import ValidationCode
from pyfabric.ledger.peer.peer import JoinedChannel, Peer
from tests.support.ledger.ledger import CHANNEL
from tests.support.ledger.raw_gateway import Draft, sign_envelope
from tests.unit.ledger_peer.conftest import World

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest.fixture
def lookups(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Return the peers that looked a channel up, in order."""
    found: list[str] = []
    original = Peer.channel

    def channel(peer: Peer, channel_id: str) -> JoinedChannel | None:
        found.append(peer.name)
        return original(peer, channel_id)

    monkeypatch.setattr(Peer, "channel", channel)
    return found


async def test_each_request_of_a_submit_looks_up_its_channel_once(
    world: World, lookups: list[str]
) -> None:
    user, gateway = world.network.first.user(), world.gateway
    own = world.network.first.peer_name
    proposal = Draft(user, CHANNEL, "asset", (b"put", b"looked", b"up")).fixed()
    endorsed = await gateway.endorse(proposal)
    assert lookups == [own]
    envelope = sign_envelope(user, endorsed.response.prepared_transaction)
    assert (await gateway.submit(CHANNEL, envelope)).code == "OK"
    assert lookups == [own, own]
    status = await gateway.status(user, CHANNEL, proposal.id)
    assert status.response.result == ValidationCode.VALID
    assert lookups == [own, own, own]


async def test_an_evaluation_looks_up_its_channel_once(world: World, lookups: list[str]) -> None:
    proposal = Draft(world.network.first.user(), CHANNEL, "asset", (b"get", b"looked"))
    assert (await world.gateway.evaluate(proposal)).code == "OK"
    assert (await world.gateway.process(proposal)).code == "OK"
    assert lookups == [world.network.first.peer_name] * 2
