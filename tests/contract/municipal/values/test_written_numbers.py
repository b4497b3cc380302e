"""Numbers as people write them: each has one spelling, which stays as it is."""

from collections.abc import Callable
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyfabric_municipal.common.values.bills import normalise_bill_key, require_invoice
from pyfabric_municipal.common.values.directory_codes import (
    normalise_resource_code,
    require_service_item,
)
from pyfabric_municipal.common.values.documents import (
    normalise_document_number,
    year_of_document,
)
from pyfabric_municipal.common.values.estate import (
    normalise_proof_number,
    normalise_title_number,
    parcel_code,
    require_unit_code,
)
from pyfabric_municipal.common.values.food import require_food_licence
from pyfabric_municipal.common.values.gs1_elements import normalise_elements
from pyfabric_municipal.common.values.licences import require_e_licence
from pyfabric_municipal.common.values.plates import normalise_plate
from pyfabric_municipal.common.values.regions import (
    require_beijing_region,
    require_region,
    require_region_shape,
)
from pyfabric_municipal.common.values.residents import normalise_resident_id
from pyfabric_municipal.common.values.supplies import require_supply_class
from pyfabric_municipal.common.values.uscc import require_uscc
from pyfabric_municipal.common.values.waste import (
    require_manifest_number,
    require_waste_code,
    waste_category,
)

from pyfabric.chaincode import ContractError
from tests.support.municipal import identifiers as some

Check = Callable[[str], str]
KINDS: dict[str, tuple[st.SearchStrategy[str], Check]] = {
    "uscc": (some.usccs, require_uscc),
    "e-licence": (some.licences, require_e_licence),
    "invoice": (some.invoices, require_invoice),
    "bill": (some.bill_keys, normalise_bill_key),
    "unit": (some.units, require_unit_code),
    "waste": (some.wastes, require_waste_code),
    "manifest": (some.manifests, require_manifest_number),
    "supply": (some.supplies, require_supply_class),
    "service item": (some.service_items, require_service_item),
    "food licence": (some.food_licences, require_food_licence),
    "resource": (some.resource_codes, normalise_resource_code),
    "document": (some.document_numbers, normalise_document_number),
    "title": (some.titles, normalise_title_number),
    "resident": (some.resident_ids, normalise_resident_id),
    "elements": (some.elements.filter(lambda text: text.startswith("(0")), normalise_elements),
}


@pytest.mark.parametrize("kind", KINDS)
@given(data=st.data())
def test_the_one_spelling_stays_as_it_is(kind: str, data: st.DataObject) -> None:
    strategy, check = KINDS[kind]
    kept = check(data.draw(strategy))
    assert check(kept) == kept


def answer(check: Check, text: str) -> str | ContractError:
    """Return the one spelling of a text, or its refusal."""
    try:
        return check(text)
    except ContractError as refusal:
        return refusal


@pytest.mark.parametrize("kind", KINDS)
@given(text=st.text(max_size=40))
def test_any_other_text_is_refused_with_a_code(kind: str, text: str) -> None:
    check = KINDS[kind][1]
    given_back = answer(check, text)
    if isinstance(given_back, str):
        assert check(given_back) == given_back
    else:
        assert given_back.code.startswith("value.")
        assert given_back.zh


