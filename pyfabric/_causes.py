"""Which check of `pyfabric doctor` finds the cause of an error, by what nodes and gRPC say of it.

The texts are from Fabric 3.1, gRPC and this client; the first rule that fits decides.
"""

import re
from collections.abc import Iterable
from typing import Final

_CHAINCODE_SAID: Final = re.compile(r"chaincode response \d+, ")
"""What a contract says is not of the network's making."""

_RULES: Final = tuple(
    (check, re.compile(pattern, re.IGNORECASE))
    for check, pattern in (
        ("ports", r"port \d+, wanted for .* is in use"),
        ("expiry", r"identity expired|certificate (has )?expired|certificate .* expired at"),
        ("clock", r"incorrect timestamp|certificate is not yet valid"),
        ("tls-name", r"the server's certificate is for|hostname verification check failed"),
        (
            "tls-client",
            r"the TLS client certificate|a TLS client certificate|certificate.required|bad certificate|socket closed|unwrap failed",
        ),
        ("tls-root", r"certificate_verify_failed|unknown authority|wrong_version_number"),
        ("installed", r"required chaincodes are not installed|chaincode is not installed"),
        ("installed", r"has been successfully defined on channel|chaincode .* not found"),
        ("endorsement", r"no (combination of peers|peer combination)"),
        ("packages", r"ProposalResponsePayloads do not match"),
        ("identities", r"creator is malformed|access denied: channel \[.*\] creator org"),
        ("disk", r"no space left on device"),
        ("health", r"cannot be written"),
        ("quorum", r"no raft leader|no orderers could|did not answer (Submit|CommitStatus) "),
        ("joined", r"channel '?[\w.-]+'? (not found|does not exist)|no peers available"),
        ("joined", r"failed to get config for channel"),
        ("contracts", r"could not launch chaincode|chaincode stream terminated"),
        ("contracts", r"timeout expired while (starting|executing)|connection to \S+ failed"),
        ("hosts", r"connection refused|connection reset|no such host|dns resolution failed"),
        ("hosts", r"(endorsement|evaluate) timeout expired"),
        ("hosts", r"did not answer|failed to connect|deadline exceeded|unreachable"),
    )
)


def check_for(texts: Iterable[str]) -> str | None:
    """Return the id of the check that finds what these texts report; None if none is known to."""
    said = [text for text in texts if not _CHAINCODE_SAID.match(text)]
    return next((check for check, rule in _RULES if any(map(rule.search, said))), None)
