"""A network with a source and a consumer channel, and a proof that its own peers and orderer have made."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from fabric_protos.common import common_pb2
from fabric_protos.msp import identities_pb2
from fabric_protos.peer import proposal_response_pb2, transaction_pb2
from pyfabric_network.network import ANY_FREE_PORT, Network
from pyfabric_network.profile import load_profile, profile_file
from pyfabric_network.runtimes.runtime import RuntimeName

from pyfabric.gateway import Gateway, connect
from pyfabric.gateway.admin import Admin
from pyfabric.identity.signing import SigningIdentity
from pyfabric.messages.blocks import parse_block
from pyfabric.messages.prepared import PreparedTransaction
from pyfabric.sharing import canonical
from pyfabric.sharing.inclusion import BlockSignature, Inclusion
from pyfabric.sharing.proof_file import ProofFile
from pyfabric.sharing.requests import Audience, Request, SignedRequest, Source
from pyfabric.sharing.trust import TrustRecord, first_record
from tests.support.network.programs import fabric_programs
from tests.support.paths import TESTS

CONTRACT = TESTS / "support" / "contracts" / "answering_contract.py"
TOPOLOGY = """\
name: proofs
departments:
  Land: { users: { relay: {} } }
  Tax: {}
  Water: {}
  Buyer: { users: { asker: {} } }
ordering: { nodes: [Land], batch: { timeout: 50ms } }
channels:
  credit: { departments: [Land, Tax, Water], contracts: [interop] }
  sales: { departments: [Buyer] }
contracts:
  interop:
    version: "1.0"
    classes: ["answering_contract:Interop"]
    endorsement: OutOf(2, 'LandMSP.peer', 'TaxMSP.peer', 'WaterMSP.peer')
"""
DEPARTMENTS = ("LandMSP", "TaxMSP", "WaterMSP")


@dataclass(frozen=True)
class Made:
    """What was made: two proofs of one answer, with and without inclusion, both records, and when."""

    proof: bytes
    included: bytes
    source: TrustRecord
    consumer: TrustRecord
    genesis: dict[str, bytes]
    moment: int


@contextmanager
def running(folder: Path, runtime: RuntimeName) -> Iterator[Network]:
    """Yield the network, up on free ports with its contract; down afterwards."""
    (folder / CONTRACT.name).write_text(CONTRACT.read_text())
    (folder / "topology.yaml").write_text(TOPOLOGY)
    network = Network.prepare(
        folder / "topology.yaml",
        folder / "state",
        base_port=ANY_FREE_PORT,
        runtime=runtime,
        programs=fabric_programs(),
    )
    network.up()
    try:
        network.deploy()
        yield network
    finally:
        network.down(delete=True)


def make(network: Network) -> Made:
    """Ask, open and answer a request, have the answer ordered, and return proofs of it."""
    moment = int(datetime.now(UTC).timestamp())
    versions = tuple(one.version for one in network.plan.channels["credit"].contracts)
    genesis = {name: network.plan.channels[name].block.read_bytes() for name in ("credit", "sales")}
    source, consumer = (
        first_record(block, block, versions=versions, moment=moment) for block in genesis.values()
    )
    profiles = {
        name: load_profile(profile_file(network.plan, network.plan.department(name)))
        for name in ("Land", "Buyer")
    }
    signed = _request(source, consumer, profiles["Buyer"].user("asker"), moment)
    land = profiles["Land"]
    with connect(land.user("relay"), land.peers) as gateway:
        contract = gateway.network("credit").contract("interop")
        contract.submit("record", source.net, "91310000MA1FL0XX1X", "2 penalties")
        contract.submit("open", signed.body.decode())
        prepared = _answer(gateway, signed)
        payload = _in_order(prepared.message)
        ordered = _ordered(gateway, prepared, payload, land.user("relay"))
    proof = ProofFile(payload, signed)
    with Admin(land.administrators["LandMSP"]) as admin:
        block = parse_block(admin.block(land.peers[0], "credit", ordered))
    return Made(
        proof.to_bytes(),
        replace(proof, inclusion=inclusion_of(block, payload)).to_bytes(),
        source,
        consumer,
        genesis,
        moment + 1,
    )


def _request(
    source: TrustRecord, consumer: TrustRecord, requester: SigningIdentity, moment: int
) -> SignedRequest:
    request = Request(
        source=Source(source.net, source.channel, "credit", "EffectivePenalties"),
        args=("91310000MA1FL0XX1X",),
        purpose="land sale",
        audience=Audience(consumer.net, consumer.channel, requester.msp_id),
        created=moment,
        not_after=moment + 3600,
        nonce="ab" * 32,
    )
    header = common_pb2.SignatureHeader(creator=requester.serialized(), nonce=b"r" * 24)
    unsigned = SignedRequest(canonical.write(request), header.SerializeToString(), b"")
    return replace(unsigned, signature=requester.sign(unsigned.message))


def _answer(gateway: Gateway, signed: SignedRequest) -> PreparedTransaction:
    contract = gateway.network("credit").contract("interop")
    proposal = contract.new_proposal(
        "answer", signed.digest, endorsing_organizations=list(DEPARTMENTS)
    )
    return PreparedTransaction.from_bytes(proposal.endorse().bytes())


def _in_order(payload: bytes) -> bytes:
    """Return a transaction with its endorsements in the order that proofs have them: by MSP id."""
    message = common_pb2.Payload.FromString(payload)
    transaction = transaction_pb2.Transaction.FromString(message.data)
    body = transaction_pb2.ChaincodeActionPayload.FromString(transaction.actions[0].payload)
    endorsements = sorted(body.action.endorsements, key=_endorser)
    del body.action.endorsements[:]
    body.action.endorsements.extend(endorsements)
    transaction.actions[0].payload = body.SerializeToString()
    message.data = transaction.SerializeToString()
    return message.SerializeToString()


def _endorser(endorsement: proposal_response_pb2.Endorsement) -> str:
    return identities_pb2.SerializedIdentity.FromString(endorsement.endorser).mspid


def _ordered(
    gateway: Gateway, prepared: PreparedTransaction, payload: bytes, relay: SigningIdentity
) -> str:
    """Submit the transaction, and return its id."""
    unsigned = PreparedTransaction(
        prepared.transaction_id, prepared.channel, prepared.result, payload
    )
    transaction = gateway.new_signed_transaction(unsigned.to_bytes(), relay.sign(payload))
    transaction.submit().status().raise_unless_valid()
    return prepared.transaction_id


def inclusion_of(block: common_pb2.Block, payload: bytes) -> Inclusion:
    """Return the inclusion of a transaction in a block."""
    slot = common_pb2.Metadata.FromString(block.metadata.metadata[0])
    return Inclusion(
        block=block.header.number,
        previous_hash=block.header.previous_hash,
        entries=tuple(block.data.data),
        position=_position(block.data.data, payload),
        metadata=slot.value,
        signatures=tuple(
            BlockSignature(one.signature_header or one.identifier_header, one.signature)
            for one in slot.signatures
        ),
    )


def _position(entries: Sequence[bytes], payload: bytes) -> int:
    return [common_pb2.Envelope.FromString(one).payload for one in entries].index(payload)