@pytest.mark.parametrize(
    ("written", "kept"),
    [
        ("京市监罚[2020]15号", "京市监罚〔2020〕15号"),
        ("京市监罚﹝2020﹞第０１５号", "京市监罚〔2020〕15号"),
        ("京海一税 简罚 〔2020〕 601028312 号", "京海一税简罚〔2020〕601028312号"),
        ("西市监处字(2019)第d0115号", "西市监处字〔2019〕D115号"),
        ("京朝应急罚【2022】执法1-011号", "京朝应急罚〔2022〕执法1-11号"),
        ("(京朝)应急罚〔2022〕执法队—12号", "（京朝）应急罚〔2022〕执法队-12号"),
        ("京建法罚（市）字〔2019〕第010012号", "京建法罚（市）字〔2019〕10012号"),
        ("京市监罚〔2020〕15号之2", "京市监罚〔2020〕15号之二"),
        ("京市监罚〔2020〕15号之21", "京市监罚〔2020〕15号之二十一"),
        ("京市监罚〔2020〕15号之10", "京市监罚〔2020〕15号之十"),
        ("京市监罚〔2020〕15-1号", "京市监罚〔2020〕15-1号"),
        ("京市监罚〔2020〕15", "京市监罚〔2020〕15号"),
        ("(2020)京0108执1234号之一", "（2020）京0108执1234号之一"),
        ("〔2020〕最高法民申012号", "（2020）最高法民申12号"),
    ],
)
def test_document_numbers(written: str, kept: str) -> None:
    assert normalise_document_number(written) == kept
    assert year_of_document(kept) in {2019, 2020, 2022}


@pytest.mark.parametrize(
    "other",
    [
        "京市监罚〔2020〕16号",
        "京市监处〔2020〕15号",
        "京市监罚〔2021〕15号",
        "京市监罚〔2020〕15-1号",
        "京市监罚〔2020〕15号之一",
        "京市监罚〔2020〕A15号",
    ],
)
def test_what_distinguishes_documents(other: str) -> None:
    assert normalise_document_number(other) != "京市监罚〔2020〕15号"


@pytest.mark.parametrize(
    "text",
    [
        "京市监罚2020-15",
        "京市监罚〔2020〕0号",
        "京市监罚〔2020〕号",
        "〔2020〕15号",
        "京市监罚〔20〕15号",
        "京市监罚〔2020〕15号之0",
        "京市监罚〔2020〕15号之十一十",
        "京市监罚〔2020〕11010519491231002X号",
        "京市监罚〔2020〕1号\n",
        "京" * 90 + "〔2020〕1号",
        "",
    ],
)
def test_document_numbers_that_are_refused(text: str) -> None:
    with pytest.raises(ContractError):
        normalise_document_number(text)


@pytest.mark.parametrize(
    ("written", "kept"),
    [
        ("京（2020）海不动产权第12345号", "京(2020)海淀区不动产权第0012345号"),
        ("京(2020)海淀不动产权第0012345号", "京(2020)海淀区不动产权第0012345号"),
        ("京〔2020〕海淀区不动产权第0012345号", "京(2020)海淀区不动产权第0012345号"),
        ("京 (2020) 市不动产权第 0012345 号", "京(2020)市不动产权第0012345号"),
        ("京(2017)大不动产权第1号", "京(2017)大兴区不动产权第0000001号"),
    ],
)
def test_title_certificates(written: str, kept: str) -> None:
    assert normalise_title_number(written) == kept
    proof = written.replace("不动产权", "不动产证明")
    assert normalise_proof_number(proof) == kept.replace("不动产权", "不动产证明")
    with pytest.raises(ContractError):
        normalise_proof_number(written)


@pytest.mark.parametrize(
    "text",
    [
        "京(2020)昌黎县不动产权第1号",
        "津(2020)海不动产权第1号",
        "京(2020)海不动产权第0号",
        "京2020海不动产权第1号",
    ],
)
def test_title_certificates_that_are_refused(text: str) -> None:
    with pytest.raises(ContractError, match="title certificate number"):
        normalise_title_number(text)


def test_a_unit_names_its_parcel_and_the_sea_has_virtual_ones() -> None:
    assert parcel_code("110108001002GB00003F00010001") == "110108001002GB00003"
    sea = "110108000000GH00003W00000000"
    assert require_unit_code(sea) == sea


