"""How long each step of a transaction may take, in seconds."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

GATEWAY = "/gateway.Gateway/"
EVALUATE = GATEWAY + "Evaluate"
ENDORSE = GATEWAY + "Endorse"
SUBMIT = GATEWAY + "Submit"
COMMIT_STATUS = GATEWAY + "CommitStatus"


@dataclass(frozen=True, slots=True)
class Timeouts:
    """Seconds for each step; the defaults are those of Fabric's official clients."""

    evaluate: float = 5.0
    endorse: float = 15.0
    submit: float = 5.0
    commit_status: float = 60.0


DEFAULT_TIMEOUTS = Timeouts()

# Installing a chaincode and joining a channel go through ProcessProposal and can be slow.
OTHER_TIMEOUT = 60.0

METHOD_TIMEOUTS: Mapping[str, float] = MappingProxyType(
    {
        EVALUATE: DEFAULT_TIMEOUTS.evaluate,
        ENDORSE: DEFAULT_TIMEOUTS.endorse,
        SUBMIT: DEFAULT_TIMEOUTS.submit,
        COMMIT_STATUS: DEFAULT_TIMEOUTS.commit_status,
    }
)
