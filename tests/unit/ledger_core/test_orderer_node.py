"""An orderer's node: its gRPC service over TLS, and reasons why it cannot start."""

import os
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import grpc
import pytest
import pytest_asyncio
from fabric_protos.common import common_pb2
from fabric_protos.orderer import ab_pb2

from pyfabric._grpc.options import CLIENT_OPTIONS
from pyfabric._operations.levels import Levels
from pyfabric.errors import NetworkError
from pyfabric.ledger.channel.channels import Channels
from pyfabric.ledger.config import OrdererConfig, TLSFiles
from pyfabric.ledger.nodes.operations import Watching
from pyfabric.ledger.nodes.orderer import OrdererNode
from pyfabric.ledger.ordering.chains import Chains
from pyfabric.ledger.traces import Traces
from tests.support.municipal import records
from tests.support.rules import history
from tests.support.transport.tls import TLSMaterial, tls_material

BROADCAST = "/orderer.AtomicBroadcast/Broadcast"
DELIVER = "/orderer.AtomicBroadcast/Deliver"


def now() -> datetime:
    return datetime.now(UTC)


WATCHING = Watching(Levels(), now)


@dataclass
class Running:
    """A listening orderer in the channel of the vectors, and how it was made."""

    config: OrdererConfig
    chains: Chains
    node: OrdererNode
    channel: grpc.aio.Channel


def msp_folder(folder: Path) -> Path:
    """Return the orderer organisation's administrator as a local MSP."""
    identity = records.identity("Admin@ord").identity
    (folder / "signcerts").mkdir(parents=True)
    (folder / "keystore").mkdir()
    (folder / "signcerts" / "cert.pem").write_bytes(identity.certificate)
    key = (history.FOLDER / "identities" / "Admin@ord.test.key").read_bytes()
    (folder / "keystore" / "key.pem").write_bytes(key)
    return folder


def configuration(
    folder: Path, server: TLSMaterial, *, address: str = "127.0.0.1:0"
) -> OrdererConfig:
    return OrdererConfig(
        name="orderer0",
        msp_id="OrdererMSP",
        address=address,
        msp=msp_folder(folder / "msp"),
        tls=TLSFiles(certificate=server.certificate, key=server.key),
        admin_address="127.0.0.1:0",
        admin_client_roots=server.root,
    )


@pytest_asyncio.fixture
async def running(tmp_path: Path) -> AsyncIterator[Running]:
    server = tls_material(tmp_path / "tls", "Orderer")
    config = configuration(tmp_path, server)
    ledgers = Channels(tmp_path / "channels")
    chains = Chains(ledgers, lambda: os.urandom(24), Traces())
    ledger = ledgers.create(records.genesis_with(server.certificate.read_bytes()))
    ledger.join("orderer:orderer0")
    node = await OrdererNode.start(config, chains, now, WATCHING)
    credentials = grpc.ssl_channel_credentials(server.root.read_bytes())
    async with grpc.aio.secure_channel(
        f"127.0.0.1:{node.port}", credentials, CLIENT_OPTIONS
    ) as channel:
        yield Running(config, chains, node, channel)
    await node.stop()
    await chains.close()
    ledgers.close()


async def answers(running: Running, method: str, parse: type, *requests: bytes) -> list[object]:
    call = running.channel.stream_stream(method, response_deserializer=parse.FromString)
    return [answer async for answer in call(iter(requests))]


@pytest.mark.asyncio
async def test_messages_are_answered_one_by_one_until_one_is_refused(running: Running) -> None:
    good = records.signed(b"x", nonce=b"1")
    bad = records.signed(b"x", channel="nochan")
    found = await answers(
        running, BROADCAST, ab_pb2.BroadcastResponse, good, bad, records.signed(b"x", nonce=b"2")
    )
    assert found == [
        ab_pb2.BroadcastResponse(status=common_pb2.SUCCESS),
        ab_pb2.BroadcastResponse(status=common_pb2.BAD_REQUEST, info="channel does not exist"),
    ]


@pytest.mark.asyncio
async def test_blocks_are_delivered(running: Running) -> None:
    assert (await running.node.broadcast(records.signed(b"x")))[0] == 200
    seek = records.seek(0, 1, fail=False, moment=now())
    found = await answers(running, DELIVER, ab_pb2.DeliverResponse, seek)
    assert found[0] == ab_pb2.DeliverResponse(
        block=records.genesis_with(running.config.tls.certificate.read_bytes())
    )
    assert found[1].block.header.number == 1
    assert found[2:] == [ab_pb2.DeliverResponse(status=common_pb2.SUCCESS)]


@pytest.mark.asyncio
async def test_what_stops_an_orderer_from_starting_is_named(
    running: Running, tmp_path: Path
) -> None:
    config = running.config
    taken = f"127.0.0.1:{running.node.port}"
    with pytest.raises(NetworkError, match=taken):
        await OrdererNode.start(
            config.model_copy(update={"address": taken}), running.chains, now, WATCHING
        )
    taken = f"127.0.0.1:{running.node.admin_port}"
    with pytest.raises(NetworkError, match=taken):
        await OrdererNode.start(
            config.model_copy(update={"admin_address": taken}), running.chains, now, WATCHING
        )
    missing = config.tls.model_copy(update={"certificate": tmp_path / "missing.pem"})
    with pytest.raises(NetworkError, match=r"missing\.pem"):
        await OrdererNode.start(
            config.model_copy(update={"tls": missing}), running.chains, now, WATCHING
        )