@pytest.mark.parametrize(
    ("written", "kept"),
    [
        ("京A·12345", "京A12345"),
        ("京a 12345", "京A12345"),
        ("京Ａ１２３４５", "京A12345"),
        ("京AD12345", "京AD12345"),
        ("京A12345D", "京A12345D"),
        ("京A1234挂", "京A1234挂"),
        ("冀B-Q1W2E", None),
    ],
)
def test_plates(written: str, kept: str | None) -> None:
    if kept is None:
        with pytest.raises(ContractError, match="number plate"):
            normalise_plate(written)
    else:
        assert normalise_plate(written) == kept
        assert normalise_plate(kept) == kept


@pytest.mark.parametrize(
    "text",
    [
        "京A1234",
        "京AO2345",
        "京A12I45",
        "京I12345",
        "A京12345",
        "京А12345",
        "京A123456",
        "京AI12345",
    ],
)
def test_plates_that_look_like_others_are_refused(text: str) -> None:
    with pytest.raises(ContractError, match="number plate"):
        normalise_plate(text)


def test_a_bill_is_one_value_however_its_parts_are_joined() -> None:
    for written in ("110601200001859231", "11060120 0001859231", "11060120-0001859231"):
        assert normalise_bill_key(written) == "11060120-0001859231"


@pytest.mark.parametrize(
    "text",
    [
        "SC10611010800012",
        "SC30611010800012X",
        "106110108000129",
        "SC106991080001290",
        "sc106110108000129",
    ],
)
def test_food_licences_that_are_refused(text: str) -> None:
    with pytest.raises(ContractError, match="food producer's licence"):
        require_food_licence(text)


@given(some.food_licences, st.integers(2, 15), st.integers(1, 9))
def test_a_wrong_digit_of_a_food_licence_is_found(licence: str, place: int, by: int) -> None:
    wrong = str((int(licence[place]) + by) % 10)
    with pytest.raises(ContractError):
        require_food_licence(licence[:place] + wrong + licence[place + 1 :])


@given(some.licences, st.data())
def test_a_wrong_character_of_an_e_licence_is_found(licence: str, data: st.DataObject) -> None:
    place = data.draw(st.integers(len("1.2.156.3005.2."), len(licence) - 1))
    other = data.draw(st.sampled_from("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"))
    if "." in licence[place] or other == licence[place]:
        return
    with pytest.raises(ContractError):
        require_e_licence(licence[:place] + other + licence[place + 1 :])


def test_a_serial_that_is_a_persons_number_is_refused() -> None:
    with pytest.raises(ContractError) as refused:
        require_e_licence("1.2.156.3005.2.11100000000013338W011.110108.11010519491231002X.001.0")
    assert refused.value.code == "value.text-personal"


def test_the_category_of_waste() -> None:
    assert waste_category("900-214-08") == "HW08"


TODAY = date(2026, 11, 30)


@pytest.mark.parametrize(
    "code", ["110108", "350203", "310000", "320100", "469001", "810000", "500231"]
)
def test_regions_anywhere(code: str) -> None:
    assert require_region(code, TODAY) == code


@pytest.mark.parametrize(
    ("code", "fault"),
    [
        ("990101", "province"),
        ("110120", "beijing"),
        ("110000\n", "ascii"),
        ("1101", "shape"),
        ("310901", "division"),
        ("810001", "division"),
        ("329901", "division"),
    ],
)
def test_regions_that_are_refused(code: str, fault: str) -> None:
    with pytest.raises(ContractError) as refused:
        require_region_shape(code)
    assert refused.value.code == f"value.region-{fault}"


def test_a_retired_region_is_refused_with_its_successor() -> None:
    assert require_region_shape("110223") == "110223"
    with pytest.raises(ContractError) as refused:
        require_beijing_region("110223", TODAY)
    assert refused.value.code == "value.region-retired"
    assert refused.value.facts == {
        "value": "110223",
        "retired": "1997-04-29",
        "successor": "110112",
    }
    assert refused.value.zh == "行政区划代码 '110223'（通县）已于1997-04-29撤销：请用110112"
