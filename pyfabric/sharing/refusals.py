"""Why a proof, or a step of a trust record, is refused: fixed codes (docs/proof.md, "The checks")."""

from enum import StrEnum
from typing import Final

from pyfabric.errors import FabricError


class Code(StrEnum):
    """The reason of a refusal; each belongs to one of the checks, or to trust records."""

    SIZE = "size"
    FORM = "form"
    HEADER = "header"
    CALL = "call"
    HASH = "hash"
    ACTION = "action"
    ANSWER = "answer"
    REQUEST = "request"
    TRUST = "trust"
    """The source channel has no trust record."""
    TRUST_STALE = "trust-stale"
    """The trust record is over age, or the proof shows a newer configuration."""
    ENDORSEMENT = "endorsement"
    CERTIFICATE = "certificate"
    POLICY = "policy"
    REVISION = "revision"
    SOURCE_EQUIVOCATION = "source-equivocation"
    """The departments of the source have attested two contents of one revision."""
    PRIVATE = "private"
    INCLUSION = "inclusion"

    TRUST_CHANNEL = "trust-channel"
    """A block is not a configuration block of the recorded channel."""
    TRUST_SEQUENCE = "trust-sequence"
    """A configuration does not follow the recorded one: a step is skipped or repeated."""
    TRUST_SIGNATURE = "trust-signature"
    """The orderers' signatures do not satisfy the recorded BlockValidation."""
    TRUST_UPDATE = "trust-update"
    """A configuration is not what its signed update makes of the recorded one."""
    TRUST_CAPABILITY = "trust-capability"
    """A configuration has rules that this program does not know."""
    TRUST_SHARED_CA = "trust-shared-ca"
    """Two organisations share the key of a certificate authority."""
    TRUST_CHALLENGE = "trust-challenge"
    """A challenge is one department's alone, or a block that should renew a record does not hold it."""


CHECKS: Final = {
    1: Code.SIZE,
    2: Code.FORM,
    3: Code.HEADER,
    4: Code.CALL,
    5: Code.HASH,
    6: Code.ACTION,
    7: Code.ANSWER,
    8: Code.REQUEST,
    9: Code.TRUST,
    10: Code.ENDORSEMENT,
    11: Code.CERTIFICATE,
    12: Code.POLICY,
    13: Code.REVISION,
    14: Code.PRIVATE,
    15: Code.INCLUSION,
}
"""The checks in their order; the sixteenth step is the acceptance."""


class ProofError(FabricError):
    """A proof, a request or a step of a trust record is refused. A contract answers with `code` alone."""

    def __init__(self, code: Code, reason: str) -> None:
        super().__init__(f"{code}: {reason}")
        self.code = code
        self.reason = reason
