"""What the directory's channel reads of the credit channel: a snapshot, for people to look at.

A chaincode on another channel can only be asked: what it read is not checked when a transaction
commits. So no step of a life cycle may depend on it; a fact that a step needs is proved, not read.
"""

from datetime import date

from pyfabric.chaincode import Context, ContractError, from_json
from pyfabric_municipal.effective import Effective
from pyfabric_municipal.records import Model

CHANNEL = "credit"
CHAINCODE = "credit"
_REFUSED = 400


class CreditSnapshot(Model):
    """A subject's effective penalties as `channel` had them when this was read: not proof of anything,
    and maybe changed since (`answer.read_at`, `answer.last_change`)."""

    channel: str
    chaincode: str
    answer: Effective


def read_credit(ctx: Context, subject: str, day: date) -> CreditSnapshot:
    """Ask the credit channel at this peer; for queries only.

    Raises StateError with the peer's words where the caller or the peer is not in that channel, and
    ContractError with those of the contract.
    """
    response = ctx.stub.invoke_chaincode(
        CHAINCODE,
        [b"Credit:effective_at", subject.encode(), day.isoformat().encode()],
        CHANNEL,
    )
    if response.status >= _REFUSED:
        raise ContractError(f"channel {CHANNEL}: {response.message}")
    answer = from_json(Effective, response.payload)
    return CreditSnapshot(channel=CHANNEL, chaincode=CHAINCODE, answer=answer)
