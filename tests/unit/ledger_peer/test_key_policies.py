"""Key-level endorsement policies, which replace the chaincode's for the keys that have one."""

import pytest

from pyfabric.rules.policies.syntax import parse_signature_policy
from tests.support.ledger.ledger import CHANNEL
from tests.support.ledger.raw_gateway import Draft, sign_envelope
from tests.unit.ledger_peer.conftest import World

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def outcome(world: World, *arguments: bytes, organizations: tuple[str, ...] = ()) -> int:
    user = world.network.first.user()
    proposal = Draft(user, CHANNEL, "asset", arguments).fixed()
    endorsed = await world.gateway.endorse(proposal, *organizations)
    assert endorsed.code == "OK", endorsed
    envelope = sign_envelope(user, endorsed.response.prepared_transaction)
    assert (await world.gateway.submit(CHANNEL, envelope)).code == "OK"
    status = await world.gateway.status(user, CHANNEL, proposal.id)
    return int(status.response.result)


async def test_the_gateway_plans_for_the_key(world: World) -> None:
    policy = parse_signature_policy("OR('HaidianMSP.peer')").SerializeToString()
    assert await outcome(world, b"put", b"sealed", b"1") == 0
    assert await outcome(world, b"seal", b"sealed", policy) == 0
    answer = await world.gateway.evaluate(
        Draft(world.network.first.user(), CHANNEL, "asset", [b"sealed", b"sealed"])
    )
    assert policy in answer.response.result.payload
    assert await outcome(world, b"put", b"sealed", b"2") == 0
    two = ("EconInfoMSP", "MktSupMSP")
    assert await outcome(world, b"put", b"sealed", b"3", organizations=two) == 10
    assert await outcome(world, b"put", b"sealed", b"4", organizations=("HaidianMSP",)) == 0
