"""Proofs for tests: two channels of one name and their keys, and proofs between them, right ones and others.

A proof is made layer by layer. An edit changes one layer before the next is made over it, so that the hashes and signatures
around it are right, as those of a hostile department are.
"""

from collections.abc import Callable, Sequence
from copy import copy
from dataclasses import dataclass, field, replace
from functools import cache
from hashlib import sha256
from typing import Any

from fabric_protos.common import common_pb2
from fabric_protos.ledger.rwset import rwset_pb2
from fabric_protos.ledger.rwset.kvrwset import kv_rwset_pb2
from fabric_protos.peer import chaincode_pb2, proposal_pb2, proposal_response_pb2, transaction_pb2

from pyfabric.errors import DecodeError
from pyfabric.identity.signing import SigningIdentity
from pyfabric.messages.decoding import decode
from pyfabric.messages.envelopes import transaction_id
from pyfabric.messages.proposals import proposal_hash
from pyfabric.sharing import canonical
from pyfabric.sharing.consumer import RequestState, Snapshot
from pyfabric.sharing.inclusion import BlockSignature, Inclusion
from pyfabric.sharing.proof_file import PrivatePart, ProofFile
from pyfabric.sharing.recorded import RecordedPolicy
from pyfabric.sharing.requests import (
    Answer,
    Audience,
    Commitment,
    Request,
    SignedRequest,
    Source,
    commitment,
)
from pyfabric.sharing.trust import TrustRecord, first_record
from tests.support.ledger.ordering import CHANNEL, NOW, Council
from tests.support.rules.signed_chain import Chain

MOMENT = int(NOW.timestamp())
RESULT = {"entity": "91310000MA1FL0XX1X", "penalties": 2, "note": "欠缴"}
PRIVATE = (
    PrivatePart("holder/name", bytes(range(32)), "王".encode()),
    PrivatePart("note", bytes(32), b""),
)
POLICY = "OutOf(2, 'LandMSP.peer', 'TaxMSP.peer', 'WaterMSP.peer')"
Edits = dict[str, Callable[[Any], Any]]


@dataclass
class World:
    """A source channel with three departments and a consumer's with one, their records and what the consumer recorded."""

    source: Chain
    consumer: Chain
    record: TrustRecord
    own: TrustRecord
    policy: RecordedPolicy
    requests: dict[str, RequestState] = field(default_factory=dict)

    @property
    def snapshot(self) -> Snapshot:
        """What the consumer knows."""
        return Snapshot(
            net=self.own.net,
            channel=self.own.channel,
            records=(self.record, self.own),
            policies=(self.policy,),
            requests=self.requests,
            imports={},
        )

    def peer(self, department: int) -> SigningIdentity:
        """Return a peer of a department of the source."""
        return self.source.council.departments[department].identity("peer0", "peer")

    @property
    def requester(self) -> SigningIdentity:
        """Return the user who asks."""
        return self.consumer.council.departments[0].identity("user", "client")

    def request(self, nonce: str = "ab" * 32) -> Request:
        """Return a request of the consumer."""
        source = self.policy.source
        audience = Audience(self.own.net, self.own.channel, self.requester.msp_id)
        return Request(
            source=source,
            args=("91310000MA1FL0XX1X", ""),
            purpose="land sale",
            audience=audience,
            created=MOMENT - 60,
            not_after=MOMENT + 3600,
            nonce=nonce,
        )


def record_of(chain: Chain) -> TrustRecord:
    """Return the record of a channel by its newest configuration."""
    return first_record(
        chain.raws[0],
        chain.newest_config.SerializeToString(),
        versions=("1.0",),
        moment=MOMENT - 3600,
    )


@cache
def world(*, bft: bool = False) -> World:
    """Return two channels, the same ones each time; the source is ordered by BFT on demand."""
    return new_world(Council(4 if bft else 1, bft=bft, departments=("Land", "Tax", "Water")))


def new_world(council: Council) -> World:
    """Return a source of that council, and a consumer."""
    source, consumer = Chain(council), Chain(Council(1, bft=False, departments=("Buyer",)))
    record, own = record_of(source), record_of(consumer)
    function = Source(record.net, CHANNEL, "credit", "EffectivePenalties")
    return World(source, consumer, record, own, RecordedPolicy(function, POLICY))


