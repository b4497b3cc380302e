"""Streams of an idle network survive an hour's keepalives, which this test sends quickly.

Keepalives are a minute apart at the most often; gRPC's own clients cannot ping early, so a bare HTTP/2
client opens each stream beside the network's own.
"""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from fabric_protos.gateway import gateway_pb2
from fabric_protos.peer import chaincode_pb2, chaincode_shim_pb2
from pyfabric_network.connections import administrator, endpoint
from pyfabric_network.network import Network

from pyfabric.client.event_requests import chaincode_events_request
from pyfabric.gateway import Admin, Contract, connect
from pyfabric.identity.loading import load_msp_folder
from pyfabric.local.tls import http2_client_context
from tests.support.chaincode.fake_peer import Message, signed_proposal
from tests.support.network.network import running_network
from tests.support.transport.raw_http2 import DATA, PING, RawStream

CHANNEL, CONTRACT = "bills", "sample"
PINGS_OF_AN_HOUR = 60


@pytest.fixture(scope="module")
def network(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Network]:
    with running_network(tmp_path_factory.mktemp("idle")) as made:
        yield made


@contextmanager
def contract_of(network: Network) -> Iterator[Contract]:
    """Yield the contract, as the first department's administrator calls it."""
    tax = network.plan.department("Tax")
    with connect(administrator(tax), endpoint(tax.peers[0])) as gateway:
        yield gateway.network(CHANNEL).contract(CONTRACT)


async def an_hour_passes(stream: RawStream) -> None:
    """Send pings: the server answers each and never closes the connection."""
    for number in range(PINGS_OF_AN_HOUR):
        stream.ping(number.to_bytes(8, "big"))
        answer = await stream.until(PING, acknowledged=True)
        assert int.from_bytes(answer.payload, "big") == number


async def message(stream: RawStream) -> bytes:
    """Return the next message, which has to fit one frame."""
    return (await stream.until(DATA)).payload[5:]


@pytest.mark.asyncio
async def test_an_event_stream_still_delivers(network: Network) -> None:
    tax = network.plan.department("Tax")
    peer, user = endpoint(tax.peers[0]), administrator(tax)
    with Admin(user) as admin:
        height = admin.chain_info(peer, CHANNEL).height
    request = chaincode_events_request(user.serialized(), CHANNEL, CONTRACT, height, None)
    path = "/gateway.Gateway/ChaincodeEvents"
    assert peer.tls_roots is not None
    tls = http2_client_context(peer.tls_roots, None, None)
    async with RawStream(peer.address, path, tls=tls) as stream:
        stream.message(request.signed(user.sign(request.message)).to_bytes(), last=True)
        await an_hour_passes(stream)
        with contract_of(network) as contract:
            submitted = contract.submit_async("put", "idle", "event")
            status = submitted.status()
        events = gateway_pb2.ChaincodeEventsResponse.FromString(await message(stream))
        assert events.block_number == status.block_number
        assert [(e.tx_id, e.event_name, e.payload) for e in events.events] == [
            (submitted.transaction_id, "put", b"idle")
        ]


@pytest.mark.asyncio
async def test_a_contract_still_serves_its_peer(network: Network) -> None:
    tax = network.plan.department("Tax")
    served = network.plan.contracts[CONTRACT].service
    assert served is not None
    address = str(tax.contract_address(served.slot))
    client = tax.contract_client
    tls = http2_client_context(
        tax.contract_host.tls_roots.read_bytes(),
        client.tls_certificate.read_bytes(),
        client.tls_key.read_bytes(),
    )
    async with RawStream(address, "/protos.Chaincode/Connect", tls=tls) as stream:
        registration = chaincode_shim_pb2.ChaincodeMessage.FromString(await message(stream))
        assert registration.type == Message.REGISTER
        for kind in (Message.REGISTERED, Message.READY):
            stream.message(chaincode_shim_pb2.ChaincodeMessage(type=kind).SerializeToString())
        await an_hour_passes(stream)
        call = chaincode_shim_pb2.ChaincodeMessage(
            type=Message.TRANSACTION,
            txid="late",
            channel_id=CHANNEL,
            payload=chaincode_pb2.ChaincodeInput(args=[b"role"]).SerializeToString(),
        )
        clerk = tax.users["clerk"].msp
        call.proposal.CopyFrom(signed_proposal(load_msp_folder(clerk, tax.msp_id).serialized()))
        stream.message(call.SerializeToString())
        answer = chaincode_shim_pb2.ChaincodeMessage.FromString(await message(stream))
        assert (answer.type, answer.txid) == (Message.COMPLETED, "late")
        assert b"clerk" in answer.payload
    with contract_of(network) as contract:
        assert contract.submit("put", "idle", "transaction") == b"transaction"
