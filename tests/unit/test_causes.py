"""Errors name the doctor's check, by texts that Fabric's programs, gRPC and this client gave in each case."""

import pytest
from pyfabric_network.diagnosis.checks import BY_ID

from pyfabric._causes import _RULES
from pyfabric.errors import (
    CommitStatusError,
    ContractError,
    DiscoveryError,
    EndorseError,
    ErrorDetail,
    FabricError,
    GatewayError,
    IdentityError,
    NetworkError,
    PeerResponseError,
    StatusCode,
    SubmitError,
)

REFUSED = (
    'rpc error: code = Unavailable desc = connection error: desc = "transport: Error while dialing: '
    'dial tcp 127.0.0.1:9051: connect: connection refused"'
)
HANDSHAKE = (
    "failed to connect to all addresses; last error: UNKNOWN: ipv4:127.0.0.1:24050: Tls handshake failed "
    "(TSI_PROTOCOL_FAILURE): SSL_ERROR_SSL: error:1000007d:SSL routines:OPENSSL_internal:"
    "CERTIFICATE_VERIFY_FAILED: "
)


def endorse(message: str, *details: str) -> EndorseError:
    """Return the error of endorsing."""
    return EndorseError(
        message,
        code=StatusCode.UNAVAILABLE,
        details=[ErrorDetail("127.0.0.1:9051", "TaxMSP", one) for one in details],
    )


TEXTS: tuple[tuple[FabricError, str | None], ...] = (
    (endorse("failed to collect enough transaction endorsements", REFUSED), "hosts"),
    (endorse("endorsement timeout expired while collecting endorsements"), "hosts"),
    (endorse("127.0.0.1:24000 did not answer Endorse within 15 s"), "hosts"),
    (endorse("evaluate timeout expired"), "hosts"),
    (endorse(HANDSHAKE + "certificate has expired: OK"), "expiry"),
    (endorse("failed to endorse", "proposal client identity expired"), "expiry"),
    (endorse(HANDSHAKE + "unable to get local issuer certificate: OK"), "tls-root"),
    (
        endorse("127.0.0.1:7051: the server's certificate is for peer0.tax, not for peer0.t: give"),
        "tls-name",
    ),
    (
        endorse(
            "failed to connect to all addresses; last error: UNAVAILABLE: ipv4:127.0.0.1:20750: Unwrap "
            "failed (TSI_DATA_CORRUPTED)"
        ),
        "tls-client",
    ),
    (
        endorse(
            "failed to connect to all addresses; last error: UNAVAILABLE: ipv4:127.0.0.1:7051: Socket closed"
        ),
        "tls-client",
    ),
    (
        endorse(
            "evaluate call to endorser returned error",
            "request unauthorized due to incorrect timestamp 2026-11-25T01:36:05Z, peer time "
            "2026-11-25T02:36:05Z, peer.authentication.timewindow 15m0s",
        ),
        "clock",
    ),
    (
        endorse(
            "no combination of peers can be derived which satisfy the endorsement policy: no peer "
            "combination can satisfy the endorsement policy"
        ),
        "endorsement",
    ),
    (
        endorse(
            "no combination of peers can be derived which satisfy the endorsement policy: required "
            "chaincodes are not installed on sufficient peers"
        ),
        "installed",
    ),
    (
        endorse(
            "x", "error validating proposal: access denied: channel [fast] creator org [Org1MSP]"
        ),
        "identities",
    ),
    (endorse("ProposalResponsePayloads do not match"), "packages"),
    (endorse("x", "chaincode response 500, connection refused by the land register"), None),
    (
        SubmitError(
            "no orderers could successfully process transaction", code=StatusCode.UNAVAILABLE
        ),
        "quorum",
    ),
    (
        CommitStatusError(
            "127.0.0.1:24000 did not answer CommitStatus within 7.94 s",
            code=StatusCode.DEADLINE_EXCEEDED,
        ),
        "quorum",
    ),
    (
        DiscoveryError("no peer combination can satisfy the endorsement policy", address="a"),
        "endorsement",
    ),
    (PeerResponseError("channel 'x' not found", status=500), "joined"),
    (
        endorse(
            "failed to get config for channel [nowhere]: could not get last config for channel nowhere"
        ),
        "joined",
    ),
    (endorse("no peers available to evaluate chaincode notes in channel nowhere"), "joined"),
    (IdentityError("the certificate of this identity (TaxMSP) expired at 2026-11-30"), "expiry"),
    (NetworkError("port 7051, wanted for peer0.tax, is in use by process 17 (nginx)"), "ports"),
    (IdentityError("not a PEM certificate: no PEM block"), None),
    (GatewayError("x", code=StatusCode.UNKNOWN), None),
    (ContractError("connection refused"), None),
)


@pytest.mark.parametrize(("error", "check"), TEXTS, ids=[str(error)[:60] for error, _ in TEXTS])
def test_an_error_names_the_check_that_finds_its_cause(
    error: FabricError, check: str | None
) -> None:
    assert error.check == check


def test_errors_name_no_check_that_does_not_exist() -> None:
    assert {check for check, _ in _RULES} <= BY_ID.keys()
