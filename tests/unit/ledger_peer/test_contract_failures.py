"""Contracts that are not reachable, die, are slow or send invalid results: the client's errors."""

import socket

import pytest
from fabric_protos.peer import proposal_response_pb2

from pyfabric.errors import ContractError
from pyfabric.ledger.peer.chaincodes import Contracts, Kind, LaunchError
from pyfabric.ledger.peer.connection import Connection
from tests.support.ledger.ledger import CHANNEL
from tests.support.ledger.raw_gateway import Draft, sign_envelope
from tests.unit.ledger_peer.conftest import World

pytestmark = pytest.mark.asyncio(loop_scope="module")

FAILED_ENDORSE = "failed to endorse transaction, see attached details for more info"
FAILED_EVALUATE = "failed to evaluate transaction, see attached details for more info"


def draft(world: World, *arguments: bytes) -> Draft:
    return Draft(world.network.first.user(), CHANNEL, "asset", arguments).fixed()


async def test_contract_that_is_away(world: World) -> None:
    await world.contracts.stop()
    package_id = world.contracts.package_id
    proposal = draft(world, b"get", b"k")
    evaluated = await world.gateway.evaluate(proposal)
    texts = {
        department.msp_id: (
            f"error in simulation: failed to execute transaction {proposal.id}: could not launch "
            f"chaincode {package_id}: connection to {package_id} failed: error cannot create "
            f"connection for {package_id}: error creating grpc connection to "
            f"{department.contract_address}: failed to create new connection: connection error: "
            'desc = "transport: error while dialing: dial tcp '
            f'{department.contract_address}: connect: connection refused"'
        )
        for department in world.network.departments.values()
    }
    assert (evaluated.code, evaluated.message) == ("ABORTED", FAILED_EVALUATE)
    assert evaluated.details[0][0] == "EconInfoMSP"
    assert dict(evaluated.details) == texts
    endorsed = await world.gateway.endorse(proposal)
    own = ("EconInfoMSP", texts["EconInfoMSP"])
    assert (endorsed.code, endorsed.message) == ("ABORTED", FAILED_ENDORSE)
    assert endorsed.details == (own,)
    await world.contracts.start()
    assert (await world.gateway.evaluate(proposal)).code == "OK"


async def test_contract_that_dies_in_a_call(world: World) -> None:
    proposal = draft(world, b"die")
    endorsed = await world.gateway.endorse(proposal)
    text = (
        f"error in simulation: failed to execute transaction {proposal.id}: error sending: "
        "chaincode stream terminated"
    )
    assert endorsed.details == (("EconInfoMSP", text),)
    await world.contracts.stop("EconInfo")
    elsewhere = await world.gateway.evaluate(draft(world, b"get", b"k"))
    assert elsewhere.code == "OK"
    await world.contracts.start("EconInfo")
    calls = world.contracts.servers["EconInfo"].calls
    assert (await world.gateway.evaluate(draft(world, b"get", b"k"))).code == "OK"
    assert world.contracts.servers["EconInfo"].calls == calls + 1


@pytest.mark.parametrize(
    ("function", "text"),
    [
        (
            b"nonsense",
            (
                "error in simulation: failed to unmarshal response for transaction {}: proto: cannot "
                "parse invalid wire-format data"
            ),
        ),
        (
            b"error",
            "error in simulation: transaction returned with failure: it went wrong",
        ),
    ],
)
async def test_bad_answers(world: World, function: bytes, text: str) -> None:
    proposal = draft(world, function)
    endorsed = await world.gateway.endorse(proposal)
    assert endorsed.code == "ABORTED"
    assert endorsed.details == (("EconInfoMSP", text.format(proposal.id)),)


async def test_contract_that_does_not_answer(world: World) -> None:
    world.contracts.held.clear()
    department = world.network.first
    peer = world.network.node.peers[department.peer_name].peer  # type: ignore[union-attr]
    contracts = Contracts(peer._connection, execute_timeout=0.2)
    before, peer.contracts = peer.contracts, contracts
    proposal = draft(world, b"hold")
    try:
        answer = await world.gateway.process(proposal)
    finally:
        peer.contracts = before
        world.contracts.held.set()
        await contracts.close()
    assert answer.response.response == proposal_response_pb2.Response(
        status=500,
        message=f"error in simulation: failed to execute transaction {proposal.id}: error sending: "
        "timeout expired while executing transaction",
    )


async def test_server_that_says_nothing() -> None:
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        place = f"127.0.0.1:{silent.getsockname()[1]}"
        contracts = Contracts(lambda _: Connection(place, 0.3))
        with pytest.raises(ContractError, match="context deadline exceeded"):
            await contracts.execute("asset:00", Kind.TRANSACTION, b"", None)  # type: ignore[arg-type]
        await contracts.close()


async def test_contract_that_registers_as_another(world: World) -> None:
    department = world.network.first
    connection = Connection(department.contract_address, 5.0, department.tls_ca.certificate_pem)
    contracts = Contracts(lambda _: connection, startup_timeout=0.3)
    with pytest.raises(
        ContractError, match="timeout expired while starting chaincode other:00 for transaction"
    ):
        await contracts.execute("other:00", Kind.TRANSACTION, b"", None)  # type: ignore[arg-type]
    await contracts.close()
    assert issubclass(LaunchError, ContractError)


async def test_init_is_required_once(world: World) -> None:
    network = world.network
    await network.deploy("asset", sequence=2, version="2.0", init_required=True)
    user = network.first.user()
    plain = Draft(user, CHANNEL, "asset", [b"put", b"a", b"1"]).fixed()
    refusal = await world.gateway.endorse(plain)
    assert refusal.details[0][1] == (
        f"error in simulation: failed to execute transaction {plain.id}: invalid invocation: "
        "chaincode 'asset' has not been initialized for this version, must call as init first"
    )
    await submit(world, plain.but(is_init=True, nonce=None).fixed())
    await submit(world, plain.but(nonce=None).fixed())
    again = plain.but(is_init=True, nonce=None).fixed()
    refusal = await world.gateway.endorse(again)
    assert refusal.details[0][1].endswith(
        "invalid invocation: chaincode 'asset' is already initialized but called as init"
    )


async def submit(world: World, proposal: Draft) -> None:
    prepared = (await world.gateway.endorse(proposal)).response.prepared_transaction
    envelope = sign_envelope(proposal.identity, prepared)
    assert (await world.gateway.submit(CHANNEL, envelope)).code == "OK"
    status = await world.gateway.status(proposal.identity, CHANNEL, proposal.id)
    assert status.response.result == 0
