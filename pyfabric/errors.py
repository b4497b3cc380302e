"""Every exception that this project raises on purpose.

    FabricError
    ├── IdentityError            a certificate, key, MSP or wallet cannot be used
    ├── DecodeError              bytes are not the message they should be
    ├── PolicySyntaxError        a policy expression does not parse (position)
    ├── PolicyError              signatures do not satisfy a policy
    ├── ConfigError              a channel configuration or one of its parts is wrong
    ├── PackageError             a chaincode package cannot be made or read
    ├── TopologyError            a topology file is wrong (file, line, key)
    ├── NetworkError             a runtime cannot do what was asked (port in use, not running, …)
    ├── LedgerError              the development ledger's files cannot be used
    ├── MissingExtraError        an optional part of this distribution is not installed
    ├── ClientError              the client was used wrongly (closed, after a fork, …)
    │   └── GoneError            … by a call of fabric-sdk-py that is gone (why, instead)
    ├── GatewayError             a gRPC call failed (code, details of each peer)
    │   ├── NotSentError         … before it was sent: nothing happened
    │   ├── EndorseError         … while endorsing (transaction id)
    │   ├── SubmitError          … while sending to the orderer (transaction id)
    │   └── CommitStatusError    … while asking for the outcome (transaction id)
    ├── CommitError              all calls worked and the transaction is invalid
    ├── PeerResponseError        a peer answered a proposal with an error status
    ├── DiscoveryError           a peer's discovery service refused a query
    ├── DeliverError             a block stream ended with an error status
    ├── OrdererError             an orderer refused (HTTP status or broadcast status)
    ├── CAError                  a certificate authority refused (its code, HTTP status)
    └── ContractError            raised in a contract: refuses the transaction (code, facts)
        └── StateError           … because its peer refused to read or write state

An error carries its facts as fields and keeps its cause; it is raised or logged, never both. `str()`
of each is one readable line, and `check` names what `pyfabric doctor` looks at for its cause.
"""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import IntEnum
from pathlib import Path
from typing import Any, Final, Self

__all__ = [
    "CAError",
    "ClientError",
    "CommitError",
    "CommitStatusError",
    "ConfigError",
    "ContractError",
    "DecodeError",
    "DeliverError",
    "DiscoveryError",
    "EndorseError",
    "ErrorDetail",
    "FabricError",
    "GatewayError",
    "GoneError",
    "IdentityError",
    "LedgerError",
    "MissingExtraError",
    "NetworkError",
    "NotSentError",
    "OrdererError",
    "PackageError",
    "PeerResponseError",
    "PolicyError",
    "PolicySyntaxError",
    "Refusal",
    "StateError",
    "StatusCode",
    "SubmitError",
    "TopologyError",
    "ValidationCode",
]


CODE: Final = re.compile(r"(?=.{1,100}\Z)[a-z0-9]+([.-][a-z0-9]+)*")
"""The code of a contract's refusal."""

# What the gateway service puts around the texts of nodes (Fabric, internal/pkg/gateway).
RESPONSE: Final = re.compile(r"(chaincode response \d+), (.+)", re.DOTALL)
_EXPIRED: Final = "client identity expired"
_SEE_DETAILS: Final = ", see attached details for more info"


class OpenIntEnum(IntEnum):
    """An IntEnum that keeps numbers it does not know, named `UNKNOWN_<number>`."""

    @classmethod
    def _missing_(cls, value: object) -> Self | None:
        if not isinstance(value, int):
            return None
        member = int.__new__(cls, value)
        member._name_ = f"UNKNOWN_{value}"
        member._value_ = value
        return member


class StatusCode(OpenIntEnum):
    """gRPC status codes (grpc.github.io/grpc/core/md_doc_statuscodes.html)."""

    OK = 0
    CANCELLED = 1
    UNKNOWN = 2
    INVALID_ARGUMENT = 3
    DEADLINE_EXCEEDED = 4
    NOT_FOUND = 5
    ALREADY_EXISTS = 6
    PERMISSION_DENIED = 7
    RESOURCE_EXHAUSTED = 8
    FAILED_PRECONDITION = 9
    ABORTED = 10
    OUT_OF_RANGE = 11
    UNIMPLEMENTED = 12
    INTERNAL = 13
    UNAVAILABLE = 14
    DATA_LOSS = 15
    UNAUTHENTICATED = 16


