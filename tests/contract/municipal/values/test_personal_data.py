"""Personal data in text is found however it is written, and nothing else is taken for it."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyfabric_municipal.common.values.check_characters import gs1_check, resident_check
from pyfabric_municipal.common.values.personal_data import PersonalData, find_personal_data
from pyfabric_municipal.common.values.resident_rules import is_resident_id
from pyfabric_municipal.common.values.text import require_text
from pyfabric_municipal.common.values.uscc import require_uscc

from pyfabric.chaincode import ContractError
from tests.support.municipal import identifiers as some

VECTORS = json.loads((Path(__file__).parents[3] / "vectors" / "domain.json").read_text())
ID = "11010519491231002X"
FULL_WIDTH = str.maketrans("0123456789Xx", "０１２３４５６７８９Ｘｘ")
ARABIC = str.maketrans("0123456789", "٠١٢٣٤٥٦٧٨٩")
words = st.sampled_from(["", "身份证号", "ID:", "No.", "编号", "张三", "a", "ID", "（", "/", "号"])
# An 8 and a 10, or a 10 and an 8, are how bills are written.
separators = st.sampled_from([" ", "-", "　", "－", "—", "–", "\u2212", "  ", " - "])


@pytest.mark.parametrize("resident", VECTORS["resident_id"]["valid"])
@pytest.mark.parametrize("text", ["{}", "查询{}的记录", "ID{}", "a{}b", "号码:{}。"])
def test_resident_ids_of_the_vectors(resident: str, text: str) -> None:
    assert find_personal_data(text.format(resident)) is PersonalData.RESIDENT_ID


@pytest.mark.parametrize(
    "text",
    [
        "110105 19491231 002X",
        "1101 0519 4912 3100 2X",
        "110105-19491231-002X",
        "110105—19491231—002 X",
        "1 1 0 1 0 5 1 9 4 9 1 2 3 1 0 0 2 X",
        "１１０１０５１９４９１２３１００２Ｘ",
        "11010519491231002x",
        "11010519491231002×",  # the sign of multiplication
        "11010519491231002Х",  # the Cyrillic letter
        "110105491231002",
        "110105 491231 002",
        "110105-491231-002",
        "１１０１０５４９１２３１００２",
        "sfz110105491231002号",
        "京市监罚〔2020〕11010519491231002X号",
        "京市监罚〔2020〕110105-19491231-002X号",
        "2020 11010519491231002X 13800138000",
        "SC10611010800012 11010519491231002X",
    ],
)
def test_ways_of_writing_a_resident_id(text: str) -> None:
    assert find_personal_data(f"张三{text}，") is PersonalData.RESIDENT_ID
    with pytest.raises(ContractError, match="resident ID") as refused:
        require_text("reason", text)
    assert refused.value.code == "value.text-personal"
    assert refused.value.facts == {"field": "reason", "found": "resident ID"}


@pytest.mark.parametrize(
    "text",
    [
        "13800138000",
        "电话13800138000转1",
        "138 0013 8000",
        "138-0013-8000",
        "+86 138 0013 8000",
        "+8613800138000",
        "008613800138000",
        "１３８００１３８０００",
        "tel13800138000x",
    ],
)
def test_ways_of_writing_a_mobile_number(text: str) -> None:
    assert find_personal_data(text) is PersonalData.MOBILE_NUMBER


@given(some.resident_ids, words, words, st.data())
def test_a_resident_id_is_found_wherever_it_is_split(
    resident: str, before: str, after: str, data: st.DataObject
) -> None:
    cuts = data.draw(
        st.sets(st.integers(1, 17), max_size=6).filter(lambda cut: cut not in ({8}, {10}))
    )
    pieces = [resident[a:b] for a, b in zip([0, *sorted(cuts)], [*sorted(cuts), 18], strict=True)]
    text = data.draw(separators).join(pieces)
    written = data.draw(st.sampled_from([text, text.lower(), text.translate(FULL_WIDTH)]))
    assert find_personal_data(f"{before}{written}{after}") is PersonalData.RESIDENT_ID


@given(some.resident_ids)
def test_digits_of_any_script_are_digits(resident: str) -> None:
    assert find_personal_data(resident.translate(ARABIC)) is PersonalData.RESIDENT_ID


@given(some.old_resident_ids, words, words, separators)
def test_an_id_of_15_digits_is_found(
    resident: str, before: str, after: str, separator: str
) -> None:
    for text in (resident, separator.join([resident[:6], resident[6:12], resident[12:]])):
        assert find_personal_data(f"{before}{text}{after}") is PersonalData.RESIDENT_ID


@given(some.mobiles, words, words, separators)
def test_a_mobile_number_is_found(mobile: str, before: str, after: str, separator: str) -> None:
    for text in (mobile, separator.join([mobile[:3], mobile[3:7], mobile[7:]]), "+86" + mobile):
        assert find_personal_data(f"{before}{text}{after}") is not None


def other_vectors() -> list[str]:
    """Return every identifier of the vectors that is not a person's, valid or not."""
    found = []
    for group, body in VECTORS.items():
        if group in {"resident_id", "bitstring"}:
            continue
        pending = [body[name] for name in body if name not in {"layout", "rule", "note"}]
        while pending:
            each = pending.pop()
            if isinstance(each, str):
                found.append(each)
            elif isinstance(each, dict):
                pending += [*each.keys(), *each.values()]
            else:
                pending += each
    return found


