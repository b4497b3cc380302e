"""Every vector of the eleven groups: what is valid is accepted as it is, what is invalid is refused."""

import base64
import gzip
import json
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from pyfabric_municipal.common.values.bills import (
    normalise_bill_key,
    require_bill_check_code,
    require_bill_code,
    require_bill_number,
    require_invoice,
)
from pyfabric_municipal.common.values.epc_uris import elements_of_epc, require_epc
from pyfabric_municipal.common.values.estate import require_unit_code
from pyfabric_municipal.common.values.gs1_keys import (
    is_of_china,
    normalise_gtin,
    require_gln,
    require_sscc,
)
from pyfabric_municipal.common.values.gs1_rules import has_gs1_check
from pyfabric_municipal.common.values.licences import require_e_licence
from pyfabric_municipal.common.values.residents import normalise_resident_id, require_resident_id
from pyfabric_municipal.common.values.status_lists import (
    expand_status_list,
    is_status_set,
    with_status,
)
from pyfabric_municipal.common.values.supplies import require_supply_class
from pyfabric_municipal.common.values.uscc import UsccException, require_uscc
from pyfabric_municipal.common.values.waste import require_manifest_number, require_waste_code

from pyfabric.chaincode import ContractError

VECTORS = json.loads((Path(__file__).parents[3] / "vectors" / "domain.json").read_text())
TODAY = date(2026, 11, 30)

Check = Callable[[str], str]


def resident_today(value: str) -> str:
    return require_resident_id(value, TODAY)


def manifest_today(value: str) -> str:
    return require_manifest_number(value, TODAY)


CHECKS: dict[str, Check] = {
    "uscc": require_uscc,
    "resident_id": resident_today,
    "real_estate_unit": require_unit_code,
    "e_invoice_20": require_invoice,
    "hw_code": require_waste_code,
    "manifest_no_14": manifest_today,
    "e_licence_id": require_e_licence,
    "emergency_supply_code_7": require_supply_class,
}
# group: how many of it are valid and invalid.
COUNTS = {
    "uscc": (19 + 14 + 1, 17),
    "resident_id": (8, 9),
    "gs1": (5 + 3, 5),
    "real_estate_unit": (3, 6),
    "fiscal_bill": (1, 3),
    "e_invoice_20": (1, 3),
    "hw_code": (4, 4),
    "manifest_no_14": (1, 4),
    "e_licence_id": (3, 1),
    "emergency_supply_code_7": (3, 4),
    "bitstring": (2, 0),
}


def valid(group: str) -> list[Any]:
    """Return what is valid of a group, those with only a warning too."""
    body = VECTORS[group]
    if group == "uscc":
        return [
            *body["valid_public"],
            *body["valid_synthetic"].values(),
            *body["semantic_warning_only"],
        ]
    if group == "gs1":
        return [*body["csum_pass"], body["gtin13_cn_prefix"], body["gln"], body["sscc"]]
    if group == "bitstring":
        return [body["spec_example_all_zero"], body["index_94567_set"]]
    return list(body["valid"])


def invalid(group: str) -> list[Any]:
    """Return what is invalid of a group."""
    body = VECTORS[group]
    return list(body["csum_fail"] if group == "gs1" else body.get("invalid", ()))


def each(of: Callable[[str], list[Any]]) -> list[Any]:
    """Return the vectors of all groups of one check."""
    return [
        pytest.param(group, value, id=f"{group}-{value!r}")
        for group in CHECKS
        for value in of(group)
    ]


def test_the_eleven_groups_are_all_there() -> None:
    assert {group: (len(valid(group)), len(invalid(group))) for group in VECTORS} == COUNTS


@pytest.mark.parametrize(("group", "value"), each(valid))
def test_what_is_valid_is_accepted_as_it_is(group: str, value: str) -> None:
    assert CHECKS[group](value) == value


@pytest.mark.parametrize(("group", "value"), each(invalid))
def test_what_is_invalid_is_refused_with_code_and_both_texts(group: str, value: str) -> None:
    with pytest.raises(ContractError) as refused:
        CHECKS[group](value)
    assert refused.value.code.startswith("value.")
    assert refused.value.zh
    assert str(refused.value)


@pytest.mark.parametrize("digits", VECTORS["gs1"]["csum_pass"])
def test_check_digits_of_gs1_that_are_right(digits: str) -> None:
    assert has_gs1_check(digits)


@pytest.mark.parametrize("digits", VECTORS["gs1"]["csum_fail"])
def test_check_digits_of_gs1_that_are_wrong(digits: str) -> None:
    assert not has_gs1_check(digits)


