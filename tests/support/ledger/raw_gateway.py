"""Gateway and endorser calls built by hand, so that each part of them can be wrong."""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any

import grpc
from fabric_protos.common import common_pb2
from fabric_protos.gateway import gateway_pb2
from fabric_protos.peer import chaincode_pb2, proposal_pb2, proposal_response_pb2
from google.protobuf.timestamp_pb2 import Timestamp

from pyfabric._grpc.options import CLIENT_OPTIONS
from pyfabric.client.effects import Endpoint
from pyfabric.identity.signing import SigningIdentity
from pyfabric.messages.status_details import TRAILER, read_details


@dataclass(frozen=True)
class Outcome:
    """How a call ended: its code's name, its text, and what each node said (MSP id, text)."""

    code: str
    message: str = ""
    details: tuple[tuple[str, str], ...] = ()
    response: Any = None


@dataclass(frozen=True)
class Draft:
    """A proposal before it is signed; every part may be replaced."""

    identity: SigningIdentity
    channel: str
    chaincode: str
    arguments: Sequence[bytes] = ()
    transient: Mapping[str, bytes] | None = None
    creator: bytes | None = None
    nonce: bytes | None = None
    transaction_id: str | None = None
    header_type: int = common_pb2.HeaderType.ENDORSER_TRANSACTION
    epoch: int = 0
    age: timedelta | None = timedelta(0)
    signature: bytes | None = None
    is_init: bool = False

    def but(self, **changes: Any) -> "Draft":
        """Return the same with other parts."""
        return replace(self, **changes)

    def fixed(self) -> "Draft":
        """Return the same with its nonce chosen, so that it has one transaction id."""
        return self.but(nonce=os.urandom(24)) if self.nonce is None else self

    @property
    def id(self) -> str:
        """The transaction id that nonce and creator make."""
        assert self.nonce is not None
        return sha256(self.nonce + (self.creator or self.identity.serialized())).hexdigest()

    def signed(self) -> proposal_pb2.SignedProposal:
        """Return the signed proposal."""
        draft = self.fixed()
        creator = draft.identity.serialized() if draft.creator is None else draft.creator
        transaction_id = draft.id if draft.transaction_id is None else draft.transaction_id
        extension = proposal_pb2.ChaincodeHeaderExtension()
        extension.chaincode_id.name = draft.chaincode
        header = common_pb2.ChannelHeader(
            type=draft.header_type,
            version=1,
            channel_id=draft.channel,
            tx_id=transaction_id,
            epoch=draft.epoch,
            extension=extension.SerializeToString(),
        )
        if draft.age is not None:
            moment = Timestamp()
            moment.FromDatetime((datetime.now(UTC) - draft.age).replace(tzinfo=None))
            header.timestamp.CopyFrom(moment)
        spec = chaincode_pb2.ChaincodeInvocationSpec()
        spec.chaincode_spec.type = chaincode_pb2.ChaincodeSpec.Type.NODE
        spec.chaincode_spec.chaincode_id.name = draft.chaincode
        spec.chaincode_spec.input.args.extend(draft.arguments)
        spec.chaincode_spec.input.is_init = draft.is_init
        payload = proposal_pb2.ChaincodeProposalPayload(
            input=spec.SerializeToString(), TransientMap=draft.transient or {}
        )
        raw = proposal_pb2.Proposal(
            header=common_pb2.Header(
                channel_header=header.SerializeToString(),
                signature_header=common_pb2.SignatureHeader(
                    creator=creator, nonce=draft.nonce
                ).SerializeToString(),
            ).SerializeToString(),
            payload=payload.SerializeToString(),
        ).SerializeToString()
        signature = draft.identity.sign(raw) if draft.signature is None else draft.signature
        return proposal_pb2.SignedProposal(proposal_bytes=raw, signature=signature)


class RawGateway:
    """Calls to one node; close it."""

    def __init__(self, endpoint: Endpoint) -> None:
        credentials = grpc.ssl_channel_credentials(
            endpoint.tls_roots, endpoint.client_key, endpoint.client_certificate
        )
        self.channel = grpc.aio.secure_channel(
            endpoint.address, credentials, (*CLIENT_OPTIONS, ("grpc.enable_http_proxy", 0))
        )

    async def close(self) -> None:
        """Close the connection."""
        await self.channel.close()

    async def call(
        self, method: str, request: Any, answer: Any = None, timeout: float = 20
    ) -> Outcome:
        """Make a unary call; its result and its failure are ignored."""
        rpc = self.channel.unary_unary(
            method,
            request_serializer=lambda message: (
                message if isinstance(message, bytes) else message.SerializeToString()
            ),
            response_deserializer=answer.FromString if answer is not None else None,
        )
        try:
            return Outcome("OK", response=await rpc(request, timeout=timeout))
        except grpc.aio.AioRpcError as error:
            return outcome(error)

    async def evaluate(self, draft: Draft, *organizations: str, timeout: float = 20) -> Outcome:
        """Evaluate."""
        request = gateway_pb2.EvaluateRequest(
            channel_id=draft.channel,
            proposed_transaction=draft.signed(),
            target_organizations=organizations,
        )
        return await self.call(
            "/gateway.Gateway/Evaluate", request, gateway_pb2.EvaluateResponse, timeout
        )

    async def endorse(self, draft: Draft, *organizations: str, timeout: float = 20) -> Outcome:
        """Endorse."""
        request = gateway_pb2.EndorseRequest(
            channel_id=draft.channel,
            proposed_transaction=draft.signed(),
            endorsing_organizations=organizations,
        )
        return await self.call(
            "/gateway.Gateway/Endorse", request, gateway_pb2.EndorseResponse, timeout
        )

    async def submit(self, channel: str, envelope: common_pb2.Envelope | None) -> Outcome:
        """Submit."""
        request = gateway_pb2.SubmitRequest(channel_id=channel, prepared_transaction=envelope)
        return await self.call("/gateway.Gateway/Submit", request, gateway_pb2.SubmitResponse)

    async def status(
        self,
        identity: SigningIdentity,
        channel: str,
        transaction_id: str,
        *,
        signature: bytes | None = None,
        timeout: float = 20,
    ) -> Outcome:
        """Call CommitStatus."""
        raw = gateway_pb2.CommitStatusRequest(
            channel_id=channel, transaction_id=transaction_id, identity=identity.serialized()
        ).SerializeToString()
        request = gateway_pb2.SignedCommitStatusRequest(
            request=raw, signature=identity.sign(raw) if signature is None else signature
        )
        return await self.call(
            "/gateway.Gateway/CommitStatus", request, gateway_pb2.CommitStatusResponse, timeout
        )

    async def process(self, draft: Draft) -> Outcome:
        """Call Endorser/ProcessProposal."""
        return await self.call(
            "/protos.Endorser/ProcessProposal",
            draft.signed(),
            proposal_response_pb2.ProposalResponse,
        )


def sign_envelope(
    identity: SigningIdentity, prepared: common_pb2.Envelope, signature: bytes | None = None
) -> common_pb2.Envelope:
    """Return a prepared transaction with a signature."""
    made = identity.sign(prepared.payload) if signature is None else signature
    return common_pb2.Envelope(payload=prepared.payload, signature=made)


def outcome(error: grpc.aio.AioRpcError) -> Outcome:
    """Return how a failed call ended."""
    trailers = dict(error.trailing_metadata() or ())
    raw = trailers.get(TRAILER, b"")
    details = read_details(raw) if isinstance(raw, bytes) else ()
    return Outcome(
        error.code().name,
        error.details() or "",
        tuple((detail.msp_id, detail.message) for detail in details),
    )
