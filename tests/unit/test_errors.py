"""Errors: each carries its facts and prints them in one line."""

from pathlib import Path

import pytest

from pyfabric.errors import (
    CAError,
    CommitError,
    DeliverError,
    EndorseError,
    ErrorDetail,
    FabricError,
    GatewayError,
    OrdererError,
    PeerResponseError,
    PolicySyntaxError,
    ProofError,
    StatusCode,
    TopologyError,
    ValidationCode,
)


def test_codes_keep_numbers_that_nobody_knows() -> None:
    code = ValidationCode(77)
    assert (code, code.name, code.value) == (77, "UNKNOWN_77", 77)
    assert ValidationCode(11) is ValidationCode.MVCC_READ_CONFLICT
    with pytest.raises(ValueError, match="VALID"):
        StatusCode("VALID")


def test_a_gateway_error_names_each_peer() -> None:
    details = [
        ErrorDetail("127.0.0.1:1", "TaxMSP", "拒绝"),
        ErrorDetail("127.0.0.1:2", "LandMSP", "no"),
    ]
    error = EndorseError("failed", code=StatusCode.ABORTED, details=details, transaction_id="ab")
    assert str(error) == "ABORTED: failed [127.0.0.1:1 (TaxMSP): 拒绝; 127.0.0.1:2 (LandMSP): no]"
    assert (error.code, error.details, error.transaction_id) == (10, tuple(details), "ab")
    assert str(GatewayError("two\nlines", code=StatusCode.UNKNOWN)) == "UNKNOWN: two lines"


def test_a_commit_error_names_code_and_block() -> None:
    error = CommitError(transaction_id="ab", code=ValidationCode(12), block_number=7)
    assert str(error) == "transaction ab is invalid: PHANTOM_READ_CONFLICT (12), block 7"
    assert (error.transaction_id, error.code, error.block_number) == ("ab", 12, 7)


def test_refusals_carry_their_status() -> None:
    assert str(PeerResponseError("boom", status=500, address="h:1")) == "h:1: 500: boom"
    assert str(PeerResponseError("boom", status=500)) == "500: boom"
    assert str(OrdererError("full", status=503)) == "503: full"
    assert DeliverError("gone", status=404).status == 404
    ca = CAError("revoked", status=401, code=20)
    assert (str(ca), ca.status, ca.code) == ("revoked", 401, 20)
    assert ProofError("too old", code="trust-stale").code == "trust-stale"
    assert PolicySyntaxError("odd", position=3).position == 3


def test_a_topology_error_says_where() -> None:
    error = TopologyError("unknown key", file=Path("city.yaml"), line=4, key="channels.x")
    assert str(error) == "city.yaml:4: channels.x: unknown key"
    assert (error.file, error.line, error.key) == (Path("city.yaml"), 4, "channels.x")
    assert str(TopologyError("is empty", file=None, line=None, key="")) == "is empty"
    assert issubclass(TopologyError, FabricError)
