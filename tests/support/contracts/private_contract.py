"""A network with a contract for private data collections that sends raw protocol messages."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fabric_protos.ledger.queryresult import kv_query_result_pb2
from fabric_protos.peer import chaincode_shim_pb2, collection_pb2, proposal_pb2

from pyfabric.rules.policies.syntax import parse_signature_policy
from tests.support.contracts.scripted_contract import Call, Kind, ScriptedContract
from tests.support.ledger.ledger import CHANNEL, LedgerNetwork
from tests.support.ledger.raw_gateway import Draft, Outcome, RawGateway, sign_envelope

NAME = "secrets"
TWO = "OR('EconInfoMSP.member', 'MktSupMSP.member')"
ALL = "OR('EconInfoMSP.member', 'MktSupMSP.member', 'HaidianMSP.member')"


def collection(name: str, members: str, **fields: Any) -> collection_pb2.StaticCollectionConfig:
    """Return a collection's definition; `endorsement` is an expression."""
    endorsement = fields.pop("endorsement", None)
    made = collection_pb2.StaticCollectionConfig(name=name, **{"maximum_peer_count": 3, **fields})
    made.member_orgs_policy.signature_policy.CopyFrom(parse_signature_policy(members))
    if endorsement is not None:
        made.endorsement_policy.signature_policy.CopyFrom(parse_signature_policy(endorsement))
    return made


COLLECTIONS = collection_pb2.CollectionConfigPackage(
    config=[
        collection_pb2.CollectionConfig(static_collection_config=one)
        for one in (
            collection("pair", TWO, member_only_read=True, member_only_write=True),
            collection("open", TWO),
            collection("brief", ALL, block_to_live=2),
            collection("demanding", TWO, required_peer_count=2),
            collection("unshared", ALL, maximum_peer_count=0),
            collection("odd", TWO, endorsement="AND('HaidianMSP.peer')"),
            collection("clients", "OR('EconInfoMSP.client', 'MktSupMSP.member')"),
            collection("one", TWO, endorsement="OR('EconInfoMSP.peer')"),
        )
    ]
)


async def behave(call: Call) -> None:
    """Run the function that the first argument names."""
    function, *arguments = [argument.decode() for argument in call.arguments]
    payload = await _FUNCTIONS[function](call, *arguments)
    await call.complete(payload)


async def _put(call: Call, name: str, key: str, value: str = "") -> bytes:
    proposal = proposal_pb2.Proposal.FromString(call.message.proposal.proposal_bytes)
    transient = proposal_pb2.ChaincodeProposalPayload.FromString(proposal.payload).TransientMap
    given = value.encode() or transient["value"]
    request = chaincode_shim_pb2.PutState(collection=name, key=key, value=given)
    return await call.ask(Kind.PUT_STATE, request)


async def _get(call: Call, name: str, key: str) -> bytes:
    request = chaincode_shim_pb2.GetState(collection=name, key=key)
    return await call.ask(Kind.GET_STATE, request)


async def _hash(call: Call, name: str, key: str) -> bytes:
    request = chaincode_shim_pb2.GetState(collection=name, key=key)
    return await call.ask(Kind.GET_PRIVATE_DATA_HASH, request)


async def _increment(call: Call, name: str, key: str) -> bytes:
    value = int(await _get(call, name, key) or b"0") + 1
    return await _put(call, name, key, str(value))


async def _guarded(call: Call, name: str, key: str, value: str) -> bytes:
    await _hash(call, name, key)
    return await _put(call, name, key, value)


async def _delete(call: Call, name: str, key: str) -> bytes:
    request = chaincode_shim_pb2.DelState(collection=name, key=key)
    return await call.ask(Kind.DEL_STATE, request)


async def _purge(call: Call, name: str, key: str) -> bytes:
    request = chaincode_shim_pb2.DelState(collection=name, key=key)
    return await call.ask(Kind.PURGE_PRIVATE_DATA, request)


async def _many(call: Call, name: str, *keys: str) -> bytes:
    request = chaincode_shim_pb2.GetStateMultiple(collection=name, keys=keys)
    answer = await call.ask(Kind.GET_STATE_MULTIPLE, request)
    return b",".join(chaincode_shim_pb2.GetStateMultipleResult.FromString(answer).values)


async def _scan(call: Call, name: str, start: str = "", end: str = "") -> bytes:
    request = chaincode_shim_pb2.GetStateByRange(collection=name, startKey=start, endKey=end)
    answer = await call.ask(Kind.GET_STATE_BY_RANGE, request)
    response = chaincode_shim_pb2.QueryResponse.FromString(answer)
    found = [kv_query_result_pb2.KV.FromString(one.resultBytes) for one in response.results]
    return b",".join(f"{one.key}=".encode() + one.value for one in found)


async def _scan_then_put(call: Call, name: str) -> bytes:
    await _scan(call, name)
    return await _put(call, name, "k", "v")


async def _put_then_scan(call: Call, name: str) -> bytes:
    await _put(call, name, "k", "v")
    return await _scan(call, name)


