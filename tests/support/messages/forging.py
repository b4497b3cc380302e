"""Corrupted transactions that members signed again, so that orderers and peers decode them fully."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from random import Random

from fabric_protos.common import common_pb2
from fabric_protos.peer import proposal_pb2, proposal_response_pb2, transaction_pb2
from google.protobuf.message import DecodeError as ProtobufDecodeError

from pyfabric.identity.signing import SigningIdentity
from tests.support.messages.mutation import mutant


class Forger:
    """Corrupts transactions of a channel and signs them with its members' keys, found by their identities."""

    def __init__(self, members: Mapping[bytes, SigningIdentity], results: Sequence[bytes]) -> None:
        self._members = members
        self._results = results

    def corrupted(self, payload: bytes, seed: int) -> bytes:
        """Return an envelope whose payload, or its endorsed part, is corrupted and signed again."""
        if Random(seed).random() < 0.5:
            return self._signed(self._with_responses(payload, lambda raw: self._other(raw, seed)))
        corrupted = mutant(seed, [payload])
        return self._signed(self._with_responses(corrupted, lambda raw: raw))

    def _other(self, response: bytes, seed: int) -> bytes:
        """Return a response with corrupted results, or corrupted as a whole."""
        if Random(seed).random() < 0.1:
            return mutant(seed, [response])
        message = proposal_response_pb2.ProposalResponsePayload.FromString(response)
        action = proposal_pb2.ChaincodeAction.FromString(message.extension)
        action.results = mutant(seed, [action.results, *self._results])
        message.extension = action.SerializeToString()
        return message.SerializeToString()

    def _with_responses(self, payload: bytes, change: Callable[[bytes], bytes]) -> bytes:
        """Return the payload with its responses changed and endorsed again, as far as it can be read."""
        message = common_pb2.Payload()
        with suppress(ProtobufDecodeError):
            message.MergeFromString(payload)
            transaction = transaction_pb2.Transaction.FromString(message.data)
            for action in transaction.actions:
                content = transaction_pb2.ChaincodeActionPayload.FromString(action.payload)
                endorsed = content.action
                response = change(endorsed.proposal_response_payload)
                endorsed.proposal_response_payload = response
                for endorsement in endorsed.endorsements:
                    signer = self._members.get(endorsement.endorser)
                    if signer is not None:
                        endorsement.signature = signer.sign(response + endorsement.endorser)
                action.payload = content.SerializeToString()
            message.data = transaction.SerializeToString()
            return message.SerializeToString()
        return payload

    def _signed(self, payload: bytes) -> bytes:
        creator = b""
        with suppress(ProtobufDecodeError):
            header = common_pb2.Payload.FromString(payload).header
            creator = common_pb2.SignatureHeader.FromString(header.signature_header).creator
        signer = self._members.get(creator)
        signature = signer.sign(payload) if signer is not None else b""
        return common_pb2.Envelope(payload=payload, signature=signature).SerializeToString()
