"""Identifiers of real estate: the unit code (GB/T 37346-2019), and numbers of certificates of the register.

A unit code has 28 characters: county 6, cadastral district 3, sub-district 3, parcel feature 2, parcel 5, fixture
feature 1, fixture unit 8. It has no check digit: compare it with the cadastre.
"""

import re
from typing import Annotated

from pydantic import AfterValidator

from pyfabric_municipal.common.values.characters import unspaced
from pyfabric_municipal.common.values.divisions import BEIJING_PROVINCE, is_county
from pyfabric_municipal.common.values.faults import Fault
from pyfabric_municipal.common.values.kinds import Kind

UNIT = Kind("unit-code", "real-estate unit code", "不动产单元代码")
TITLE = Kind("title-certificate", "title certificate number", "不动产权证号")
PROOF = Kind("registration-proof", "registration proof number", "不动产登记证明号")

_UNIT = re.compile(r"([0-9]{6})([0-9]{6})([GJZ])([ABSXCDEFHGWY])([0-9]{5})([FLQW])([0-9]{8})")
_PARCEL_LENGTH = 19
_SEA = "H"
_VIRTUAL = "000000"
_NO_FIXTURE, _NO_UNIT = "W", "00000000"

# The register writes a district by its name, with or without 区, or by one character of it.
_DISTRICTS = {
    "市": "市",
    "东": "东城区",
    "西": "西城区",
    "朝": "朝阳区",
    "丰": "丰台区",
    "石": "石景山区",
    "海": "海淀区",
    "门": "门头沟区",
    "房": "房山区",
    "通": "通州区",
    "顺": "顺义区",
    "昌": "昌平区",
    "大": "大兴区",
    "兴": "大兴区",
    "怀": "怀柔区",
    "平": "平谷区",
    "密": "密云区",
    "延": "延庆区",
    "开": "开发区",
}
_BY_NAME = {
    spelling: name
    for short, name in _DISTRICTS.items()
    for spelling in (short, name, name.removesuffix("区"))
}
_CERTIFICATE = r"京[〔\[(]([12][0-9]{{3}})[〕\])]([\u4e00-\u9fff]{{1,4}}){}第?([0-9]{{1,8}})号?"
_TITLE = re.compile(_CERTIFICATE.format("不动产权"))
_PROOF = re.compile(_CERTIFICATE.format("不动产证明"))
_LEAST_DIGITS = 7


def require_unit_code(value: str) -> str:
    """Check the code of a unit in Beijing that rights can be registered on.

    A cadastral district 000000 is of a virtual unit, which only the sea has for good.
    """
    match = UNIT.require_match(
        _UNIT,
        value,
        "28 characters: 12 digits, parcel feature (G, J, Z and a use), 5 digits, F, L, Q or W, 8 digits",
        "28位：12位数字、宗地特征码（G、J、Z加用途）、5位数字、F、L、Q或W、8位数字",
    )
    UNIT.refuse(_unit_fault(match), value)
    return value


def parcel_code(unit: str) -> str:
    """Return the code of the parcel of a unit: its first 19 characters."""
    return unit[:_PARCEL_LENGTH]


def normalise_title_number(value: str) -> str:
    """Return the one spelling of a title certificate's number: `京(2020)海淀区不动产权第0012345号`."""
    return _certificate(TITLE, _TITLE, value, "不动产权")


def normalise_proof_number(value: str) -> str:
    """Return the one spelling of the number of a registration proof, which mortgages and notices have."""
    return _certificate(PROOF, _PROOF, value, "不动产证明")


def _unit_fault(match: re.Match[str]) -> Fault | None:
    county, cadastral, _, use, _, fixture, unit = match.groups()
    if not (county.startswith(BEIJING_PROVINCE) and is_county(county)):
        return Fault("county", "is not in a district of Beijing", "不在北京市的区内")
    if cadastral == _VIRTUAL and use != _SEA:
        return Fault(
            "virtual", "is of a virtual unit: nothing is registered on it", "是虚拟单元：不得登记"
        )
    if fixture == _NO_FIXTURE and unit != _NO_UNIT:
        return Fault(
            "fixture",
            f"is wrong: W (no fixture) has unit {_NO_UNIT}",
            f"有误：W（无定着物）的单元号为{_NO_UNIT}",
        )
    return None


def _certificate(kind: Kind, pattern: re.Pattern[str], value: str, word: str) -> str:
    match = pattern.fullmatch(unspaced(value))
    if match is None or match[2] not in _BY_NAME or not int(match[3]):
        example = f"京(2020)海淀区{word}第0012345号"
        raise kind.refusal(
            "shape",
            value,
            f"is not of the form {example} with a district of Beijing",
            f"不是“{example}”的形式，或不是北京市的区",
        )
    return f"京({match[1]}){_BY_NAME[match[2]]}{word}第{int(match[3]):0{_LEAST_DIGITS}}号"


UnitCode = Annotated[str, AfterValidator(require_unit_code), UNIT.described]
"""The code of a real-estate unit in Beijing, 28 characters."""

TitleNumber = Annotated[str, AfterValidator(normalise_title_number), TITLE.described]
"""The number of a title certificate: `京(2020)海淀区不动产权第0012345号`."""

ProofNumber = Annotated[str, AfterValidator(normalise_proof_number), PROOF.described]
"""The number of a registration proof: `京(2020)海淀区不动产证明第0012345号`."""