def test_no_other_vector_is_taken_for_a_persons() -> None:
    others = other_vectors()
    assert len(others) > 150
    for text in (*others, *(f"编号{each}号" for each in others)):
        assert find_personal_data(text) is None, text
    assert find_personal_data("、".join(others)) is None


@pytest.mark.parametrize(
    "text",
    [
        "11060120 0001859231",
        "11010120 0001011234",
        "票据代码11060120，号码0001859231，校验码25a132",
        "1100201130 12345678",
        "12345 67890 12345 67890",
        "24112000000012345678",
        "京市监罚〔2020〕110105194912310021号",
        "京税稽罚〔2020〕601028312号",
        "（2020）京0108执13800号",
        "京(2020)海淀区不动产权第0012345号",
        "GB 4403 2020-01-01 123",
        "138 2026-11-08",
        "2026-11-25 04:00:00",
        "文件110105194912310021号",
        "110105199002291239",
        "000000000000000000",
        "金额138001380.00元",
        "2,001,313,800元",
        "京A13800",
        "1.2.156.3005.2.11100000MB03271699022.340100.000000016.001.9",
    ],
)
def test_what_is_not_a_persons(text: str) -> None:
    assert find_personal_data(text) is None


OTHERS = {
    name: getattr(some, name)
    for name in (
        "usccs",
        "licences",
        "invoices",
        "bill_keys",
        "former_bills",
        "units",
        "wastes",
        "manifests",
        "supplies",
        "service_items",
        "food_licences",
        "resource_codes",
        "document_numbers",
        "titles",
        "elements",
        "digests",
        "timestamps",
    )
}


@pytest.mark.parametrize("kind", OTHERS)
@given(data=st.data())
def test_nothing_of_another_kind_is_taken_for_a_persons(kind: str, data: st.DataObject) -> None:
    value = data.draw(OTHERS[kind])
    before, after = data.draw(st.sampled_from(["", "编号", "(", "："])), data.draw(words)
    assert find_personal_data(f"{before}{value}{'，' if after else ''}{after}") is None


def test_a_code_of_digits_that_is_also_a_resident_id_is_the_organisations() -> None:
    """Take it for the code: those of social organisations in Yanqing begin as IDs of people in Leshan."""
    code = next(
        found
        for number in range(100_000)
        for organisation in [f"5001{number % 31 + 1:02}{number // 31 % 100:02}"]
        for found in [some.uscc("51110119", organisation)]
        if is_resident_id(found)
    )
    assert require_uscc(code) == code
    assert find_personal_data(f"社会组织{code}") is None


def test_a_bare_sscc_that_is_also_a_resident_id_is_a_persons() -> None:
    """Take it for the ID: one in ten has a check digit of GS1, and text names an SSCC with its (00)."""
    resident = next(
        body + resident_check(body)
        for number in range(1000)
        for body in [f"46900119900101{number:03}"]
        if gs1_check(body) == resident_check(body)
    )
    assert find_personal_data(resident) is PersonalData.RESIDENT_ID
    assert find_personal_data(f"(00){resident}") is None


def test_a_refusal_never_repeats_personal_data() -> None:
    for value in (ID, f"x{ID}", "13800138000"):
        with pytest.raises(ContractError) as refused:
            require_uscc(value)
        said = f"{refused.value}{refused.value.zh}{refused.value.facts}"
        assert value not in said
        assert ID not in said


@given(st.text())
def test_any_text_is_read(text: str) -> None:
    find_personal_data(text)
