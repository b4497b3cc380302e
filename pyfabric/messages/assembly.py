"""A transaction made of a proposal and its endorsements, ready to be signed.

Source: createTransaction of Fabric's internal/pkg/gateway, which clients that ask endorsers themselves do likewise.
"""

from collections.abc import Sequence

from fabric_protos.common import common_pb2
from fabric_protos.peer import proposal_response_pb2, transaction_pb2


def endorsed_envelope(
    header: common_pb2.Header,
    visible: bytes,
    payload: bytes,
    endorsements: Sequence[proposal_response_pb2.Endorsement],
) -> common_pb2.Envelope:
    """Return the unsigned envelope of an endorsed proposal.

    `visible` is the visible part of the proposal's payload (`proposals.visible_payload`), `payload` what all endorsers
    signed (bytes of peer.ProposalResponsePayload).
    """
    action = transaction_pb2.ChaincodeActionPayload(
        chaincode_proposal_payload=visible,
        action=transaction_pb2.ChaincodeEndorsedAction(
            proposal_response_payload=payload, endorsements=endorsements
        ),
    )
    transaction = transaction_pb2.Transaction(
        actions=[
            transaction_pb2.TransactionAction(
                header=header.signature_header, payload=action.SerializeToString()
            )
        ]
    )
    return common_pb2.Envelope(
        payload=common_pb2.Payload(
            header=header, data=transaction.SerializeToString()
        ).SerializeToString()
    )