def test_keys_of_gs1() -> None:
    gs1 = VECTORS["gs1"]
    gtin = normalise_gtin(gs1["gtin13_cn_prefix"])
    assert gtin == "0" + gs1["gtin13_cn_prefix"]
    assert is_of_china(gtin)
    assert require_gln(gs1["gln"]) == gs1["gln"]
    assert require_sscc(gs1["sscc"]) == gs1["sscc"]


@pytest.mark.parametrize(("uri", "elements"), VECTORS["gs1"]["epc_uri"].items())
def test_epc_uris(uri: str, elements: str) -> None:
    words = elements.split()
    assert require_epc(uri) == uri
    assert elements_of_epc(uri) == dict(zip(words[::2], words[1::2], strict=True))


@pytest.mark.parametrize(("code", "number", "check"), VECTORS["fiscal_bill"]["valid"])
def test_fiscal_bills(code: str, number: str, check: str) -> None:
    assert require_bill_code(code) == code
    assert require_bill_number(number) == number
    assert require_bill_check_code(check) == check
    assert normalise_bill_key(code + number) == f"{code}-{number}"


@pytest.mark.parametrize(("code", "number", "check"), VECTORS["fiscal_bill"]["invalid"])
def test_fiscal_bills_that_are_refused(code: str, number: str, check: str) -> None:
    with pytest.raises(ContractError, match="fiscal bill"):
        normalise_bill_key(f"{code}-{number}")


def test_status_lists_are_compared_by_their_bits() -> None:
    zeros = expand_status_list(VECTORS["bitstring"]["spec_example_all_zero"])
    one = expand_status_list(VECTORS["bitstring"]["index_94567_set"])
    assert zeros == bytes(16_384)
    assert [index for index in range(len(one) * 8) if is_status_set(one, index)] == [94_567]
    assert with_status(zeros, 94_567, is_set=True) == one
    assert with_status(one, 94_567, is_set=False) == zeros


def encoded(data: bytes) -> str:
    """Return bits as a list has them, of any length."""
    return "u" + base64.urlsafe_b64encode(gzip.compress(data, mtime=0)).decode().rstrip("=")


@pytest.mark.parametrize(
    ("text", "code"),
    [
        (encoded(bytes(16_383)), "length"),
        (encoded(bytes(131_073)), "length"),
        (encoded(bytes(10**7)), "length"),
        ("uAAAA", "encoding"),
        ("uA", "encoding"),
        ("zH4sI", "shape"),
        (VECTORS["bitstring"]["spec_example_all_zero"][:-4], "length"),
        (VECTORS["bitstring"]["spec_example_all_zero"] + "AAAA", "length"),
    ],
)
def test_status_lists_that_are_refused(text: str, code: str) -> None:
    with pytest.raises(ContractError) as refused:
        expand_status_list(text)
    assert refused.value.code == f"value.status-list-{code}"


@pytest.mark.parametrize("index", [-1, 131_072])
def test_a_status_beyond_the_list_is_refused(index: int) -> None:
    with pytest.raises(ContractError, match=f"has no index {index}"):
        is_status_set(bytes(16_384), index)


def test_a_wrong_code_of_the_real_world_needs_an_exception_with_its_reason() -> None:
    code = "91350203M0001QAY9B"
    exception = UsccException(uscc=code, reason="登记机关核发时有误")
    assert require_uscc(code, [exception]) == code
    other = "91110108MA01ABCD5A"
    with pytest.raises(ContractError, match="wrong check character"):
        require_uscc(other, [exception])
    with pytest.raises(ContractError, match="is empty"):
        UsccException(uscc=code, reason="")
    with pytest.raises(ContractError, match="needs no exception"):
        UsccException(uscc="91110108MA01ABCD5T", reason="无")


@pytest.mark.parametrize(
    ("written", "kept"),
    [
        ("11010519491231002x", "11010519491231002X"),
        ("110105491231002", "11010519491231002X"),
        ("110105 19491231 002X", "11010519491231002X"),
        ("110105-491231-002", "11010519491231002X"),
        ("１１０１０５19491231００２Ｘ", "11010519491231002X"),
        # Those over a hundred years old had sequence numbers of their own in 15 digits.
        ("110105910101996", "110105189101019961"),
    ],
)
def test_a_resident_id_is_one_value_however_it_is_written(written: str, kept: str) -> None:
    assert normalise_resident_id(written) == kept
