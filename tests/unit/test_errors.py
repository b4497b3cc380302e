"""Errors: each carries its facts and prints them in one line."""

import re
from pathlib import Path

import pytest

from pyfabric import errors
from pyfabric.errors import (
    CommitError,
    ContractError,
    DeliverError,
    EndorseError,
    ErrorDetail,
    FabricError,
    GatewayError,
    OrdererError,
    PeerResponseError,
    PolicySyntaxError,
    Refusal,
    StatusCode,
    TopologyError,
    ValidationCode,
)
from pyfabric.messages.refusals import write_refusal


def test_codes_keep_numbers_that_nobody_knows() -> None:
    code = ValidationCode(77)
    assert (code, code.name, code.value) == (77, "UNKNOWN_77", 77)
    assert ValidationCode(11) is ValidationCode.MVCC_READ_CONFLICT
    with pytest.raises(ValueError, match="VALID"):
        StatusCode("VALID")


def test_a_gateway_error_says_why_a_contract_refused() -> None:
    refusal = Refusal("a.b", {"left": 1}, "too little", "不足")
    raw = write_refusal(refusal)
    said = ErrorDetail("h:1", "TaxMSP", f"chaincode response 500, {raw}", refusal)
    message = f"evaluate call to endorser returned error: {said.message}"
    error = GatewayError(message, code=StatusCode.UNKNOWN, details=[said])
    end = (
        "[h:1 (TaxMSP): chaincode response 500] (UNKNOWN: evaluate call to endorser returned error)"
    )
    assert str(error) == f"too little (a.b) {end}"
    error.language = "zh"
    assert str(error) == f"不足 (a.b) {end}"
    assert error.refusal == refusal
    assert error.check is None


def test_peers_that_refuse_for_different_facts_are_told_apart() -> None:
    details = [
        ErrorDetail(f"h:{left}", "TaxMSP", f"chaincode response 500, {write_refusal(one)}", one)
        for left, one in ((n, Refusal("a.b", {"left": n}, "too little")) for n in (1, 2))
    ]
    error = EndorseError("failed", code=StatusCode.ABORTED, details=details)
    assert str(error) == (
        'too little (a.b {"left": 1}) [h:1 (TaxMSP): chaincode response 500]; '
        'too little (a.b {"left": 2}) [h:2 (TaxMSP): chaincode response 500] (ABORTED: failed)'
    )


def test_the_answer_of_one_peer_says_why_a_contract_refused() -> None:
    refusal = Refusal("a.b", {}, "too little", "不足")
    error = PeerResponseError(write_refusal(refusal), status=500, address="h:1", refusal=refusal)
    assert (str(error), error.refusal) == ("h:1: 500: too little (a.b)", refusal)
    error.language = "zh"
    assert str(error) == "h:1: 500: 不足 (a.b)"


def test_a_gateway_error_names_each_peer() -> None:
    details = [
        ErrorDetail("127.0.0.1:1", "TaxMSP", "拒绝"),
        ErrorDetail("127.0.0.1:2", "LandMSP", "no"),
    ]
    error = EndorseError("failed", code=StatusCode.ABORTED, details=details, transaction_id="ab")
    assert str(error) == "拒绝 [127.0.0.1:1 (TaxMSP)]; no [127.0.0.1:2 (LandMSP)] (ABORTED: failed)"
    assert (error.code, error.details, error.transaction_id) == (10, tuple(details), "ab")
    assert str(GatewayError("two\nlines", code=StatusCode.UNKNOWN)) == "UNKNOWN: two lines"


@pytest.mark.parametrize(
    ("message", "details", "text"),
    [
        (
            "evaluate call to endorser returned error: chaincode response 500, x is not registered",
            {"h:1": "chaincode response 500, x is not registered"},
            (
                "x is not registered [h:1 (TaxMSP): chaincode response 500] "
                "(ABORTED: evaluate call to endorser returned error)"
            ),
        ),
        (
            "failed to endorse transaction, see attached details for more info",
            {
                "h:1": "chaincode response 404, a\nb",
                "h:2": "chaincode response 404, a\nb",
                "h:3": "c",
            },
            (
                "a b [h:1 (TaxMSP), h:2 (TaxMSP): chaincode response 404]; c [h:3 (TaxMSP)] "
                "(ABORTED: failed to endorse transaction)"
            ),
        ),
        ("no peers", {}, "ABORTED: no peers"),
    ],
)
def test_what_a_contract_said_comes_first_and_once(
    message: str, details: dict[str, str], text: str
) -> None:
    said = [ErrorDetail(address, "TaxMSP", one) for address, one in details.items()]
    assert str(EndorseError(message, code=StatusCode.ABORTED, details=said)) == text


def test_a_refusal_says_where_it_arose_in_both_languages() -> None:
    refused = ContractError("too large", code="lot.large", facts={"most": 5}, zh="过大")
    said = refused.inside("row 2", "第 2 行", row=2).refusal
    assert said == Refusal("lot.large", {"most": 5, "row": 2}, "row 2: too large", "第 2 行：过大")
    only = ContractError("too large", code="lot.large").inside("row 2", "第 2 行").refusal
    assert only is not None
    assert only.zh == "第 2 行：too large"
    plain = ContractError("too large").inside("row 2", "第 2 行", row=2)
    assert (str(plain), plain.refusal) == ("row 2: too large", None)


def test_a_commit_error_names_code_and_block() -> None:
    error = CommitError(transaction_id="ab", code=ValidationCode(12), block_number=7)
    assert str(error) == "transaction ab is invalid: PHANTOM_READ_CONFLICT (12), block 7"
    assert (error.transaction_id, error.code, error.block_number) == ("ab", 12, 7)


def test_refusals_carry_their_status() -> None:
    assert str(PeerResponseError("boom", status=500, address="h:1")) == "h:1: 500: boom"
    assert str(PeerResponseError("boom", status=500)) == "500: boom"
    assert str(OrdererError("full", status=503)) == "503: full"
    assert DeliverError("gone", status=404).status == 404
    assert PolicySyntaxError("odd", position=3).position == 3


def test_a_topology_error_says_where() -> None:
    error = TopologyError("unknown key", file=Path("city.yaml"), line=4, key="channels.x")
    assert str(error) == "city.yaml:4: channels.x: unknown key"
    assert (error.file, error.line, error.key) == (Path("city.yaml"), 4, "channels.x")
    assert str(TopologyError("is empty", file=None, line=None, key="")) == "is empty"
    assert issubclass(TopologyError, FabricError)


def test_every_error_is_raised_somewhere() -> None:
    sources = [
        file.read_text()
        for folder in ("pyfabric", "network/pyfabric_network")
        for file in Path(folder).rglob("*.py")
        if file != Path("pyfabric/errors.py")
    ]
    kinds = [kind for kind in vars(errors).values() if isinstance(kind, type)]
    unused = [
        kind.__name__
        for kind in kinds
        if issubclass(kind, FabricError)
        and kind is not FabricError
        and not any(re.search(rf"\b{kind.__name__}\b", source) for source in sources)
    ]
    assert unused == []
