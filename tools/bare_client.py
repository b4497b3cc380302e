"""The lower bound for the benchmarks: the Gateway protocol on the official bindings, and nothing else.

It reads no error details, checks no identity and has no options. The difference between its cost and
that of `pyfabric.gateway` is what this library adds to the protocol.
"""

import hashlib
import os
import time
from dataclasses import dataclass
from pathlib import Path

import grpc
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import (
    decode_dss_signature,
    encode_dss_signature,
)
from fabric_protos.common import common_pb2
from fabric_protos.gateway import gateway_pb2
from fabric_protos.msp import identities_pb2
from fabric_protos.peer import (
    chaincode_pb2,
    proposal_pb2,
    proposal_response_pb2,
    transaction_pb2,
)

ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
ALGORITHM = ec.ECDSA(hashes.SHA256())


class BareSigner:
    """A P-256 key with its certificate."""

    def __init__(self, msp_id: str, certificate: Path, key: Path) -> None:
        self.creator = identities_pb2.SerializedIdentity(
            mspid=msp_id, id_bytes=certificate.read_bytes()
        ).SerializeToString()
        self.key = serialization.load_pem_private_key(key.read_bytes(), None)

    def sign(self, message: bytes) -> bytes:
        """Sign a message; the signature has the low S that Fabric demands."""
        signature = self.key.sign(message, ALGORITHM)
        r, s = decode_dss_signature(signature)
        return signature if s <= ORDER >> 1 else encode_dss_signature(r, ORDER - s)


def build_proposal(
    signer: BareSigner, channel: str, chaincode: str, arguments: list[bytes]
) -> tuple[str, proposal_pb2.SignedProposal]:
    """Build and sign a proposal; return it with its transaction id."""
    nonce = os.urandom(24)
    transaction_id = hashlib.sha256(nonce + signer.creator).hexdigest()
    header = common_pb2.ChannelHeader(
        type=common_pb2.ENDORSER_TRANSACTION,
        channel_id=channel,
        tx_id=transaction_id,
        extension=proposal_pb2.ChaincodeHeaderExtension(
            chaincode_id=chaincode_pb2.ChaincodeID(name=chaincode)
        ).SerializeToString(),
    )
    header.timestamp.seconds, header.timestamp.nanos = divmod(time.time_ns(), 10**9)
    spec = chaincode_pb2.ChaincodeInvocationSpec(
        chaincode_spec=chaincode_pb2.ChaincodeSpec(
            chaincode_id=chaincode_pb2.ChaincodeID(name=chaincode),
            input=chaincode_pb2.ChaincodeInput(args=arguments),
        )
    )
    proposal = proposal_pb2.Proposal(
        header=common_pb2.Header(
            channel_header=header.SerializeToString(),
            signature_header=common_pb2.SignatureHeader(
                creator=signer.creator, nonce=nonce
            ).SerializeToString(),
        ).SerializeToString(),
        payload=proposal_pb2.ChaincodeProposalPayload(
            input=spec.SerializeToString()
        ).SerializeToString(),
    ).SerializeToString()
    return transaction_id, proposal_pb2.SignedProposal(
        proposal_bytes=proposal, signature=signer.sign(proposal)
    )


def result_of(envelope: common_pb2.Envelope) -> bytes:
    """Return the contract's result from an endorsed envelope."""
    payload = common_pb2.Payload.FromString(envelope.payload)
    transaction = transaction_pb2.Transaction.FromString(payload.data)
    action = transaction_pb2.ChaincodeActionPayload.FromString(transaction.actions[0].payload)
    response = proposal_response_pb2.ProposalResponsePayload.FromString(
        action.action.proposal_response_payload
    )
    return proposal_pb2.ChaincodeAction.FromString(response.extension).response.payload


@dataclass
class BareGateway:
    """A client with the four calls of a transaction over one connection, for threads."""

    channel: grpc.Channel
    signer: BareSigner
    name: str
    chaincode: str

    def __post_init__(self) -> None:
        def method(name: str, answer: type) -> grpc.UnaryUnaryMultiCallable:
            return self.channel.unary_unary(
                f"/gateway.Gateway/{name}",
                request_serializer=lambda message: message.SerializeToString(),
                response_deserializer=answer.FromString,
            )

        self._evaluate = method("Evaluate", gateway_pb2.EvaluateResponse)
        self._endorse = method("Endorse", gateway_pb2.EndorseResponse)
        self._submit = method("Submit", gateway_pb2.SubmitResponse)
        self._status = method("CommitStatus", gateway_pb2.CommitStatusResponse)

    def evaluate(self, *arguments: bytes) -> bytes:
        """Evaluate and return the result."""
        transaction_id, signed = build_proposal(
            self.signer, self.name, self.chaincode, list(arguments)
        )
        request = gateway_pb2.EvaluateRequest(
            transaction_id=transaction_id, channel_id=self.name, proposed_transaction=signed
        )
        return self._evaluate(request, timeout=60).result.payload

    def submit(self, *arguments: bytes) -> bytes:
        """Endorse, submit, wait for the commit and return the result."""
        transaction_id, signed = build_proposal(
            self.signer, self.name, self.chaincode, list(arguments)
        )
        envelope = self._endorse(
            gateway_pb2.EndorseRequest(
                transaction_id=transaction_id, channel_id=self.name, proposed_transaction=signed
            ),
            timeout=60,
        ).prepared_transaction
        result = result_of(envelope)
        envelope.signature = self.signer.sign(envelope.payload)
        self._submit(
            gateway_pb2.SubmitRequest(
                transaction_id=transaction_id, channel_id=self.name, prepared_transaction=envelope
            ),
            timeout=60,
        )
        asked = gateway_pb2.CommitStatusRequest(
            transaction_id=transaction_id, channel_id=self.name, identity=self.signer.creator
        ).SerializeToString()
        status = self._status(
            gateway_pb2.SignedCommitStatusRequest(request=asked, signature=self.signer.sign(asked)),
            timeout=60,
        )
        if status.result != transaction_pb2.VALID:
            raise ValueError(f"committed with code {status.result}")
        return result
