"""Bad input for the directory: each kind has its own message, and nothing is written."""

import json
from typing import Any

import pytest

from pyfabric.chaincode import ContractError
from tests.support.municipal.municipal import CODE, HAI, MKT, USCC, City, description

FIELD = {"name": "uscc", "title": "统一社会信用代码", "type": "code"}


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"secrecy": "secret"}, "secrecy is 'secret': only unclassified"),
        ({"secrecy": ""}, "only unclassified"),
        ({"code": "１02001/000001"}, "FULLWIDTH DIGIT ONE"),
        ({"code": "1О2001/000001"}, "CYRILLIC CAPITAL LETTER O"),
        ({"code": "102001/000001\n"}, "ASCII only"),
        ({"code": "106001/000001"}, "items 01 to 05"),
        ({"title": ""}, "title is empty"),
        ({"title": "登记\u200b信息"}, "invisible"),
        ({"title_en": "x" * 2001}, "more than 2000"),
        ({"abstract": "联系人13800138000"}, "mobile number"),
        ({"abstract": "例：110108199003071238"}, "resident ID"),
        ({"duty": "MKTSUP-999"}, "there is no duty MKTSUP-999"),
        ({"duty": "HAIDIAN-001"}, "owned by HaidianMSP, not by MktSupMSP"),
        ({"provider": USCC[HAI]}, "is not that of MktSupMSP"),
        ({"provider": "11110000MB9K200220"}, "check character"),
        ({"provider": "11110000mb9k20022c"}, "upper case"),
        ({"region": "110103"}, "was retired on 2010-07-01: use 110101"),
        ({"region": "110228"}, "was retired on 2015-11-01: use 110118"),
        ({"region": "310101"}, "not a division of Beijing"),
        ({"fields": []}, "fields: .* at least 1 item"),
        ({"fields": [FIELD, FIELD]}, "two fields named uscc"),
        ({"fields": [FIELD | {"name": "Uscc"}]}, "lower-case letters"),
        ({"fields": [FIELD | {"name": "uѕcc"}]}, "CYRILLIC SMALL LETTER DZE"),
        ({"fields": [FIELD | {"type": "float"}]}, "fields.0.type"),
        ({"fields": [FIELD | {"datum": "address"}]}, "such as enterprise.registered_address"),
        ({"fields": [FIELD | {"length": 18}]}, "length: Extra inputs"),
        ({"share": {"type": "not_shared"}}, "not shared needs its basis"),
        ({"share": {"type": "not_shared", "basis": "  "}}, "not shared needs its basis"),
        ({"share": {"type": "conditional"}}, "needs its condition"),
        ({"share": {"type": "unconditional", "condition": "须审批"}}, "has no condition"),
        ({"share": {"type": "secret"}}, "share.type"),
        ({"share": {"type": "unconditional", "method": "fax"}}, "share.method"),
        (
            {"share": {"type": "not_shared", "basis": "《统计法》"}, "opening": {"open": True}},
            "open to the public but not shared",
        ),
        ({"opening": {"open": 1}}, "opening.open"),
        ({"opening": {"open": "true"}}, "opening.open"),
        ({"cycle": "hourly"}, "cycle"),
        (
            {"issued": "2026-03-12"},
            "the day of publication or change, 2026-03-12, is in the future",
        ),
        ({"issued": "2026-02-30"}, "no such day"),
        ({"issued": "2026/03/01"}, "is not YYYY-MM-DD"),
        ({"on_platform": None}, "on_platform"),
        ({"distributions": []}, "distributions"),
        ({"related": [CODE]}, "is related to itself"),
        ({"related": ["102001"]}, "resource code"),
        ({"version": 1}, "version: Extra inputs"),
    ],
)
def test_descriptions_that_are_refused(city: City, changes: dict[str, Any], message: str) -> None:
    before = city.ledger.keys()
    with pytest.raises(ContractError, match=message):
        city.batch(MKT, "draft", {"id": CODE, "description": description(**changes)})
    assert city.ledger.keys() == before


def test_the_publish_date_is_judged_in_beijing(city: City) -> None:
    at = city.ledger.now.replace(hour=16)  # midnight of 12 March in Beijing
    city.ledger.now = at
    city.draft(MKT, description(issued="2026-03-12"))


def test_a_region_retired_since_the_draft_is_found_again(city: City) -> None:
    city.ledger.now = city.ledger.now.replace(year=2015, month=10, day=30)
    with pytest.raises(ContractError, match="2020-03-02, is in the future"):
        city.draft()
    city.draft(MKT, description(region="110229", issued="2015-01-01"))
    city.ledger.now = city.ledger.now.replace(month=11, day=2)
    with pytest.raises(ContractError, match=r"'110229' .* was retired"):
        city.take(MKT, "submit")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('{"code": "1", "code": "2"}', "appears twice"),
        ('{"code": NaN}', "NaN"),
        ("[", "not JSON"),
        ("", "not JSON"),
        ("null", "valid (list|array)"),
        ("[1]", "argument 2"),
    ],
)
def test_json_that_is_not_what_it_should_be(city: City, text: str, message: str) -> None:
    with pytest.raises(ContractError, match=message):
        city.call(MKT, "Directory:draft", "file", text)


def test_duplicate_keys_are_refused_at_any_depth(city: City) -> None:
    text = json.dumps([{"id": CODE, "description": description()}]).replace(
        '"open": false', '"open": false, "open": true'
    )
    with pytest.raises(ContractError, match="'open' appears twice"):
        city.call(MKT, "Directory:draft", "file", text)


@pytest.mark.parametrize(
    ("function", "arguments", "message"),
    [
        ("Directory:read", ["resource", "102001／000001"], "FULLWIDTH SOLIDUS"),
        ("Directory:read", ["resource", "102001/000001\x00x"], "ASCII only"),
        ("Directory:read", [], "Expected 2 parameters, but 0"),
        ("Directory:read", ["resource", CODE, CODE], "Expected 2 parameters, but 3"),
        ("Directory:read", ["nothing", CODE], "no records of the kind nothing"),
        ("Directory:late", ["1_0"], "is not an integer"),
        ("Directory:late", ["１"], "is not an integer"),
        ("Directory:late", ["0"], "greater than or equal to 1"),
        ("Directory:holders", ["uscc\x00"], "ASCII only"),
        ("Directory:nothing", [], "does not exist: nothing"),
        ("Nobody:read", [CODE], "not known: Nobody"),
        ("Sharing:read", ["request", "../etc"], "no request ../etc"),
        ("Sharing:expiring", ["0", "10", ""], "greater than or equal to 1"),
    ],
)
def test_arguments_that_are_refused(
    shared: City, function: str, arguments: list[str], message: str
) -> None:
    with pytest.raises(ContractError, match=message):
        shared.ask(HAI, function, *arguments)
