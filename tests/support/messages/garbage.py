"""Requests with one part missing, broken or absurd, for every service of a peer and of an orderer.

They are the same for every network of the conformance topology, so that answers can be compared.
"""

import copy
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from itertools import chain
from typing import Any, Final

import grpc
from fabric_protos.common import common_pb2
from fabric_protos.discovery import protocol_pb2
from fabric_protos.gateway import gateway_pb2
from fabric_protos.orderer import ab_pb2
from fabric_protos.peer import chaincode_pb2, events_pb2, proposal_pb2, proposal_response_pb2
from google.protobuf.message import Message
from pyfabric_network import connections
from pyfabric_network.profile import load_profile, profile_file

from pyfabric._grpc.options import CLIENT_OPTIONS
from pyfabric.client.effects import Endpoint
from pyfabric.errors import DecodeError
from pyfabric.identity.signing import SigningIdentity
from pyfabric.messages.envelopes import channel_header, seek_payload, transaction_id
from pyfabric.messages.status_details import TRAILER, read_details
from pyfabric.messages.translation.decoding import to_json
from pyfabric.messages.translation.encoding import from_json
from pyfabric.messages.translation.marks import UNDECODABLE
from pyfabric.messages.translation.table import COMPLETE
from tests.support.messages.mutation import mutant
from tests.support.network.running import Running

PROCESS: Final = "/protos.Endorser/ProcessProposal"
GATEWAY: Final = "/gateway.Gateway/"
DELIVER: Final = "/protos.Deliver/"
ORDERER: Final = "/orderer.AtomicBroadcast/"
STREAMS: Final[Mapping[str, Any]] = {
    ORDERER + "Broadcast": ab_pb2.BroadcastResponse,
    ORDERER + "Deliver": ab_pb2.DeliverResponse,
    DELIVER + "Deliver": events_pb2.DeliverResponse,
    DELIVER + "DeliverFiltered": events_pb2.DeliverResponse,
    DELIVER + "DeliverWithPrivateData": events_pb2.DeliverResponse,
}
SECONDS: Final = 20.0
WAITING: Final = 1.0
"""How long a request for events that are still to come is waited for, which is answered by the deadline."""


@dataclass(frozen=True)
class Question:
    """One request; `label` describes what is wrong with it."""

    method: str
    label: str
    request: bytes


@dataclass(frozen=True)
class Answer:
    """A status (of gRPC, or of Fabric's own streams) and its text."""

    code: str
    text: str = ""
    details: tuple[str, ...] = ()

    def comparable(self) -> "Answer":
        """Remove what differs between networks and runs."""
        text = "" if self.code in ("CANCELLED", "DEADLINE_EXCEEDED") else _comparable(self.text)
        code = "DEADLINE_EXCEEDED" if self.code == "CANCELLED" else self.code
        return Answer(code, text, tuple(sorted(map(_comparable, self.details))))


