"""What each node did with a transaction, for the developer who asks why. Fabric keeps no such record.

Only the newest transactions are remembered, in memory: what stands in a block can be read from there.
"""

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass

TRANSACTIONS = 1000
LARGEST_PAYLOAD = 20_000
LARGEST_TEXT = 10_000
_SHOWN = 80


@dataclass(frozen=True, slots=True)
class Step:
    """What a node did, and why if it refused.

    `payload` is what it endorsed (ProposalResponsePayload), cut if it is longer than LARGEST_PAYLOAD.
    """

    node: str
    msp_id: str
    did: str
    because: str = ""
    payload: bytes = b""


def asking(msp_id: str, chaincode: str, arguments: Sequence[bytes]) -> Step:
    """Return the first step of a transaction: a client's call."""
    function, *rest = arguments or (b"nothing",)
    given = ", ".join(map(shown, rest))
    return Step("a client", msp_id, f"asked {chaincode} for {shown(function)[1:-1]}({given})")


def shown(value: bytes) -> str:
    """Return a value for people: its text in quotes, or its beginning, or its number of bytes."""
    if len(value) > LARGEST_TEXT:
        return f"{len(value)} bytes"
    try:
        text = value.decode()
    except UnicodeDecodeError:
        return f"{len(value)} bytes"
    return repr(text) if len(text) <= _SHOWN else f"{text[:_SHOWN]!r}…"


class Traces:
    """The steps of the newest transactions, shared by all nodes of a process."""

    def __init__(self) -> None:
        self._steps: OrderedDict[str, list[Step]] = OrderedDict()

    def add(self, transaction_id: str, step: Step) -> None:
        """Remember a step."""
        steps = self._steps.get(transaction_id)
        if steps is None:
            steps = self._steps[transaction_id] = []
            if len(self._steps) > TRANSACTIONS:
                self._steps.popitem(last=False)
        steps.append(step)

    def of(self, transaction_id: str) -> tuple[Step, ...]:
        """Return the steps of a transaction, in their order; none if it is not remembered."""
        return tuple(self._steps.get(transaction_id, ()))
