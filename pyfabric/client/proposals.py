"""New proposals of a client."""

from datetime import timedelta

from fabric_protos.common import common_pb2
from fabric_protos.peer import proposal_pb2

from pyfabric.client.effects import Flow, nonce, now
from pyfabric.identity.signing import SigningIdentity
from pyfabric.messages.envelopes import channel_header, transaction_id
from pyfabric.messages.proposals import (
    Invocation,
    ProposedTransaction,
    header_extension,
    proposal_payload,
)


def new_proposal(
    identity: SigningIdentity,
    invocation: Invocation,
    *,
    tls_hash: bytes = b"",
    ahead: timedelta = timedelta(),
) -> Flow[ProposedTransaction]:
    """Return a new unsigned proposal with a fresh nonce, on which its transaction id depends.

    `ahead` is added to the present time in its header.
    """
    unique = yield from nonce()
    creator = identity.serialized()
    identifier = transaction_id(creator, unique)
    header = common_pb2.Header(
        channel_header=channel_header(
            common_pb2.ENDORSER_TRANSACTION,
            invocation.channel,
            (yield from now()) + ahead,
            transaction=identifier,
            extension=header_extension(invocation.chaincode),
            tls_hash=tls_hash,
        ),
        signature_header=common_pb2.SignatureHeader(
            creator=creator, nonce=unique
        ).SerializeToString(),
    )
    proposal = proposal_pb2.Proposal(
        header=header.SerializeToString(), payload=proposal_payload(invocation)
    )
    return ProposedTransaction(
        transaction_id=identifier,
        channel=invocation.channel,
        message=proposal.SerializeToString(),
        endorsing_organizations=tuple(invocation.endorsing_organizations),
    )