def _comparable(text: str) -> str:
    for pattern, stand_in in (
        (r"[0-9a-f]{64}", "<id>"),
        (r"127\.0\.0\.1:\d+", "<address>"),
        (r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", "<time>"),
        ("\u00a0", " "),
    ):
        text = re.sub(pattern, stand_in, text)
    return text


@dataclass(frozen=True)
class Asker:
    """Who asks, and about what."""

    identity: SigningIdentity
    channel: str
    chaincode: str
    function: str
    nonce: bytes = bytes(24)
    now: datetime = datetime(2026, 11, 26, tzinfo=UTC)

    def for_a_peer(self) -> Iterator[Question]:
        """Yield requests for each service of a peer."""
        for label, proposal in variants(
            proposal_pb2.Proposal, self.proposal([self.function.encode()])
        ):
            signed = proposal_pb2.SignedProposal(
                proposal_bytes=proposal, signature=self.identity.sign(proposal)
            )
            yield Question(PROCESS, label, signed.SerializeToString())
            for method, kind in (
                ("Evaluate", gateway_pb2.EvaluateRequest),
                ("Endorse", gateway_pb2.EndorseRequest),
            ):
                request = kind(
                    transaction_id=self._transaction_id,
                    channel_id=self.channel,
                    proposed_transaction=signed,
                )
                yield Question(GATEWAY + method, label, request.SerializeToString())
        for label, envelope in self._envelopes():
            request = gateway_pb2.SubmitRequest(
                transaction_id=self._transaction_id,
                channel_id=self.channel,
                prepared_transaction=envelope,
            )
            yield Question(GATEWAY + "Submit", label, request.SerializeToString())
        yield from self._signed_requests()
        for label, envelope in self._seeks():
            for method in ("Deliver", "DeliverFiltered", "DeliverWithPrivateData"):
                yield Question(DELIVER + method, label, envelope.SerializeToString())
        for method in _PEER_METHODS:
            for label, junk in _JUNK:
                yield Question(method, label, junk)

    def for_system_chaincodes(self) -> Iterator[Question]:
        """Return calls of all system chaincode functions with invalid arguments."""
        for chaincode, functions in _SYSTEM.items():
            for function in (*functions, "Nothing", ""):
                for channel in ("", self.channel):
                    for arguments in _ARGUMENTS:
                        given = [
                            one.replace(b"CHANNEL", self.channel.encode()) for one in arguments
                        ]
                        asker = replace(self, chaincode=chaincode, channel=channel)
                        proposal = asker.proposal([function.encode(), *given])
                        signed = proposal_pb2.SignedProposal(
                            proposal_bytes=proposal, signature=self.identity.sign(proposal)
                        )
                        label = f"{chaincode} {function} {arguments} on '{channel}'"
                        yield Question(PROCESS, label, signed.SerializeToString())

    def for_an_orderer(self) -> Iterator[Question]:
        """Yield requests for each service of an orderer."""
        for label, envelope in self._envelopes():
            yield Question(ORDERER + "Broadcast", label, envelope.SerializeToString())
        for label, envelope in self._seeks():
            yield Question(ORDERER + "Deliver", label, envelope.SerializeToString())
        for method in (ORDERER + "Broadcast", ORDERER + "Deliver", ORDERER + "Nothing"):
            for label, junk in _JUNK:
                yield Question(method, label, junk)

    @property
    def _transaction_id(self) -> str:
        return transaction_id(self.identity.serialized(), self.nonce)

    def _header(self, kind: int) -> common_pb2.Header:
        extension = proposal_pb2.ChaincodeHeaderExtension(
            chaincode_id=chaincode_pb2.ChaincodeID(name=self.chaincode)
        )
        signature_header = common_pb2.SignatureHeader(
            creator=self.identity.serialized(), nonce=self.nonce
        )
        return common_pb2.Header(
            channel_header=channel_header(
                kind,
                self.channel,
                self.now,
                transaction=self._transaction_id,
                extension=extension.SerializeToString(),
            ),
            signature_header=signature_header.SerializeToString(),
        )

    def proposal(self, arguments: Sequence[bytes]) -> bytes:
        """Return a proposal to call the chaincode."""
        spec = chaincode_pb2.ChaincodeInvocationSpec(
            chaincode_spec=chaincode_pb2.ChaincodeSpec(
                type=chaincode_pb2.ChaincodeSpec.NODE,
                chaincode_id=chaincode_pb2.ChaincodeID(name=self.chaincode),
                input=chaincode_pb2.ChaincodeInput(args=arguments),
            )
        )
        content = proposal_pb2.ChaincodeProposalPayload(input=spec.SerializeToString())
        header = self._header(common_pb2.HeaderType.ENDORSER_TRANSACTION)
        return proposal_pb2.Proposal(
            header=header.SerializeToString(), payload=content.SerializeToString()
        ).SerializeToString()

    def _envelopes(self) -> Iterator[tuple[str, common_pb2.Envelope]]:
        """Yield a transaction without actions, and a configuration update without content."""
        for kind in (
            common_pb2.HeaderType.ENDORSER_TRANSACTION,
            common_pb2.HeaderType.CONFIG_UPDATE,
            common_pb2.HeaderType.CONFIG,
            common_pb2.HeaderType.ORDERER_TRANSACTION,
        ):
            payload = common_pb2.Payload(header=self._header(kind)).SerializeToString()
            name = common_pb2.HeaderType.Name(kind)
            for label, variant in variants(common_pb2.Payload, payload):
                yield f"{name}: {label}", self._signed(variant)

    def _seeks(self) -> Iterator[tuple[str, common_pb2.Envelope]]:
        payload = seek_payload(self.identity.serialized(), self.channel, self.now, 0)
        for label, variant in variants(common_pb2.Payload, payload):
            yield label, self._signed(variant)

    def _signed(self, payload: bytes) -> common_pb2.Envelope:
        return common_pb2.Envelope(payload=payload, signature=self.identity.sign(payload))

    def _signed_requests(self) -> Iterator[Question]:
        creator = self.identity.serialized()
        status = gateway_pb2.CommitStatusRequest(
            transaction_id=self._transaction_id, channel_id=self.channel, identity=creator
        )
        events = gateway_pb2.ChaincodeEventsRequest(
            channel_id=self.channel, chaincode_id=self.chaincode, identity=creator
        )
        for method, request, signed in (
            ("CommitStatus", status, gateway_pb2.SignedCommitStatusRequest),
            ("ChaincodeEvents", events, gateway_pb2.SignedChaincodeEventsRequest),
        ):
            for label, variant in variants(type(request), request.SerializeToString()):
                message = signed(request=variant, signature=self.identity.sign(variant))
                yield Question(GATEWAY + method, label, message.SerializeToString())
        query = protocol_pb2.Request(
            authentication=protocol_pb2.AuthInfo(client_identity=creator),
            queries=[
                protocol_pb2.Query(
                    channel=self.channel, peer_query=protocol_pb2.PeerMembershipQuery()
                )
            ],
        )
        for label, variant in variants(protocol_pb2.Request, query.SerializeToString()):
            message = protocol_pb2.SignedRequest(
                payload=variant, signature=self.identity.sign(variant)
            )
            yield Question("/discovery.Discovery/Discover", label, message.SerializeToString())


_SYSTEM: Final = {
    "_lifecycle": (
        "InstallChaincode",
        "QueryInstalledChaincode",
        "QueryInstalledChaincodes",
        "GetInstalledChaincodePackage",
        "ApproveChaincodeDefinitionForMyOrg",
        "QueryApprovedChaincodeDefinition",
        "QueryApprovedChaincodeDefinitions",
        "CheckCommitReadiness",
        "CommitChaincodeDefinition",
        "QueryChaincodeDefinition",
        "QueryChaincodeDefinitions",
    ),
    "cscc": (
        "JoinChain",
        "JoinChainBySnapshot",
        "JoinBySnapshotStatus",
        "GetConfigBlock",
        "GetChannelConfig",
        "GetChannels",
    ),
    "qscc": (
        "GetChainInfo",
        "GetBlockByNumber",
        "GetBlockByHash",
        "GetTransactionByID",
        "GetBlockByTxID",
    ),
}
_ARGUMENTS: Final[Sequence[Sequence[bytes]]] = (
    (),
    (b"",),
    (b"\xff\xff",),
    (b"CHANNEL",),
    (b"CHANNEL", b""),
    (b"CHANNEL", b"\xff\xff"),
    (b"CHANNEL", b"-1"),
    (b"CHANNEL", b"99999999999999999999999"),
    (b"CHANNEL", b"1000000"),
    (b"CHANNEL", b"0", b"0"),
)
_PEER_METHODS: Final = (
    *(GATEWAY + name for name in ("Evaluate", "Endorse", "Submit", "CommitStatus")),
    GATEWAY + "ChaincodeEvents",
    GATEWAY + "Nothing",
    PROCESS,
    "/discovery.Discovery/Discover",
    *(DELIVER + name for name in ("Deliver", "DeliverFiltered", "DeliverWithPrivateData")),
    "/nothing.Nothing/Nothing",
)
_JUNK: Final = (("nothing", b""), ("no message", b"\xff\xff"), ("unknown fields", b"\xfa\x3e\x01a"))


def variants(kind: type[Message], valid: bytes) -> Iterator[tuple[str, bytes]]:
    """Yield copies of a message, each with one part at any depth empty, invalid or absurd."""
    tree = to_json(kind.FromString(valid), opened=COMPLETE)
    for path in _paths(tree):
        for word, value in _SPOILT.items():
            spoilt = copy.deepcopy(tree)
            around = spoilt
            for name in path[:-1]:
                around = around[name]
            around[path[-1]] = value
            with suppress(DecodeError):
                raw = from_json(kind, spoilt).SerializeToString()
                if raw != valid:
                    yield f"{word} {'.'.join(map(str, path))}", raw


_SPOILT: Final[dict[str, Any]] = {
    "no": None,
    "unreadable": {UNDECODABLE: "//8="},
    "odd": "QUJD",
    "great": "9223372036854775807",
    "negative": -1,
    "large": 2147483647,
}


def _paths(tree: Any) -> Iterator[tuple[Any, ...]]:
    for name, value in tree.items() if isinstance(tree, dict) else enumerate(tree):
        yield (name,)
        if isinstance(value, (dict, list)):
            for deeper in _paths(value):
                yield (name, *deeper)


def _answer(method: str, raw: bytes) -> Answer:
    if method != PROCESS:
        return Answer("OK")
    response = proposal_response_pb2.ProposalResponse.FromString(raw).response
    return Answer(str(response.status), response.message)


class Client:
    """Puts questions to one node; close it."""

    def __init__(self, endpoint: Endpoint) -> None:
        credentials = grpc.ssl_channel_credentials(
            endpoint.tls_roots, endpoint.client_key, endpoint.client_certificate
        )
        self._channel = grpc.secure_channel(
            endpoint.address, credentials, (*CLIENT_OPTIONS, ("grpc.enable_http_proxy", 0))
        )

    def close(self) -> None:
        """Close the connection."""
        self._channel.close()

    def ask(self, question: Question) -> Answer:
        """Return the answer, or the first one of a stream."""
        try:
            if question.method in STREAMS:
                return self._ask_stream(question)
            if question.method.endswith("ChaincodeEvents"):
                call = self._channel.unary_stream(question.method)
                next(iter(call(question.request, timeout=WAITING)))
            else:
                call = self._channel.unary_unary(question.method)
                return _answer(question.method, call(question.request, timeout=SECONDS))
        except grpc.RpcError as error:
            trailers = dict(error.trailing_metadata() or ())
            details = read_details(trailers.get(TRAILER, b""))
            said = tuple(f"{one.msp_id}: {one.message}" for one in details)
            return Answer(error.code().name, error.details() or "", said)
        return Answer("OK")

    def _ask_stream(self, question: Question) -> Answer:
        call = self._channel.stream_stream(question.method)
        responses = call(iter([question.request]), timeout=SECONDS)
        for raw in responses:
            response: Any = STREAMS[question.method].FromString(raw)
            status = common_pb2.Status.Name(response.status) if response.status else "a block"
            return Answer(status, getattr(response, "info", ""))
        return Answer("ended")


def ask_mutants(running: Running, seeds: Iterable[int]) -> Iterator[tuple[Question, Answer]]:
    """Corrupt requests of all kinds, and send them."""
    for endpoint, questions in _questions(running):
        client = Client(endpoint)
        by_method: dict[str, list[bytes]] = defaultdict(list)
        for one in questions:
            by_method[one.method].append(one.request)
        try:
            for seed in seeds:
                for method, requests in by_method.items():
                    question = Question(method, f"seed {seed}", mutant(seed, requests))
                    yield question, client.ask(question)
        finally:
            client.close()


def ask_everything(running: Running) -> dict[str, Answer]:
    """Return the responses of a network to all requests, by method and label."""
    found: dict[str, Answer] = {}
    for endpoint, questions in _questions(running):
        client = Client(endpoint)
        try:
            for one in questions:
                found[f"{one.method} {one.label}"] = client.ask(one).comparable()
        finally:
            client.close()
    return found


def _questions(running: Running) -> Iterator[tuple[Endpoint, Iterator[Question]]]:
    """Provide a peer, an orderer, and their requests."""
    department = running.department("EconInfo")
    profile = load_profile(profile_file(running.network.plan, department))
    now = datetime.now(UTC)
    somebody = Asker(profile.user("User1"), "conformance", "conformance", "nothing", now=now)
    admin = replace(somebody, identity=profile.user("Admin"))
    peer = profile.peers[0]
    orderer = connections.endpoint(department.orderers[0])
    yield peer, chain(somebody.for_a_peer(), admin.for_system_chaincodes())
    yield orderer, somebody.for_an_orderer()
