"""The exit codes of the command by kind of error."""

from collections.abc import Mapping
from enum import IntEnum

from pyfabric.errors import (
    CAError,
    CommitError,
    CommitStatusError,
    DeliverError,
    FabricError,
    GatewayError,
    IdentityError,
    LedgerError,
    NetworkError,
    OrdererError,
    PeerResponseError,
    PolicyError,
    StatusCode,
    SubmitError,
)


class ExitCode(IntEnum):
    """How a command ended."""

    OK = 0
    FAULT = 1
    USAGE = 2
    INPUT = 3
    NETWORK = 4
    IDENTITY = 5
    REFUSED = 6
    UNREACHABLE = 7
    UNKNOWN_OUTCOME = 8
    INVALID = 9
    UNCHECKED = 10
    INTERRUPTED = 130


MEANINGS: Mapping[ExitCode, str] = {
    ExitCode.OK: "done",
    ExitCode.FAULT: "not done: you declined, or, with a traceback, a defect: please report it",
    ExitCode.USAGE: "the command line is wrong",
    ExitCode.INPUT: "a file, topology, policy, package or setting is wrong",
    ExitCode.NETWORK: "the network or its ledger cannot do it: port in use, not running, damaged",
    ExitCode.IDENTITY: "a certificate, key or MSP folder cannot be used, or a CA refused",
    ExitCode.REFUSED: "a peer, orderer or contract refused; nothing was written",
    ExitCode.UNREACHABLE: "no node answered in time; nothing was written",
    ExitCode.UNKNOWN_OUTCOME: "the transaction may or may not commit: look for its id",
    ExitCode.INVALID: "the transaction is in a block and marked invalid; nothing was written",
    ExitCode.UNCHECKED: "`doctor` found nothing wrong, and could not look at everything",
    ExitCode.INTERRUPTED: "interrupted (Ctrl-C)",
}

# The first class that fits decides.
_BY_CLASS: tuple[tuple[type[FabricError], ExitCode], ...] = (
    (CommitError, ExitCode.INVALID),
    (SubmitError, ExitCode.UNKNOWN_OUTCOME),
    (CommitStatusError, ExitCode.UNKNOWN_OUTCOME),
    (NetworkError, ExitCode.NETWORK),
    (LedgerError, ExitCode.NETWORK),
    (IdentityError, ExitCode.IDENTITY),
    (CAError, ExitCode.IDENTITY),
    (OrdererError, ExitCode.REFUSED),
    (PeerResponseError, ExitCode.REFUSED),
    (DeliverError, ExitCode.REFUSED),
    (PolicyError, ExitCode.REFUSED),
)
_SILENCE = (StatusCode.UNAVAILABLE, StatusCode.DEADLINE_EXCEEDED, StatusCode.CANCELLED)


def exit_code(error: FabricError) -> ExitCode:
    """Return the exit code for an error."""
    for kind, code in _BY_CLASS:
        if isinstance(error, kind):
            return code
    if isinstance(error, GatewayError):
        if error.identity_expired:
            return ExitCode.IDENTITY
        return ExitCode.UNREACHABLE if error.code in _SILENCE else ExitCode.REFUSED
    return ExitCode.INPUT


def exit_code_table() -> str:
    """Return the exit codes as a Markdown table, for the documentation."""
    lines = [f"| {code.value} | {meaning} |" for code, meaning in MEANINGS.items()]
    return "\n".join(("| code | meaning |", "|---|---|", *lines)) + "\n"