async def _query(call: Call, name: str) -> bytes:
    request = chaincode_shim_pb2.GetQueryResult(collection=name, query="{}")
    return await call.ask(Kind.GET_QUERY_RESULT, request)


async def _seal(call: Call, name: str, key: str, expression: str) -> bytes:
    policy = parse_signature_policy(expression).SerializeToString()
    entry = chaincode_shim_pb2.StateMetadata(metakey="VALIDATION_PARAMETER", value=policy)
    request = chaincode_shim_pb2.PutStateMetadata(collection=name, key=key, metadata=entry)
    return await call.ask(Kind.PUT_STATE_METADATA, request)


async def _sealed(call: Call, name: str, key: str) -> bytes:
    request = chaincode_shim_pb2.GetStateMetadata(collection=name, key=key)
    return await call.ask(Kind.GET_STATE_METADATA, request)


async def _batch(call: Call, name: str) -> bytes:
    kinds = chaincode_shim_pb2.WriteRecord.Type
    request = chaincode_shim_pb2.WriteBatchState()
    request.rec.add(type=kinds.PUT_STATE, collection=name, key="a", value=b"1")
    request.rec.add(type=kinds.PUT_STATE, collection=name, key="b", value=b"2")
    request.rec.add(type=kinds.DEL_STATE, collection=name, key="a")
    request.rec.add(type=kinds.PURGE_PRIVATE_DATA, collection=name, key="c")
    return await call.ask(Kind.WRITE_BATCH_STATE, request)


_FUNCTIONS = {
    "put": _put,
    "get": _get,
    "hash": _hash,
    "increment": _increment,
    "guarded": _guarded,
    "delete": _delete,
    "purge": _purge,
    "many": _many,
    "scan": _scan,
    "scan_then_put": _scan_then_put,
    "put_then_scan": _put_then_scan,
    "query": _query,
    "seal": _seal,
    "sealed": _sealed,
    "batch": _batch,
}


@dataclass
class PrivateNetwork:
    """A running network with the contract, and a gateway a department."""

    network: LedgerNetwork
    gateways: dict[str, RawGateway]

    def draft(self, department: str, *arguments: str, value: str = "") -> Draft:
        """Return a proposal of a department's user; `value` goes into the transient data."""
        return Draft(
            self.network.departments[department].user(),
            CHANNEL,
            NAME,
            [argument.encode() for argument in arguments],
            transient={"value": value.encode()} if value else None,
        ).fixed()

    async def evaluate(
        self, department: str, *arguments: str, at: str = "", targets: Sequence[str] = ()
    ) -> Outcome:
        """Evaluate as a department's user, at the peer of the department `at`."""
        return await self.gateways[at or department].evaluate(
            self.draft(department, *arguments), *targets
        )

    async def read(self, department: str, *arguments: str) -> bytes | str:
        """Return a function's result, or the last part of its refusal."""
        answer = await self.evaluate(department, *arguments)
        if answer.code == "OK":
            payload: bytes = answer.response.result.payload
            return payload
        [(_, text)] = answer.details
        return text.partition(": transaction ID: ")[2].partition(": ")[2]

    async def submit(
        self,
        department: str,
        *arguments: str,
        value: str = "",
        organizations: Sequence[str] = (),
    ) -> int:
        """Submit and wait: the validation code."""
        proposal = self.draft(department, *arguments, value=value)
        return await self.submit_proposal(department, proposal, *organizations)

    async def submit_proposal(self, department: str, proposal: Draft, *organizations: str) -> int:
        """Submit and wait: the validation code."""
        gateway = self.gateways[department]
        endorsed = await gateway.endorse(proposal, *organizations)
        assert endorsed.code == "OK", endorsed
        envelope = sign_envelope(proposal.identity, endorsed.response.prepared_transaction)
        assert (await gateway.submit(CHANNEL, envelope)).code == "OK"
        status = await gateway.status(proposal.identity, CHANNEL, proposal.id)
        return int(status.response.result)

    @property
    def height(self) -> int:
        """The channel's height."""
        assert self.network.node is not None
        peer = next(iter(self.network.node.peers.values())).peer
        return peer.joined[CHANNEL].channel.height


@asynccontextmanager
async def serving(network: LedgerNetwork, package_id: str) -> AsyncIterator[PrivateNetwork]:
    """Yield a running network, with its contracts' servers."""
    servers = []
    for department in network.departments.values():
        tls = department.tls("contract")
        server = ScriptedContract(package_id, behave)
        await server.start(
            department.contract_address, tls.certificate.read_bytes(), tls.key.read_bytes()
        )
        servers.append(server)
    gateways = {
        name: RawGateway(department.peer) for name, department in network.departments.items()
    }
    try:
        yield PrivateNetwork(network, gateways)
    finally:
        for gateway in gateways.values():
            await gateway.close()
        for server in servers:
            await server.stop()


@asynccontextmanager
async def private_network(folder: Path) -> AsyncIterator[PrivateNetwork]:
    """Yield a network of three departments with the contract and its collections."""
    network = LedgerNetwork.make(folder)
    async with network.running():
        await network.create_channel()
        package_id = await network.deploy(NAME, collections=COLLECTIONS)
        async with serving(network, package_id) as made:
            yield made