class ValidationCode(OpenIntEnum):
    """What a peer decided of a transaction in a block (peer/transaction.proto, TxValidationCode)."""

    VALID = 0
    NIL_ENVELOPE = 1
    BAD_PAYLOAD = 2
    BAD_COMMON_HEADER = 3
    BAD_CREATOR_SIGNATURE = 4
    INVALID_ENDORSER_TRANSACTION = 5
    INVALID_CONFIG_TRANSACTION = 6
    UNSUPPORTED_TX_PAYLOAD = 7
    BAD_PROPOSAL_TXID = 8
    DUPLICATE_TXID = 9
    ENDORSEMENT_POLICY_FAILURE = 10
    MVCC_READ_CONFLICT = 11
    PHANTOM_READ_CONFLICT = 12
    UNKNOWN_TX_TYPE = 13
    TARGET_CHAIN_NOT_FOUND = 14
    MARSHAL_TX_ERROR = 15
    NIL_TXACTION = 16
    EXPIRED_CHAINCODE = 17
    CHAINCODE_VERSION_CONFLICT = 18
    BAD_HEADER_EXTENSION = 19
    BAD_CHANNEL_HEADER = 20
    BAD_RESPONSE_PAYLOAD = 21
    BAD_RWSET = 22
    ILLEGAL_WRITESET = 23
    INVALID_WRITESET = 24
    INVALID_CHAINCODE = 25
    NOT_VALIDATED = 254
    INVALID_OTHER_REASON = 255


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a contract refused: a stable `code`, its `facts` (a JSON object), and texts that have the facts filled in.

    `en` is the English text, `zh` the Chinese one, "" if there is none.
    """

    code: str
    facts: Mapping[str, Any]
    en: str
    zh: str = ""

    def text(self, language: str) -> str:
        """Return the text in a language ("zh" or "en"), in English if the contract has no other."""
        return (self.zh if language == "zh" else "") or self.en


class FabricError(Exception):
    """The root of every error of this project."""

    language: str = "en"
    """The language ("en" or "zh") of a contract's refusal in `str()`, where it has texts in both."""

    @property
    def refusal(self) -> Refusal | None:
        """Why a contract refused, if one did and gave a code; of the first peer, where peers differ."""
        return None

    @property
    def check(self) -> str | None:
        """The id of the check of `pyfabric doctor` that finds the cause; None if none is known to find it."""
        from pyfabric._causes import check_for  # a program without errors needs none of its rules

        return check_for(self._said())

    def _said(self) -> Sequence[str]:
        """Return the texts that may name the cause."""
        return (str(self),)


class IdentityError(FabricError):
    """A certificate, key, MSP or wallet cannot be used as asked."""


class DecodeError(FabricError):
    """Bytes are not the message they should be."""


class PolicySyntaxError(FabricError):
    """A policy expression does not parse. `position` counts characters from 0."""

    def __init__(self, message: str, *, position: int) -> None:
        super().__init__(message)
        self.position = position


class PolicyError(FabricError):
    """The identities that signed do not satisfy a policy (the text is Fabric's)."""


class ConfigError(FabricError):
    """A channel configuration, or a part of one, is wrong."""


class PackageError(FabricError):
    """A chaincode package cannot be made or read."""


class TopologyError(FabricError):
    """A topology file is wrong: `file`, `line` (from 1) and `key` (dotted) say where, `reason` what."""

    def __init__(self, message: str, *, file: Path | None, line: int | None, key: str) -> None:
        place = ":".join(str(part) for part in (file, line) if part is not None)
        super().__init__(": ".join(part for part in (place, key, message) if part))
        self.file = file
        self.line = line
        self.key = key
        self.reason = message


class NetworkError(FabricError):
    """A network's runtime cannot do what was asked."""


class LedgerError(FabricError):
    """The development ledger's files cannot be used."""