@dataclass
class Making:
    """One proof in the making: who endorses and asks, what is private, and the edits by the name of their layer."""

    world: World
    endorsers: Sequence[SigningIdentity]
    requester: SigningIdentity
    private: Sequence[PrivatePart]
    edits: Edits
    remember: bool

    def _edited(self, layer: str, value: Any) -> Any:
        return self.edits.get(layer, lambda same: same)(value)

    def _bytes(self, layer: str, message: Any) -> bytes:
        """Return a message's bytes; an edit of the layer changes the message, one of `layer bytes` what it becomes."""
        edited = self._edited(layer, message)
        raw: bytes = self._edited(f"{layer} bytes", edited.SerializeToString(deterministic=True))
        return raw

    def request(self) -> SignedRequest:
        """Return the request, signed."""
        body = self._edited(
            "request bytes", canonical.write(self._edited("request", self.world.request()))
        )
        header = self._bytes(
            "request header",
            common_pb2.SignatureHeader(creator=self.requester.serialized(), nonce=b"r" * 24),
        )
        unsigned = SignedRequest(body, header, b"")
        signature = self._edited("request signature", self.requester.sign(unsigned.message))
        found = replace(unsigned, signature=signature)
        if self.remember:
            self.world.requests.setdefault(found.digest, RequestState.OPEN)
        return found

    def transaction(self, signed: SignedRequest) -> bytes:
        """Return the transaction that answers a request."""
        creator = self.peer_client
        signature_header = self._bytes(
            "signature header", common_pb2.SignatureHeader(creator=creator, nonce=b"n" * 24)
        )
        nonce = _nonce(signature_header)
        channel = common_pb2.ChannelHeader(
            type=common_pb2.HeaderType.ENDORSER_TRANSACTION,
            channel_id=CHANNEL,
            tx_id=transaction_id(creator, nonce),
            extension=self._bytes(
                "extension",
                proposal_pb2.ChaincodeHeaderExtension(
                    chaincode_id=chaincode_pb2.ChaincodeID(name="interop")
                ),
            ),
        )
        channel.timestamp.seconds, channel.timestamp.nanos = MOMENT, 5000
        channel_header = self._bytes("channel header", channel)
        call = self._call(signed)
        response = self._response(signed, channel, channel_header, signature_header, call)
        body = transaction_pb2.ChaincodeActionPayload(
            chaincode_proposal_payload=call,
            action=transaction_pb2.ChaincodeEndorsedAction(
                proposal_response_payload=response, endorsements=self._endorsements(response)
            ),
        )
        action = transaction_pb2.TransactionAction(
            header=signature_header, payload=self._bytes("body", body)
        )
        data = self._bytes("transaction", transaction_pb2.Transaction(actions=[action]))
        header = common_pb2.Header(channel_header=channel_header, signature_header=signature_header)
        return self._bytes("payload", common_pb2.Payload(header=header, data=data))

    @property
    def peer_client(self) -> bytes:
        """The creator of the source's transaction: a client there, as the relay is."""
        return self.world.source.council.departments[0].identity("relay", "client").serialized()

    def _call(self, signed: SignedRequest) -> bytes:
        spec = chaincode_pb2.ChaincodeSpec(
            type=chaincode_pb2.ChaincodeSpec.NODE,
            chaincode_id=chaincode_pb2.ChaincodeID(name="interop"),
            input=chaincode_pb2.ChaincodeInput(args=[b"answer", signed.digest.encode()]),
        )
        invocation = chaincode_pb2.ChaincodeInvocationSpec(chaincode_spec=spec)
        payload = proposal_pb2.ChaincodeProposalPayload(input=self._bytes("spec", invocation))
        return self._bytes("call", payload)

    def answer(self, signed: SignedRequest, tx: str) -> Answer:
        """Return what the contract answers to a request."""
        request = self.world.request()
        found = Answer(
            net=self.world.record.net,
            channel=CHANNEL,
            tx=tx,
            time=MOMENT,
            contract=request.source.contract,
            fn=request.source.fn,
            args_digest=request.args_digest,
            request=signed.digest,
            audience=request.audience,
            opened=sha256(b"open").hexdigest(),
            revision=7,
            result=RESULT,
            private=tuple(
                Commitment(one.path, commitment(one.salt, one.path, one.value))
                for one in self.private
            ),
        )
        edited: Answer = self._edited("answer", found)
        return edited

    def _response(
        self,
        signed: SignedRequest,
        channel: common_pb2.ChannelHeader,
        channel_header: bytes,
        signature_header: bytes,
        call: bytes,
    ) -> bytes:
        answer = canonical.write(self.answer(signed, channel.tx_id))
        action = proposal_pb2.ChaincodeAction(
            results=self._bytes("results", read_set()),
            response=proposal_response_pb2.Response(
                status=200, payload=self._edited("answer bytes", answer)
            ),
            chaincode_id=chaincode_pb2.ChaincodeID(name="interop", version="1.0"),
        )
        response = proposal_response_pb2.ProposalResponsePayload(
            proposal_hash=proposal_hash(channel_header, signature_header, call),
            extension=self._bytes("action", action),
        )
        return self._bytes("response", response)

    def _endorsements(self, response: bytes) -> list[proposal_response_pb2.Endorsement]:
        made = []
        for one in self.endorsers:
            endorser = self._edited("endorser", one.serialized())
            signature = one.sign(response + endorser)
            made.append(proposal_response_pb2.Endorsement(endorser=endorser, signature=signature))
        edited: list[proposal_response_pb2.Endorsement] = self._edited("endorsements", made)
        return edited

    def inclusion(self, transaction: bytes) -> Inclusion:
        """Return the inclusion in a block beside another transaction; the chain of the source stays as it is."""
        chain = copy(self.world.source)
        chain.blocks = list(chain.blocks)
        envelopes = [
            common_pb2.Envelope(payload=one, signature=b"s").SerializeToString()
            for one in (b"neighbour", transaction)
        ]
        block = chain.add(
            self._edited("entries", envelopes),
            self._edited("last config", self.world.record.block),
        )
        slot = common_pb2.Metadata.FromString(block.metadata.metadata[0])
        found = Inclusion(
            block=block.header.number,
            previous_hash=block.header.previous_hash,
            entries=tuple(block.data.data),
            position=1,
            metadata=slot.value,
            signatures=tuple(
                BlockSignature(one.signature_header or one.identifier_header, one.signature)
                for one in slot.signatures
            ),
        )
        edited: Inclusion = self._edited("inclusion", found)
        return edited


