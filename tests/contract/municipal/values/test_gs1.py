"""Keys, element strings and EPC URIs of GS1: what goes together, and which day two digits of a year mean."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyfabric_municipal.common.values.check_characters import gs1_check
from pyfabric_municipal.common.values.epc_uris import (
    elements_of_epc,
    epc_of_item,
    epc_of_unit,
)
from pyfabric_municipal.common.values.gs1_elements import (
    gs1_day,
    normalise_elements,
    parse_elements,
)
from pyfabric_municipal.common.values.gs1_keys import (
    is_of_china,
    normalise_gtin,
    require_gdti,
    require_giai,
    require_gln,
    require_grai,
    require_gsrn,
    require_lot,
    require_serial,
    require_sscc,
)

from pyfabric.chaincode import ContractError
from tests.support.municipal import identifiers as some

GTIN, SSCC, GLN = "06901234567892", "069012340000000016", "6901234000016"


@given(st.sampled_from([7, 11, 12, 13]).flatmap(some.digits))
def test_a_gtin_is_one_value_in_each_length(body: str) -> None:
    gtin = body + gs1_check(body)
    kept = normalise_gtin(gtin)
    assert len(kept) == 14
    assert int(kept) == int(gtin)
    assert normalise_gtin(kept) == kept
    with pytest.raises(ContractError, match="wrong check digit"):
        normalise_gtin(body + str((int(gtin[-1]) + 1) % 10))


def test_prefixes_of_china() -> None:
    assert is_of_china(GTIN)
    assert is_of_china("16901234567899")
    assert is_of_china(GLN)
    assert not is_of_china("10614141073464")
    assert not is_of_china(normalise_gtin("690123456787"))  # a UPC of 12 digits begins with 0


@pytest.mark.parametrize(
    ("check", "value"),
    [
        (require_gdti, "6901234000016DOC-1"),
        (require_grai, "06901234000016A1"),
        (require_giai, "6901234pump/7"),
        (require_lot, "LOT-1"),
        (require_lot, "lot-1"),
        (require_serial, "2017"),
        (require_gsrn, SSCC),
    ],
)
def test_keys_with_a_serial(check: object, value: str) -> None:
    assert callable(check)
    assert check(value) == value


@pytest.mark.parametrize(
    ("check", "value", "code"),
    [
        (require_gln, "690123400001", "gln-shape"),
        (require_gln, "6901234000017", "gln-check"),
        (require_sscc, GLN, "sscc-shape"),
        (require_grai, "16901234000016", "grai-shape"),
        (require_gdti, "6901234000016" + "x" * 18, "gdti-shape"),
        (require_giai, "69", "giai-shape"),
        (require_lot, "", "lot-shape"),
        (require_lot, "a b", "lot-ascii"),
        (require_lot, "x" * 21, "lot-shape"),
        (require_lot, "批", "lot-ascii"),
        (require_lot, "11010519491231002X", "text-personal"),
        (require_serial, "13800138000", "text-personal"),
    ],
)
def test_keys_that_are_refused(check: object, value: str, code: str) -> None:
    assert callable(check)
    with pytest.raises(ContractError) as refused:
        check(value)
    assert refused.value.code == f"value.{code}"


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        (f"(01){GTIN}(10)LOT-1", f"(01){GTIN}(10)LOT-1"),
        (f"(10)LOT-1(01){GTIN}", f"(01){GTIN}(10)LOT-1"),
        (f"(00){SSCC}(02){GTIN}(37)20(10)A", f"(00){SSCC}(02){GTIN}(10)A(37)20"),
        (f"(01){GTIN}(21)7(11)260200(17)281231", f"(01){GTIN}(11)260200(17)281231(21)7"),
        (f"(01){GTIN}(3103)001500(30)2", f"(01){GTIN}(30)2(3103)001500"),
        (f"(414){GLN}(254)A1", f"(254)A1(414){GLN}"),
        (f"(01){GTIN}(7003)2612312359", f"(01){GTIN}(7003)2612312359"),
        (f"(01){GTIN}(7007)260101260201", f"(01){GTIN}(7007)260101260201"),
        (f"(8006){GTIN}0102(10)A", f"(10)A(8006){GTIN}0102"),
        (f"(415){GLN}(8020)R1", f"(415){GLN}(8020)R1"),
        (f"(8004)6901234x(8003)0{GLN}1", f"(8003)0{GLN}1(8004)6901234x"),
    ],
)
def test_element_strings(text: str, kept: str) -> None:
    assert normalise_elements(text) == kept
    assert normalise_elements(kept) == kept


@pytest.mark.parametrize(
    ("text", "code", "message"),
    [
        ("(10)LOT-1", "needs", r"\(10\) needs 01 or 02 or 03 or 8006 or 8026"),
        (f"(02){GTIN}", "needs", r"\(02\) needs 37"),
        (f"(02){GTIN}(37)5", "needs", r"\(37\) needs 00\+02 or 00\+8026"),
        (f"(00){SSCC}(01){GTIN}(02){GTIN}(37)5", "excludes", r"\(01\) is not used with \(37\)"),
        ("(21)7", "needs", r"\(21\) needs 01 or 03 or 8006"),
        ("(254)A", "needs", "needs 414"),
        (f"(415){GLN}", "needs", "needs 8020"),
        (f"(8017){SSCC}(8018){SSCC}", "excludes", "not used with"),
        (f"(01){GTIN}(3101)000001(3102)000001", "excludes", r"\(3101\) is not used with \(3102\)"),
        (f"(01){GTIN}(01){GTIN}", "twice", "there twice"),
        (f"(99)A(01){GTIN}", "identifier", r"\(99\) is not in use"),
        (f"(01){GTIN}(11)260230", "day", "no such day"),
        (f"(01){GTIN}(11)261300", "day", "no such day"),
        (f"(01){GTIN}(7006)260200", "day", "the day is missing"),
        (f"(01){GTIN}(7003)2612312460", "shape", "YYMMDDHHMM"),
        ("(01)06901234567893", "check", "wrong check digit"),
        ("(01)6901234567892", "shape", "14 digits"),
        (f"01{GTIN}", "shape", "in brackets"),
        (f"(01){GTIN}(10)A(B", "shape", "in brackets"),
        ("", "shape", "in brackets"),
    ],
)
def test_element_strings_that_are_refused(text: str, code: str, message: str) -> None:
    with pytest.raises(ContractError, match=message) as refused:
        parse_elements(text)
    assert refused.value.code.endswith(f"-{code}")


@pytest.mark.parametrize(
    ("text", "on", "day"),
    [
        ("260200", date(2026, 11, 30), date(2026, 2, 28)),
        ("280200", date(2026, 11, 30), date(2028, 2, 29)),
        ("261200", date(2026, 11, 30), date(2026, 12, 31)),
        ("760101", date(2026, 11, 30), date(2076, 1, 1)),
        ("770101", date(2026, 11, 30), date(1977, 1, 1)),
        ("490101", date(2099, 1, 1), date(2149, 1, 1)),
        ("500101", date(2099, 1, 1), date(2050, 1, 1)),
    ],
)
def test_the_century_is_that_of_the_ledgers_day(text: str, on: date, day: date) -> None:
    assert gs1_day(text, on) == day


@given(st.dates(date(1950, 1, 1), date(2150, 1, 1)), st.integers(-49, 50))
def test_a_day_is_within_fifty_years(on: date, years: int) -> None:
    year = on.year + years
    assert gs1_day(f"{year % 100:02}0615", on) == date(year, 6, 15)


@pytest.mark.parametrize(
    ("uri", "elements"),
    [
        ("urn:epc:class:lgtin:0614141.107346.LOT%2F1", {"01": "10614141073464", "10": "LOT/1"}),
        ("urn:epc:id:sgln:6901234.00001.0", {"414": GLN}),
        ("urn:epc:id:sgln:6901234.00001.B2", {"254": "B2", "414": GLN}),
        ("urn:epc:id:sgtin:0614141.107346.a%25b", {"01": "10614141073464", "21": "a%b"}),
    ],
)
def test_epc_uris(uri: str, elements: dict[str, str]) -> None:
    assert elements_of_epc(uri) == elements


@pytest.mark.parametrize(
    "uri",
    [
        "urn:epc:id:sgtin:0614141.10734.2017",
        "urn:epc:id:sgtin:0614141.107346",
        "urn:epc:id:sscc:0614141.1234567890.1",
        "urn:epc:id:sscc:0614141.123456789",
        "urn:epc:id:sgtin:06141.10734612.2017",
        "urn:epc:id:sgtin:0614141.107346.a%2fb",
        "urn:epc:id:sgtin:0614141.107346.%41",
        "urn:epc:id:SGTIN:0614141.107346.2017",
        "urn:epc:id:grai:0614141.12345.400",
        "urn:epc:id:sgtin:0614141.107346." + "1" * 21,
    ],
)
def test_epc_uris_that_are_refused(uri: str) -> None:
    with pytest.raises(ContractError):
        elements_of_epc(uri)


serials = st.text(some.CHARACTERS, min_size=1, max_size=20)


@given(some.gs1(14), serials, st.integers(6, 12))
def test_an_item_comes_back_from_its_uri(gtin: str, serial: str, prefix_digits: int) -> None:
    try:
        require_serial(serial)
    except ContractError:
        return
    uri = epc_of_item(gtin, serial, prefix_digits)
    assert elements_of_epc(uri) == {"01": gtin, "21": serial}


@given(some.gs1(18), st.integers(6, 12))
def test_a_unit_comes_back_from_its_uri(sscc: str, prefix_digits: int) -> None:
    assert elements_of_epc(epc_of_unit(sscc, prefix_digits)) == {"00": sscc}
