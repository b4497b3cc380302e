"""Checks 3 to 7: whether a transaction is an answer of the contract `interop` on the recorded channel, and changes nothing.

Source of the header's rules: ValidateTransaction of Fabric's core/common/validation, made stricter where Fabric ignores
what a header holds.
"""

from typing import Final

from fabric_protos.common import common_pb2

from pyfabric.messages.envelopes import NONCE_SIZE, transaction_id
from pyfabric.messages.proposals import header_extension, proposal_hash
from pyfabric.sharing import canonical
from pyfabric.sharing.comparing import Comparisons
from pyfabric.sharing.refusals import Code
from pyfabric.sharing.requests import Answer
from pyfabric.sharing.transactions import EndorsedTransaction, changes
from pyfabric.sharing.trust import TrustRecord

INTEROP: Final = "interop"
"""The chaincode whose answers are proofs, on every channel."""
ANSWER: Final = b"answer"
"""The function of `interop` that reads a record for a request."""
_SUCCESS: Final = 200


def check_header(made: Comparisons, transaction: EndorsedTransaction, record: TrustRecord) -> None:
    """Make check 3: the headers are those of a call of `interop` on the recorded channel, and their id is right."""
    channel, creator = transaction.channel, transaction.creator
    with made.of(Code.HEADER):
        made.equal("the type of the header", channel.type, common_pb2.ENDORSER_TRANSACTION)
        made.equal("the epoch", channel.epoch, 0)
        made.equal("the channel", channel.channel_id, record.channel)
        made.equal("the length of the nonce", len(creator.nonce), NONCE_SIZE)
        expected = transaction_id(creator.creator, creator.nonce)
        made.equal("the transaction's id", channel.tx_id, expected)
        made.equal("the called chaincode", channel.extension, header_extension(INTEROP))


def check_call(made: Comparisons, transaction: EndorsedTransaction, request_digest: str) -> None:
    """Make check 4: the call asks `interop` to answer the request, and holds nothing else."""
    spec = transaction.spec
    with made.of(Code.CALL):
        made.equal("the chaincode of the call", spec.chaincode_id.name, INTEROP)
        made.equal("its version", spec.chaincode_id.version, "")
        made.equal("its path", spec.chaincode_id.path, "")
        made.equal("the call's flag of initialisation", spec.input.is_init, False)  # noqa: FBT003
        made.equal("the call's decorations", dict(spec.input.decorations), {})
        made.equal("the call's transient data", dict(transaction.payload.TransientMap), {})
        expected = [ANSWER, request_digest.encode()]
        made.equal("the arguments", list(spec.input.args), expected)


def check_hash(made: Comparisons, transaction: EndorsedTransaction) -> None:
    """Make check 5: the hash that was endorsed is that of the received headers and call."""
    expected = proposal_hash(
        transaction.channel_header, transaction.signature_header, transaction.call
    )
    with made.of(Code.HASH):
        made.equal("the proposal's hash", transaction.proposal_hash, expected)


def check_action(made: Comparisons, transaction: EndorsedTransaction, record: TrustRecord) -> None:
    """Make check 6: a recorded version of `interop` has answered with success, and the transaction would change nothing."""
    action = transaction.action
    version = action.chaincode_id.version
    with made.of(Code.ACTION):
        made.equal("the chaincode that answered", action.chaincode_id.name, INTEROP)
        made.equal("its path", action.chaincode_id.path, "")
        made.require("its version", version in record.versions, version, record.versions)
        made.equal("the status", action.response.status, _SUCCESS)
        made.equal("the message beside the status", action.response.message, "")
        made.equal("the event", action.events, b"")
        made.equal("what the transaction changes", list(changes(transaction.namespaces)), [])


def read_answer(made: Comparisons, transaction: EndorsedTransaction, record: TrustRecord) -> Answer:
    """Make check 7: the answer has one form, and names the recorded channel and the transaction."""
    channel = transaction.channel
    with made.of(Code.ANSWER):
        answer = canonical.read(Answer, transaction.action.response.payload)
        made.equal("the answer's network", answer.net, record.net)
        made.equal("the answer's channel", answer.channel, record.channel)
        made.equal("the answer's transaction", answer.tx, channel.tx_id)
        made.equal("the answer's time", answer.time, channel.timestamp.seconds)
        made.require(
            "the transaction that opened the request",
            answer.opened != answer.tx,
            answer.opened,
            "an earlier transaction",
        )
        paths = [one.path for one in answer.private]
        made.equal("the paths of private parts", paths, sorted(set(paths)))
    return answer