def _nonce(signature_header: bytes) -> bytes:
    try:
        return decode(common_pb2.SignatureHeader, signature_header).nonce
    except DecodeError:  # which is what the test is about
        return b""


def read_set() -> rwset_pb2.TxReadWriteSet:
    """Return the read-write set of an answer: what was read in three namespaces, and nothing written."""
    sets = []
    for namespace, key in (("_lifecycle", "x"), ("credit", "entry"), ("interop", "open")):
        read = kv_rwset_pb2.KVRead(key=key, version=kv_rwset_pb2.Version(block_num=1, tx_num=2))
        rwset = kv_rwset_pb2.KVRWSet(reads=[read]).SerializeToString()
        sets.append(rwset_pb2.NsReadWriteSet(namespace=namespace, rwset=rwset))
    hashed = kv_rwset_pb2.HashedRWSet(hashed_reads=[kv_rwset_pb2.KVReadHash(key_hash=bytes(32))])
    sets[1].collection_hashed_rwset.add(
        collection_name="holders", hashed_rwset=hashed.SerializeToString()
    )
    return rwset_pb2.TxReadWriteSet(ns_rwset=sets)


def proof_file(
    made_in: World,
    *,
    endorsers: Sequence[SigningIdentity] = (),
    requester: SigningIdentity | None = None,
    private: Sequence[PrivatePart] = (),
    withheld: bool = False,
    inclusion: bool = False,
    remember: bool = True,
    edits: Edits | None = None,
) -> ProofFile:
    """Return a proof with two endorsements, unless others are given; `remember` has its request asked before.

    `withheld` leaves out the values of the private parts.
    """
    making = Making(
        made_in,
        endorsers or (made_in.peer(0), made_in.peer(1)),
        requester or made_in.requester,
        private,
        edits or {},
        remember,
    )
    signed = making.request()
    transaction = making.transaction(signed)
    return ProofFile(
        transaction,
        signed,
        () if withheld else tuple(private),
        making.inclusion(transaction) if inclusion else None,
    )
