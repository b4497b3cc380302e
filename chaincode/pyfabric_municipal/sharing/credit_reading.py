"""Reading penalties of the credit channel from the directory's channel: a snapshot for people.

Fabric does not check at commit what a chaincode on another channel read. So no step of a life cycle
may depend on such a reading: it is for queries only.
"""

from datetime import date

from pyfabric.chaincode import Context, from_json
from pyfabric_municipal.common.values import Model
from pyfabric_municipal.credit.effective import Effective

CHANNEL = "credit"
CHAINCODE = "credit"


class CreditSnapshot(Model):
    """A subject's effective penalties as they were on `channel` when this was read.

    It is no proof, and may have changed since (`answer.read_at`, `answer.last_change`).
    """

    channel: str
    chaincode: str
    answer: Effective


def read_credit(ctx: Context, subject: str, day: date) -> CreditSnapshot:
    """Query the credit channel at this peer; for queries only.

    Raises StateError with the peer's message where the caller or the peer is not in that channel, and
    ContractError with the credit contract's refusal.
    """
    response = ctx.stub.invoke_chaincode(
        CHAINCODE,
        [b"Credit:effective_at", subject.encode(), day.isoformat().encode()],
        CHANNEL,
    )
    response.raise_unless_ok()
    answer = from_json(Effective, response.payload)
    return CreditSnapshot(channel=CHANNEL, chaincode=CHAINCODE, answer=answer)
