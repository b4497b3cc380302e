"""Identifiers: public examples are accepted, other spellings are refused."""

import json
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyfabric_municipal.common.values.check_characters import organisation_check, uscc_check
from pyfabric_municipal.common.values.directory_codes import (
    normalise_resource_code,
    require_service_item,
)
from pyfabric_municipal.common.values.names import (
    require_digest,
    require_duty_code,
    require_msp_id,
    require_name,
)
from pyfabric_municipal.common.values.regions import REGIONS, require_beijing_region
from pyfabric_municipal.common.values.uscc import require_uscc

from pyfabric.chaincode import ContractError

VECTORS = json.loads((Path(__file__).parents[3] / "vectors" / "domain.json").read_text())["uscc"]
VALID = [
    *VECTORS["valid_public"],
    *VECTORS["valid_synthetic"].values(),
    *VECTORS["semantic_warning_only"],
]
ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"


@pytest.mark.parametrize("code", VALID)
def test_valid_social_credit_codes(code: str) -> None:
    assert require_uscc(code) == code


@pytest.mark.parametrize("code", VECTORS["invalid"])
def test_invalid_social_credit_codes(code: str) -> None:
    with pytest.raises(ContractError, match="social credit code"):
        require_uscc(code)


@pytest.mark.parametrize(
    ("code", "message"),
    [
        ("９1110108MA01ABCD5T", r"holds '９' \(FULLWIDTH DIGIT NINE\): ASCII only"),
        ("91110108MА01ABCD5T", r"CYRILLIC CAPITAL LETTER A"),
        ("91110108MA01ABCD5T\n", r"holds '\\n'"),
        ("91110108ma01abcd5t", "upper case"),
        ("91110108MA01ABCD5A", r"wrong check character \(GB 32100\)"),
        ("91110108MA01ABCD6X", r"wrong check character \(GB 11714\)"),
        ("96110108MA01ABCD5B", "department 9 has no category 6"),
        ("91990108MA01ABCD5H", "no province 99"),
        ("91350203M0001QAY9B", "check character"),
    ],
)
def test_each_fault_of_a_social_credit_code_has_its_message(code: str, message: str) -> None:
    with pytest.raises(ContractError, match=message):
        require_uscc(code)


@given(
    st.sampled_from(VALID),
    st.integers(min_value=8, max_value=17),
    st.sampled_from(ALPHABET),
)
def test_a_single_wrong_character_is_found(code: str, place: int, other: str) -> None:
    if code[place] == other:
        return
    with pytest.raises(ContractError):
        require_uscc(code[:place] + other + code[place + 1 :])


@given(st.text(alphabet=ALPHABET, min_size=8, max_size=8))
def test_computed_check_characters_are_accepted(organisation: str) -> None:
    body = "91110108" + organisation + organisation_check(organisation)
    assert require_uscc(body + uscc_check(body))


@given(st.text(max_size=20))
def test_whatever_else_is_said_is_refused_with_its_name(text: str) -> None:
    with pytest.raises(ContractError, match=r"^social credit code"):
        require_uscc(text)


@pytest.mark.parametrize("code", ["102001/000001", "204001123456/000001", "399999/12345678"])
def test_resource_codes(code: str) -> None:
    assert normalise_resource_code(code) == code


@pytest.mark.parametrize("code", ["102001/1", "102001/01", "102001/00000001"])
def test_a_resource_code_is_one_value_however_it_is_spelt(code: str) -> None:
    assert normalise_resource_code(code) == "102001/000001"


@pytest.mark.parametrize(
    ("code", "message"),
    [
        ("１02001/000001", "FULLWIDTH DIGIT ONE"),
        ("102001／000001", "FULLWIDTH SOLIDUS"),
        ("1O2001/000001", "is not class 1-3"),
        ("402001/000001", "is not class 1-3"),
        ("106001/000001", "items 01 to 05, not 06"),
        ("213001/000001", "items 01 to 12, not 13"),
        ("300001/000001", "items 01 to 99, not 00"),
        ("102001-000001", "is not class 1-3"),
        ("102001/000001\n", "ASCII only"),
        ("", "is not class 1-3"),
    ],
)
def test_resource_codes_that_are_refused(code: str, message: str) -> None:
    with pytest.raises(ContractError, match=message):
        normalise_resource_code(code)


def test_service_item_codes() -> None:
    assert require_service_item("11110108MB9H30033U3370117002011")
    with pytest.raises(ContractError, match="is not 31 characters"):
        require_service_item("11110108MB9H30033U337011700201")
    with pytest.raises(ContractError, match="GB 32100"):
        require_service_item("11110108MB9H30033X3370117002011")
    with pytest.raises(ContractError, match="and 13 digits"):
        require_service_item("11110108MB9H30033U33701170020A1")


@pytest.mark.parametrize(
    ("check", "bad"),
    [
        (require_duty_code, "mktsup-001"),
        (require_name, "Name"),
        (require_name, "naмe"),
        (require_msp_id, "Econ Info"),
        (require_msp_id, ""),
        (require_digest, "A" * 64),
        (require_digest, "a" * 63),
        (require_digest, "²" * 64),
    ],
)
def test_other_names_are_checked(check: object, bad: str) -> None:
    assert callable(check)
    with pytest.raises(ContractError):
        check(bad)


def test_sixteen_districts_are_valid_today() -> None:
    today = date(2026, 1, 1)
    valid = [code for code, region in REGIONS.items() if region.retired is None]
    assert len(valid) == 17
    assert all(require_beijing_region(code, today).code == code for code in valid)


@pytest.mark.parametrize(
    ("code", "on", "message"),
    [
        ("110103", date(2026, 1, 1), r"'110103' \(崇文区\) was retired on 2010-07-01: use 110101"),
        ("110229", date(2015, 11, 1), "use 110119"),
        ("110119", date(2015, 10, 31), "is valid from 2015-11-01"),
        ("310101", date(2026, 1, 1), "not a division of Beijing"),
        ("１10108", date(2026, 1, 1), "FULLWIDTH DIGIT ONE"),
    ],
)
def test_region_codes_that_are_refused(code: str, on: date, message: str) -> None:
    with pytest.raises(ContractError, match=message):
        require_beijing_region(code, on)


def test_a_retired_region_was_valid_until_the_day_before() -> None:
    assert require_beijing_region("110229", date(2015, 10, 31)).name == "延庆县"
