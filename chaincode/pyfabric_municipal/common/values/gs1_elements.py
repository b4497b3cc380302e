"""Element strings of GS1: application identifiers in brackets and their values, as in `(01)…(10)…`.

Source: GS1's syntax dictionary (commit ff2eb4b), for the identifiers that the city's contracts use. A value with
a bracket is refused, since its end would not be certain.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Annotated

from pydantic import AfterValidator

from pyfabric.chaincode import ContractError
from pyfabric_municipal.common.values.gs1_keys import (
    CHARACTERS,
    GTIN,
    require_gdti,
    require_giai,
    require_gln,
    require_grai,
    require_gsrn,
    require_lot,
    require_serial,
    require_sscc,
)
from pyfabric_municipal.common.values.gs1_rules import GTIN_DIGITS, has_gs1_check
from pyfabric_municipal.common.values.kinds import Kind
from pyfabric_municipal.common.values.text import refuse_personal_data

ELEMENTS = Kind("gs1-elements", "GS1 element string", "GS1单元数据串")
_ELEMENT = re.compile(r"\(([0-9]{2,4})\)([^()]+)")
_WHOLE = re.compile(rf"(?:{_ELEMENT.pattern})+")
_CENTURY = 100
_FURTHEST = 50

Check = Callable[[str], str]


@dataclass(frozen=True, slots=True)
class _Identifier:
    """An application identifier: how its value is checked, what must be beside it, and what must not.

    One of `needs` is enough, of which each names all that it takes.
    """

    check: Check
    needs: tuple[tuple[str, ...], ...] = ()
    excludes: tuple[str, ...] = ()


def _form(pattern: str, shape: str, zh: str) -> Check:
    compiled = re.compile(pattern)

    def check(value: str) -> str:
        ELEMENTS.require_match(compiled, value, shape, zh)
        return refuse_personal_data(ELEMENTS.en, value)

    return check


def _gtin(value: str) -> str:
    """Check a GTIN, and what follows it in some identifiers; the form is checked before."""
    if not has_gs1_check(value[:GTIN_DIGITS]):
        raise GTIN.refusal("check", value, "has a wrong check digit", "的校验码不符")
    return value


def _both(first: Check, then: Check) -> Check:
    return lambda value: then(first(value))


def _day(value: str) -> str:
    """Check each YYMMDD of a value, where the day 00 is the last of the month."""
    for start in range(0, len(value), 6):
        gs1_day(value[start : start + 6], date(2000, 1, 1))
    return value


def _full_day(value: str) -> str:
    if "00" in {value[4:6], value[10:12]}:
        raise ELEMENTS.refusal("day", value, "is wrong: the day is missing", "有误：缺少日")
    return _day(value)


_N6 = _form(r"[0-9]{6}", "6 digits", "6位数字")
_COUNT = _form(r"[0-9]{1,8}", "up to 8 digits", "至多8位数字")
_GTIN = _both(_form(r"[0-9]{14}", "14 digits", "14位数字"), _gtin)
_PIECE = _both(
    _form(
        r"[0-9]{14}(?!00)[0-9]{4}",
        "a GTIN of 14 digits, piece 2, total 2",
        "14位GTIN、件号2位、总数2位",
    ),
    _gtin,
)
_ITEM = (("01",), ("02",), ("03",), ("8006",), ("8026",))
_GTIN_OR_CONTENT = (("01",), ("02",))
_DAY_OF_ITEM = _Identifier(_both(_N6, _day), needs=_ITEM)

_IDENTIFIERS: Mapping[str, _Identifier] = {
    "00": _Identifier(require_sscc),
    "01": _Identifier(_GTIN, excludes=("37",)),
    "02": _Identifier(_GTIN, needs=(("37",),), excludes=("01", "03")),
    "03": _Identifier(_GTIN, excludes=("01", "02", "37")),
    "10": _Identifier(require_lot, needs=_ITEM),
    "11": _DAY_OF_ITEM,
    "13": _DAY_OF_ITEM,
    "15": _DAY_OF_ITEM,
    "17": _DAY_OF_ITEM,
    "21": _Identifier(require_serial, needs=(("01",), ("03",), ("8006",))),
    "30": _Identifier(_COUNT, needs=_GTIN_OR_CONTENT),
    **{
        f"310{places}": _Identifier(
            _N6,
            needs=_GTIN_OR_CONTENT,
            excludes=tuple(f"310{other}" for other in range(6) if other != places),
        )
        for places in range(6)
    },
    "37": _Identifier(_COUNT, needs=(("00", "02"), ("00", "8026"))),
    **{f"41{kind}": _Identifier(require_gln) for kind in range(8)},
    "415": _Identifier(require_gln, needs=(("8020",),)),
    "253": _Identifier(require_gdti),
    "254": _Identifier(require_lot, needs=(("414",),)),
    "7003": _Identifier(
        _both(
            _form(r"[0-9]{6}(?:[01][0-9]|2[0-3])[0-5][0-9]", "YYMMDDHHMM", "YYMMDDHHMM"),
            lambda value: _full_day(value[:6]) and value,
        ),
        needs=(("01",), ("02",), ("03",)),
    ),
    "7006": _Identifier(_both(_N6, _full_day), needs=_GTIN_OR_CONTENT),
    "7007": _Identifier(
        _both(_form(r"[0-9]{6}(?:[0-9]{6})?", "1 or 2 days YYMMDD", "1或2个YYMMDD"), _full_day),
        needs=_GTIN_OR_CONTENT,
    ),
    "8003": _Identifier(require_grai),
    "8004": _Identifier(require_giai),
    "8006": _Identifier(_PIECE, excludes=("01", "03", "37")),
    "8017": _Identifier(require_gsrn, excludes=("8018",)),
    "8018": _Identifier(require_gsrn, excludes=("8017",)),
    "8020": _Identifier(
        _form(rf"{CHARACTERS}{{1,25}}", "1 to 25 of GS1's characters", "1至25位GS1字符"),
        needs=(("415",),),
    ),
    "8026": _Identifier(_PIECE, needs=(("37",),), excludes=("02", "03", "8006")),
}


def require_elements(elements: Mapping[str, str]) -> dict[str, str]:
    """Return values by application identifier, sorted by it, if each is right and all go together.

    Raises ContractError for an unknown identifier, a wrong value, and a combination that GS1 does not have: a
    lot (10) needs its item (01, 02, 03, 8006 or 8026), contents (02) and their count (37) each other.
    """
    for name, value in elements.items():
        if name not in _IDENTIFIERS:
            raise _refusal("identifier", name, "is not in use", "未使用")
        _IDENTIFIERS[name].check(value)
    for name in elements:
        _require_company(name, elements)
    return dict(sorted(elements.items()))


def parse_elements(text: str) -> dict[str, str]:
    """Return the values of an element string by application identifier, checked and sorted."""
    ELEMENTS.require_match(
        _WHOLE,
        text,
        "application identifiers in brackets before their values",
        "带括号的应用标识符及其值",
    )
    found: dict[str, str] = {}
    for name, value in _ELEMENT.findall(text):
        if name in found:
            raise _refusal("twice", name, "is there twice", "重复")
        found[name] = value
    return require_elements(found)


def normalise_elements(text: str) -> str:
    """Return the one spelling of an element string: its elements in the order of their identifiers."""
    return "".join(f"({name}){value}" for name, value in parse_elements(text).items())


def gs1_day(value: str, on: date) -> date:
    """Return the day of YYMMDD as of a day, the ledger's: it lies within 50 years; DD 00 is a month's last day.

    Source: GS1's General Specifications, "determination of century in dates".
    """
    ELEMENTS.require_match(re.compile("[0-9]{6}"), value, "YYMMDD", "YYMMDD")
    year, month, day = int(value[:2]), int(value[2:4]), int(value[4:])
    ahead = year - on.year % _CENTURY
    century = on.year // _CENTURY - (ahead > _FURTHEST) + (ahead <= -_FURTHEST)
    try:
        first = date(century * _CENTURY + year, month, day or 1)
    except ValueError as error:
        raise ELEMENTS.refusal(
            "day", value, "is wrong: there is no such day", "有误：没有这一天"
        ) from error
    return first if day else _last_of_month(first)


def _last_of_month(first: date) -> date:
    return (first.replace(day=28) + timedelta(days=4)).replace(day=1) - timedelta(days=1)


def _require_company(name: str, elements: Mapping[str, str]) -> None:
    """Refuse an identifier without those that it needs, or beside one that it excludes."""
    identifier = _IDENTIFIERS[name]
    if identifier.needs and not any(elements.keys() >= {*each} for each in identifier.needs):
        wanted = " or ".join("+".join(each) for each in identifier.needs)
        raise _refusal("needs", name, f"needs {wanted}", f"须与{wanted}同时出现")
    for other in identifier.excludes:
        if other in elements:
            raise _refusal(
                "excludes", name, f"is not used with ({other})", f"不得与({other})同时出现"
            )


def _refusal(fault: str, name: str, text: str, zh: str) -> ContractError:
    return ELEMENTS.refusal(
        fault, None, f"is wrong: ({name}) {text}", f"有误：({name}){zh}", identifier=name
    )


Elements = Annotated[str, AfterValidator(normalise_elements), ELEMENTS.described]
"""An element string of GS1: `(01)06901234567892(10)LOT-1`."""
