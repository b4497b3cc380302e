"""What an endorsed transaction holds, checked before it is signed: a peer or another program made it.

Source: ValidateTransaction and validateEndorserTransaction of Fabric's core/common/validation, which peers
run only after the creator has signed; the comparison with the proposal is the client's own.
"""

from fabric_protos.common import common_pb2
from fabric_protos.peer import proposal_pb2, proposal_response_pb2, transaction_pb2

from pyfabric.errors import DecodeError
from pyfabric.messages.decoding import decode
from pyfabric.messages.envelopes import transaction_id
from pyfabric.messages.proposals import proposal_hash, visible_payload


def endorsed_action(payload: common_pb2.Payload) -> proposal_pb2.ChaincodeAction:
    """Return the only action of a transaction (common.Payload).

    Raises DecodeError unless the headers, the call, its hash and the chaincode belong together, and
    each endorser is named once.
    """
    header = payload.header
    channel = decode(common_pb2.ChannelHeader, header.channel_header)
    if channel.type != common_pb2.ENDORSER_TRANSACTION:
        raise _contradicts(f"its header type is {channel.type}")
    _check_transaction_id(channel, header.signature_header)
    action = _only_action(payload.data)
    if action.header != header.signature_header:
        raise _contradicts("the header of its action is another than its own")
    body = decode(transaction_pb2.ChaincodeActionPayload, action.payload)
    response = decode(
        proposal_response_pb2.ProposalResponsePayload, body.action.proposal_response_payload
    )
    called = body.chaincode_proposal_payload
    if visible_payload(called) != called:
        raise _contradicts("its call holds more than the visible part of a proposal")
    if response.proposal_hash != proposal_hash(
        header.channel_header, header.signature_header, called
    ):
        raise _contradicts("what was endorsed is not its proposal (proposal hash)")
    _check_endorsers([one.endorser for one in body.action.endorsements])
    outcome = decode(proposal_pb2.ChaincodeAction, response.extension)
    _check_chaincode(channel, outcome)
    return outcome


def check_proposed(payload: common_pb2.Payload, proposal: bytes) -> None:
    """Raise DecodeError unless a transaction's headers and call are those of a peer.Proposal."""
    proposed = decode(proposal_pb2.Proposal, proposal)
    if payload.header != decode(common_pb2.Header, proposed.header):
        raise _not_proposed("header")
    action = _only_action(payload.data)
    body = decode(transaction_pb2.ChaincodeActionPayload, action.payload)
    if body.chaincode_proposal_payload != visible_payload(proposed.payload):
        raise _not_proposed("call")


def _only_action(data: bytes) -> transaction_pb2.TransactionAction:
    actions = decode(transaction_pb2.Transaction, data).actions
    if len(actions) != 1:
        raise _contradicts(f"it has {len(actions)} actions instead of one")
    return actions[0]


def _check_transaction_id(channel: common_pb2.ChannelHeader, signature_header: bytes) -> None:
    signer = decode(common_pb2.SignatureHeader, signature_header)
    if channel.tx_id != transaction_id(signer.creator, signer.nonce):
        raise _contradicts("its id is not that of its nonce and creator")


def _check_endorsers(endorsers: list[bytes]) -> None:
    if not endorsers:
        raise _contradicts("it has no endorsement")
    if len(endorsers) != len(set(endorsers)):
        raise _contradicts("it names an endorser more than once")


def _check_chaincode(
    channel: common_pb2.ChannelHeader, outcome: proposal_pb2.ChaincodeAction
) -> None:
    asked = decode(proposal_pb2.ChaincodeHeaderExtension, channel.extension).chaincode_id.name
    if outcome.chaincode_id.name != asked:
        raise _contradicts(f"{outcome.chaincode_id.name!r} was endorsed instead of {asked!r}")


def _contradicts(reason: str) -> DecodeError:
    return DecodeError(f"the endorsed transaction is invalid: {reason}; nothing was signed")


def _not_proposed(part: str) -> DecodeError:
    return DecodeError(
        f"the peer returned a transaction whose {part} is not the proposal's; nothing was signed: "
        "ask another peer, and look at this one"
    )
