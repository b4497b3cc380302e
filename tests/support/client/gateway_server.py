"""A peer with scripted responses, on a real gRPC server with TLS on the loopback."""

import threading
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any

import grpc
from fabric_protos.common import common_pb2
from fabric_protos.gateway import gateway_pb2
from fabric_protos.peer import (
    chaincode_event_pb2,
    events_pb2,
    proposal_pb2,
    proposal_response_pb2,
    transaction_pb2,
)

from pyfabric._grpc.options import SERVER_OPTIONS, server_credentials
from pyfabric.client.effects import Endpoint
from pyfabric.client.event_requests import BLOCKS, BLOCKS_AND_PRIVATE_DATA, FILTERED_BLOCKS
from pyfabric.client.timeouts import COMMIT_STATUS, ENDORSE, EVALUATE, SUBMIT
from pyfabric.client.transactions import PROCESS_PROPOSAL
from pyfabric.errors import ErrorDetail
from pyfabric.identity.issuing import CertificateAuthority
from pyfabric.identity.keys import (
    KeyKind,
    PrivateKeySigner,
    generate_private_key,
    private_key_pem,
)
from pyfabric.identity.signing import Identity, SigningIdentity
from pyfabric.messages.deliver import BROADCAST, ORDERER_DELIVER
from pyfabric.messages.status_details import TRAILER, write_status

CHAINCODE_EVENTS = "/gateway.Gateway/ChaincodeEvents"

SNAPSHOTS = tuple(f"/protos.Snapshot/{name}" for name in ("Generate", "Cancel", "QueryPendings"))

UNARY = (EVALUATE, ENDORSE, SUBMIT, COMMIT_STATUS, PROCESS_PROPOSAL, *SNAPSHOTS)
STREAMS = (CHAINCODE_EVENTS,)
TWO_WAY = (
    BLOCKS.method,
    FILTERED_BLOCKS.method,
    BLOCKS_AND_PRIVATE_DATA.method,
    ORDERER_DELIVER,
    BROADCAST,
)

Context = grpc.ServicerContext
Behaviour = Callable[[bytes, Context], Any]


@dataclass(frozen=True)
class Pki:
    """One authority with a server certificate for the loopback and a client certificate."""

    authority: CertificateAuthority
    roots: bytes
    server: tuple[bytes, bytes]
    client: tuple[bytes, bytes]


def new_pki(host: str = "127.0.0.1") -> Pki:
    """Return a fresh TLS authority; the server's certificate names only `host`."""
    moment = datetime.now(UTC)
    authority = CertificateAuthority.create("tlsca", "Department", now=moment)

    def pair(name: str, hosts: Sequence[str]) -> tuple[bytes, bytes]:
        key = generate_private_key()
        certificate = authority.issue(
            name, now=moment, public_key=key.public_key(), hosts=hosts, tls=True
        )
        return certificate, private_key_pem(key)

    return Pki(authority, authority.certificate_pem, pair("peer", [host]), pair("client", []))


def new_identity(msp_id: str = "EconInfoMSP", kind: KeyKind = "p256") -> SigningIdentity:
    """Return a user of a department, with a key at hand."""
    moment = datetime.now(UTC)
    authority = CertificateAuthority.create("ca", "Department", now=moment)
    key = generate_private_key(kind)
    certificate = authority.issue("user", now=moment, public_key=key.public_key(), unit="client")
    return SigningIdentity(Identity(msp_id, certificate), PrivateKeySigner(key))