class MissingExtraError(FabricError, ImportError):
    """An optional part of this distribution is not installed; the message names the extra to install."""


class ClientError(FabricError):
    """The client was used in a way that cannot work; nothing was sent."""


class GoneError(ClientError):
    """A call of fabric-sdk-py has no counterpart: `why`, and what is called `instead`."""

    def __init__(self, name: str, why: str, instead: str) -> None:
        super().__init__(f"hfc.{name} is gone: {why}; {instead}")
        self.name = name
        self.why = why
        self.instead = instead


@dataclass(frozen=True, slots=True)
class ErrorDetail:
    """What one node said of a failed call (gateway.ErrorDetail), and the contract's refusal in it, if it has a code."""

    address: str
    msp_id: str
    message: str
    refusal: Refusal | None = field(default=None, compare=False)


class GatewayError(FabricError):
    """A gRPC call failed with `code`; `details` holds what each node that answered said."""

    def __init__(
        self,
        message: str,
        *,
        code: StatusCode,
        details: Sequence[ErrorDetail] = (),
        transaction_id: str | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.code = code
        self.details = tuple(details)
        self.transaction_id = transaction_id

    @property
    def identity_expired(self) -> bool:
        """Whether a node refused the client's identity because its certificate has expired: no other node takes it."""
        return any(text.endswith(_EXPIRED) for text in self._said())

    @property
    def refusal(self) -> Refusal | None:
        """Why the contract refused, if it gave a code; `details` has what each peer refused with."""
        return next((one.refusal for one in self.details if one.refusal is not None), None)

    def _said(self) -> Sequence[str]:
        return (self.message, *(one.message for one in self.details))

    def __str__(self) -> str:
        """Return what the nodes said, each text once, then which nodes, and what the call itself reports."""
        whole = self.message.removesuffix(_SEE_DETAILS)
        nodes: dict[str, list[ErrorDetail]] = {}
        for one in self.details:
            nodes.setdefault(one.message, []).append(one)
            whole = whole.replace(f": {one.message}", "")
        summary = f"{self.code.name}: {whole}"
        said = "; ".join(
            _said(where, self.language, with_facts=len(nodes) > 1) for where in nodes.values()
        )
        text = f"{said} ({summary})" if said else summary
        if self.identity_expired:
            text = f"the client's certificate has expired: have it renewed by its CA: {text}"
        return " ".join(text.splitlines())  # a contract's own text may have several lines


def _said(nodes: Sequence[ErrorDetail], language: str, *, with_facts: bool) -> str:
    """Return what nodes said alike: a contract's text, which a peer puts behind its status, stands first."""
    response = RESPONSE.fullmatch(nodes[0].message)
    status, text = response.groups() if response else ("", nodes[0].message)
    if (refusal := nodes[0].refusal) is not None:
        text = _refusal_text(refusal, language, with_facts=with_facts)
    places = ", ".join(f"{one.address} ({one.msp_id})" for one in nodes)
    return f"{text} [{places}{status and ': '}{status}]"


def _refusal_text(refusal: Refusal, language: str, *, with_facts: bool = False) -> str:
    """Return a refusal's text with its code, and with its facts where the texts of several may be the same."""
    facts = " " + json.dumps(refusal.facts, ensure_ascii=False) if with_facts else ""
    return f"{refusal.text(language)} ({refusal.code}{facts})"


class NotSentError(GatewayError):
    """A call or transaction waited in vain for its turn in this program: nothing was sent."""


class EndorseError(GatewayError):
    """Endorsing failed: nothing was sent to the orderer."""


class SubmitError(GatewayError):
    """Sending to the orderer failed: the transaction may or may not commit."""


class CommitStatusError(GatewayError):
    """The outcome could not be learnt: the transaction may or may not have committed."""


class CommitError(FabricError):
    """The transaction is in a block and was marked invalid: nothing was written."""

    def __init__(self, *, transaction_id: str, code: ValidationCode, block_number: int) -> None:
        super().__init__(
            f"transaction {transaction_id} is invalid: {code.name} ({int(code)}), block {block_number}"
        )
        self.transaction_id = transaction_id
        self.code = code
        self.block_number = block_number


class PeerResponseError(FabricError):
    """A peer answered a proposal with a status of 400 or above; `message` is what it said, a contract's refusal whole."""

    def __init__(
        self, message: str, *, status: int, address: str = "", refusal: Refusal | None = None
    ) -> None:
        super().__init__(message)
        self.message = message
        self.status = status
        self.address = address
        self._refusal = refusal

    @property
    def refusal(self) -> Refusal | None:
        """Why the contract refused, if it gave a code."""
        return self._refusal

    def __str__(self) -> str:
        place = f"{self.address}: " if self.address else ""
        refusal = self._refusal
        text = self.message if refusal is None else _refusal_text(refusal, self.language)
        return f"{place}{self.status}: {text}"


class DiscoveryError(FabricError):
    """A peer's discovery service refused a query (`message` is its own text)."""

    def __init__(self, message: str, *, address: str) -> None:
        super().__init__(f"{address}: {message}")
        self.message = message
        self.address = address


class DeliverError(FabricError):
    """A block stream ended with `status` (common.Status) other than success."""

    def __init__(self, message: str, *, status: int) -> None:
        super().__init__(message)
        self.status = status


class OrdererError(FabricError):
    """An orderer refused; `status` is its HTTP status or its broadcast status (common.Status)."""

    def __init__(self, message: str, *, status: int) -> None:
        super().__init__(f"{status}: {message}")
        self.message = message
        self.status = status


class CAError(FabricError):
    """A certificate authority refused: `code` and `message` are Fabric CA's own, `status` is the HTTP status.

    `pyfabric.ca.CAErrorCode` names the codes. `hint` is what the code usually means for the one who asked.
    """

    def __init__(
        self, message: str, *, code: int, status: int, address: str = "", hint: str = ""
    ) -> None:
        place = f"{address}: " if address else ""
        super().__init__(f"{place}{message} (code {code}){hint and f': {hint}'}")
        self.message = message
        self.code = code
        self.status = status
        self.address = address


class ContractError(FabricError):
    """Raised in a contract to refuse the transaction: the text reaches the client as it is.

    `code` names the reason for programs, as in `waste.licence-expired`, and stays the same for ever; `facts` is a JSON
    object of what decided, and `zh` the text in Chinese. All of it reaches the client. Raises ConfigError for a code with
    other characters than a-z, 0-9, dots and hyphens, for facts or a Chinese text without a code, and for facts that are
    not JSON.
    """

    def __init__(
        self, text: str, *, code: str = "", facts: Mapping[str, Any] | None = None, zh: str = ""
    ) -> None:
        super().__init__(text)
        if code and not CODE.fullmatch(code):
            raise ConfigError(
                f"{code!r} cannot be the code of a refusal: it may have a-z, 0-9, and single dots and hyphens between them, and 100 characters"
            )
        if not code and (facts or zh):
            raise ConfigError(f"a refusal with facts or a Chinese text needs a code: {text}")
        self.code = code
        self.facts = _json_object(code, facts or {})
        self.zh = zh

    @property
    def refusal(self) -> Refusal | None:
        """What the client learns; None for an error without a code."""
        return Refusal(self.code, self.facts, str(self), self.zh) if self.code else None

    def inside(self, text: str, zh: str, **facts: Any) -> "ContractError":
        """Return the same refusal with where it arose, before its texts and among its facts."""
        if not self.code:
            return ContractError(f"{text}: {self}")
        return ContractError(
            f"{text}: {self}",
            code=self.code,
            facts={**self.facts, **facts},
            zh=f"{zh}：{self.zh or self}",
        )

    def _said(self) -> Sequence[str]:
        return ()


class StateError(ContractError):
    """The peer answered a contract's request with an error (the text is the peer's)."""


def _json_object(code: str, facts: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return a copy as a reader of its JSON gets it; raises ConfigError."""
    try:
        copy: Mapping[str, Any] = json.loads(json.dumps(dict(facts), allow_nan=False))
    except (TypeError, ValueError, RecursionError) as error:
        raise ConfigError(f"the facts of {code} are no JSON object: {error}") from error
    return copy
