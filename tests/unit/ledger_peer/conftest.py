"""A network of three departments with one chaincode, shared by the tests of a module."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from fabric_protos.peer import chaincode_shim_pb2, proposal_pb2

from tests.support.contracts.scripted_contract import Call, Kind, ScriptedContract
from tests.support.ledger.ledger import LedgerNetwork
from tests.support.ledger.raw_gateway import RawGateway


class Contracts:
    """The departments' contract servers; `differ` makes their answers disagree."""

    def __init__(self, network: LedgerNetwork, package_id: str) -> None:
        self.network = network
        self.package_id = package_id
        self.servers: dict[str, ScriptedContract] = {}
        self.held = asyncio.Event()
        self.entered = asyncio.Event()

    async def start(self, *names: str) -> None:
        for name in names or self.network.departments:
            department = self.network.departments[name]
            tls = department.tls("contract")

            async def behave(call: Call, name: str = name) -> None:
                await self.behave(name, call)

            server = self.servers[name] = ScriptedContract(self.package_id, behave)
            await server.start(
                department.contract_address, tls.certificate.read_bytes(), tls.key.read_bytes()
            )

    async def stop(self, *names: str) -> None:
        for name in names or tuple(self.servers):
            await self.servers.pop(name).stop()
            while self.connected(name):
                await asyncio.sleep(0.01)

    def connected(self, name: str) -> bool:
        """Return whether a department's peer still believes in its stream to the contract."""
        node = self.network.node
        assert node is not None
        peer = node.peers[self.network.departments[name].peer_name].peer
        stream = peer.contracts._streams.get(self.package_id)
        return stream is not None and not stream.ended

    async def behave(self, name: str, call: Call) -> None:
        function = call.arguments[0].decode() if call.arguments else ""
        arguments = call.arguments[1:]
        handler = getattr(self, f"do_{function}", None)
        if handler is None:
            await call.complete(status=500, text=f"no function {function}")
        else:
            await handler(name, call, *arguments)

    async def do_put(self, _: str, call: Call, key: bytes, value: bytes) -> None:
        await call.put(key.decode(), value)
        await call.complete(b"ok", event="put")

    async def do_get(self, _: str, call: Call, key: bytes) -> None:
        await call.complete(await call.get(key.decode()))

    async def do_add(self, _: str, call: Call, key: bytes) -> None:
        value = int(await call.get(key.decode()) or b"0") + 1
        await call.put(key.decode(), str(value).encode())
        await call.complete(str(value).encode())

    async def do_status(self, _: str, call: Call, status: bytes, text: bytes) -> None:
        await call.complete(b"body", status=int(status), text=text.decode())

    async def do_differ(self, name: str, call: Call) -> None:
        await call.put("k", name.encode())
        await call.complete(b"ok")

    async def do_transient(self, _: str, call: Call) -> None:
        proposal = proposal_pb2.Proposal.FromString(call.message.proposal.proposal_bytes)
        payload = proposal_pb2.ChaincodeProposalPayload.FromString(proposal.payload)
        await call.complete(payload.TransientMap["secret"])

    async def do_hold(self, _: str, call: Call) -> None:
        self.entered.set()
        await self.held.wait()
        await call.complete(b"held")

    async def do_die(self, name: str, _call: Call) -> None:
        server = self.servers[name]
        assert server._server is not None
        await server._server.stop(None)

    async def do_nonsense(self, _: str, call: Call) -> None:
        message = chaincode_shim_pb2.ChaincodeMessage(
            type=Kind.COMPLETED,
            payload=b"\xff\xff",
            txid=call.message.txid,
            channel_id=call.message.channel_id,
        )
        await call.send(message)

    async def do_error(self, _: str, call: Call) -> None:
        message = chaincode_shim_pb2.ChaincodeMessage(
            type=Kind.ERROR,
            payload=b"it went wrong",
            txid=call.message.txid,
            channel_id=call.message.channel_id,
        )
        await call.send(message)

    async def do_query(self, _: str, call: Call) -> None:
        request = chaincode_shim_pb2.GetQueryResult(query="{}")
        await call.complete(await call.ask(Kind.GET_QUERY_RESULT, request))

    async def do_private(self, _: str, call: Call) -> None:
        request = chaincode_shim_pb2.GetState(key="k", collection="c")
        await call.complete(await call.ask(Kind.GET_STATE, request))

    async def do_seal(self, _: str, call: Call, key: bytes, policy: bytes) -> None:
        entry = chaincode_shim_pb2.StateMetadata(metakey="VALIDATION_PARAMETER", value=policy)
        request = chaincode_shim_pb2.PutStateMetadata(key=key.decode(), metadata=entry)
        await call.ask(Kind.PUT_STATE_METADATA, request)
        await call.complete(b"sealed")

    async def do_sealed(self, _: str, call: Call, key: bytes) -> None:
        request = chaincode_shim_pb2.GetStateMetadata(key=key.decode())
        await call.complete(await call.ask(Kind.GET_STATE_METADATA, request))


class World:
    """Everything a test needs."""

    def __init__(self, network: LedgerNetwork, contracts: Contracts) -> None:
        self.network = network
        self.contracts = contracts
        self.gateways = {
            name: RawGateway(department.peer) for name, department in network.departments.items()
        }

    @property
    def gateway(self) -> RawGateway:
        """The first department's peer."""
        return next(iter(self.gateways.values()))


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def world(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[World]:
    """Provide a running network with the chaincode `asset` and its contracts."""
    folder: Path = tmp_path_factory.mktemp("network")
    network = LedgerNetwork.make(folder)
    async with network.running():
        await network.create_channel()
        package_id = await network.deploy("asset")
        contracts = Contracts(network, package_id)
        await contracts.start()
        made = World(network, contracts)
        try:
            yield made
        finally:
            for gateway in made.gateways.values():
                await gateway.close()
            await contracts.stop()