class ScriptedPeer:
    """Answers each call of a method with the next behaviour given for it; the last one stays."""

    def __init__(self, pki: Pki, *, mutual: bool = False) -> None:
        self._pki = pki
        self._mutual = mutual
        self._script: dict[str, list[Behaviour]] = {}
        self._lock = threading.Lock()
        self.requests: dict[str, list[bytes]] = defaultdict(list)
        self.port = 0
        self._server = self._serve()

    def on(self, method: str, *behaviours: Behaviour) -> None:
        """Set the responses of a method."""
        self._script[method] = list(behaviours)

    @property
    def endpoint(self) -> Endpoint:
        """Where it listens, with a client certificate if it wants one."""
        certificate, key = self._pki.client if self._mutual else (None, None)
        return Endpoint(
            f"127.0.0.1:{self.port}",
            self._pki.roots,
            client_certificate=certificate,
            client_key=key,
        )

    def stop(self) -> None:
        """Drop every connection and stop listening."""
        self._server.stop(None).wait()

    def restart(self) -> None:
        """Listen again on the same port."""
        self._server = self._serve()

    def _serve(self) -> grpc.Server:
        server = grpc.server(ThreadPoolExecutor(32), options=SERVER_OPTIONS)
        server.add_generic_rpc_handlers((_Handlers(self._behave),))
        certificate, key = self._pki.server
        credentials = server_credentials(
            certificate, key, (lambda: self._pki.roots) if self._mutual else None
        )
        self.port = server.add_secure_port(f"127.0.0.1:{self.port}", credentials)
        server.start()
        return server

    def _behave(self, method: str, request: bytes, context: Context) -> Any:
        with self._lock:
            self.requests[method].append(request)
            script = self._script.get(method)
            if not script:
                context.abort(grpc.StatusCode.UNIMPLEMENTED, f"the test gave no {method}")
            behaviour = script.pop(0) if len(script) > 1 else script[0]
        return behaviour(request, context)


class _Handlers(grpc.GenericRpcHandler):
    def __init__(self, behave: Callable[[str, bytes, Context], Any]) -> None:
        self._behave = behave

    def service(self, details: grpc.HandlerCallDetails) -> grpc.RpcMethodHandler | None:
        method = details.method
        if method in UNARY:
            return grpc.unary_unary_rpc_method_handler(
                lambda request, context: self._behave(method, request, context)
            )
        if method in STREAMS:
            return grpc.unary_stream_rpc_method_handler(
                lambda request, context: self._behave(method, request, context)
            )
        if method in TWO_WAY:
            return grpc.stream_stream_rpc_method_handler(
                lambda requests, context: self._behave(method, next(requests), context)
            )
        return None


def answer(raw: bytes) -> Behaviour:
    """Respond with these bytes."""
    return lambda _, __: raw


def fail(
    code: grpc.StatusCode, message: str = "", details: Sequence[ErrorDetail] = ()
) -> Behaviour:
    """Fail as a gateway peer does, with what each node said in the trailer."""

    def behave(_: bytes, context: Context) -> Any:
        if details:
            trailer = write_status(code.value[0], message, details)
            context.set_trailing_metadata(((TRAILER, trailer),))
        context.abort(code, message)

    return behave


def hold(entered: threading.Event, release: threading.Event, raw: bytes = b"") -> Behaviour:
    """Respond when the test releases it."""

    def behave(_: bytes, __: Context) -> bytes:
        entered.set()
        release.wait(30)
        return raw

    return behave


def stream(
    *messages: bytes, then: Behaviour | None = None, stay: bool = False
) -> Callable[[bytes, Context], Iterator[bytes]]:
    """Send messages, then fail, or stay open until the client leaves, or end."""

    def behave(request: bytes, context: Context) -> Iterator[bytes]:
        yield from messages
        if then is not None:
            then(request, context)
        if stay:
            gone = threading.Event()
            if context.add_callback(gone.set):
                gone.wait(30)

    return behave


def evaluated(payload: bytes) -> bytes:
    """Return a gateway.EvaluateResponse."""
    return gateway_pb2.EvaluateResponse(
        result=proposal_response_pb2.Response(status=200, payload=payload)
    ).SerializeToString()


def at_height(height: int) -> Callable[[bytes, Context], Iterator[bytes]]:
    """Respond to DeliverFiltered for a channel with that many blocks, asked for the newest."""
    return stream(filtered_block(height - 1), deliver_status(200))


def endorsement(request: bytes, result: bytes) -> bytes:
    """Return the gateway.EndorseResponse with the transaction of the proposal in that request."""
    return altered_endorsement(request, result, lambda parts: None)


@dataclass
class EndorsedParts:
    """The messages inside an endorsed transaction, to be altered before they are put together."""

    header: common_pb2.Header
    call: proposal_pb2.ChaincodeProposalPayload
    response: proposal_response_pb2.ProposalResponsePayload
    outcome: proposal_pb2.ChaincodeAction
    endorsements: list[proposal_response_pb2.Endorsement]
    action_header: bytes
    actions: int = 1


def altered_endorsement(
    request: bytes, result: bytes, alter: Callable[[EndorsedParts], None]
) -> bytes:
    """Return the gateway.EndorseResponse of a peer that alters parts of the transaction."""
    proposal = proposal_pb2.Proposal.FromString(
        gateway_pb2.EndorseRequest.FromString(request).proposed_transaction.proposal_bytes
    )
    header = common_pb2.Header.FromString(proposal.header)
    extension = proposal_pb2.ChaincodeHeaderExtension.FromString(
        common_pb2.ChannelHeader.FromString(header.channel_header).extension
    )
    given = proposal_pb2.ChaincodeProposalPayload.FromString(proposal.payload)
    call = proposal_pb2.ChaincodeProposalPayload(input=given.input)
    hashed = header.channel_header + header.signature_header + call.SerializeToString()
    parts = EndorsedParts(
        header,
        call,
        proposal_response_pb2.ProposalResponsePayload(proposal_hash=sha256(hashed).digest()),
        proposal_pb2.ChaincodeAction(
            response=proposal_response_pb2.Response(status=200, payload=result),
            chaincode_id=extension.chaincode_id,
        ),
        [proposal_response_pb2.Endorsement(endorser=b"peer0", signature=b"signature")],
        header.signature_header,
    )
    alter(parts)
    parts.response.extension = parts.outcome.SerializeToString()
    body = transaction_pb2.ChaincodeActionPayload(
        chaincode_proposal_payload=parts.call.SerializeToString(),
        action=transaction_pb2.ChaincodeEndorsedAction(
            proposal_response_payload=parts.response.SerializeToString(),
            endorsements=parts.endorsements,
        ),
    )
    action = transaction_pb2.TransactionAction(
        header=parts.action_header, payload=body.SerializeToString()
    )
    transaction = transaction_pb2.Transaction(actions=[action] * parts.actions)
    envelope = common_pb2.Envelope(
        payload=common_pb2.Payload(
            header=parts.header, data=transaction.SerializeToString()
        ).SerializeToString()
    )
    return gateway_pb2.EndorseResponse(prepared_transaction=envelope).SerializeToString()


def endorse(result: bytes) -> Behaviour:
    """Endorse whatever is proposed."""
    return lambda request, _: endorsement(request, result)


def status(code: int, block_number: int) -> bytes:
    """Return a gateway.CommitStatusResponse."""
    return gateway_pb2.CommitStatusResponse(
        result=code, block_number=block_number
    ).SerializeToString()


def chaincode_events(block_number: int, *transaction_ids: str) -> bytes:
    """Return a gateway.ChaincodeEventsResponse with one event for each transaction."""
    return gateway_pb2.ChaincodeEventsResponse(
        block_number=block_number,
        events=[
            chaincode_event_pb2.ChaincodeEvent(
                chaincode_id="directory", tx_id=each, event_name="Published", payload=each.encode()
            )
            for each in transaction_ids
        ],
    ).SerializeToString()


def block(number: int) -> bytes:
    """Return a DeliverResponse with an empty block."""
    return events_pb2.DeliverResponse(
        block=common_pb2.Block(header=common_pb2.BlockHeader(number=number))
    ).SerializeToString()


def filtered_block(number: int) -> bytes:
    """Return a DeliverResponse with a filtered block of two transactions, the first with an event."""
    with_event = events_pb2.FilteredChaincodeAction(
        chaincode_event=chaincode_event_pb2.ChaincodeEvent(
            chaincode_id="directory", tx_id="t1", event_name="Published"
        )
    )
    return events_pb2.DeliverResponse(
        filtered_block=events_pb2.FilteredBlock(
            channel_id="directory",
            number=number,
            filtered_transactions=[
                events_pb2.FilteredTransaction(
                    txid="t1",
                    type=common_pb2.ENDORSER_TRANSACTION,
                    transaction_actions=events_pb2.FilteredTransactionActions(
                        chaincode_actions=[with_event]
                    ),
                ),
                events_pb2.FilteredTransaction(
                    txid="t2", type=common_pb2.ENDORSER_TRANSACTION, tx_validation_code=11
                ),
            ],
        )
    ).SerializeToString()


def deliver_status(code: int) -> bytes:
    """Return a DeliverResponse that closes the stream."""
    return events_pb2.DeliverResponse(status=code).SerializeToString()
