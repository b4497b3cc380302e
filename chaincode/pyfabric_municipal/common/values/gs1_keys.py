"""Keys of GS1: trade items, places, logistic units, assets and documents, and the texts of lots and serials.

A key's last digit is its check digit. Lots and serials have GS1's 82 characters and differ by
case: `LOT-1` is not `lot-1`.
"""

import re
from typing import Annotated

from pydantic import AfterValidator

from pyfabric_municipal.common.values.gs1_rules import (
    GDTI_DIGITS,
    GLN_DIGITS,
    GRAI_DIGITS,
    GSRN_DIGITS,
    GTIN_DIGITS,
    SSCC_DIGITS,
    has_gs1_check,
)
from pyfabric_municipal.common.values.kinds import Kind
from pyfabric_municipal.common.values.text import refuse_personal_data

GTIN = Kind("gtin", "GTIN", "商品条码GTIN")
GLN = Kind("gln", "GLN", "全球位置码GLN")
SSCC = Kind("sscc", "SSCC", "系列货运包装箱代码SSCC")
GSRN = Kind("gsrn", "GSRN", "全球服务关系代码GSRN")
GDTI = Kind("gdti", "GDTI", "全球文件类型代码GDTI")
GRAI = Kind("grai", "GRAI", "全球可回收资产代码GRAI")
GIAI = Kind("giai", "GIAI", "全球单个资产代码GIAI")
LOT = Kind("lot", "lot", "批号")
SERIAL = Kind("serial", "serial number", "序列号")

# GS1's character set 82 of element strings.
CHARACTERS = r"[!\"%&'()*+,\-./0-9:;<=>?A-Z_a-z]"
_GTIN = re.compile(r"[0-9]{8}|[0-9]{12,14}")
_GDTI = re.compile(rf"[0-9]{{{GDTI_DIGITS}}}{CHARACTERS}{{0,17}}")
_GRAI = re.compile(rf"0[0-9]{{{GRAI_DIGITS - 1}}}{CHARACTERS}{{0,16}}")
_GIAI = re.compile(rf"[0-9]{{4}}{CHARACTERS}{{1,26}}")
_UP_TO_20 = re.compile(rf"{CHARACTERS}{{1,20}}")
# From general knowledge, to be compared with GS1's list of prefixes.
_CHINA = "69"


def normalise_gtin(value: str) -> str:
    """Return a GTIN of 8, 12, 13 or 14 digits as 14, its one spelling."""
    GTIN.require_match(_GTIN, value, "8, 12, 13 or 14 digits", "8、12、13或14位数字")
    return _checked(GTIN, value, len(value)).rjust(GTIN_DIGITS, "0")


def require_gln(value: str) -> str:
    """Check a GLN: 13 digits."""
    return _digits(GLN, value, GLN_DIGITS)


def require_sscc(value: str) -> str:
    """Check an SSCC: 18 digits."""
    return _digits(SSCC, value, SSCC_DIGITS)


def require_gsrn(value: str) -> str:
    """Check a GSRN: 18 digits."""
    return _digits(GSRN, value, GSRN_DIGITS)


def require_gdti(value: str) -> str:
    """Check a GDTI: 13 digits, and up to 17 characters of a document's serial."""
    GDTI.require_match(_GDTI, value, "13 digits and a serial up to 17", "13位数字加至多17位序列号")
    return refuse_personal_data(GDTI.en, _checked(GDTI, value, GDTI_DIGITS))


def require_grai(value: str) -> str:
    """Check a GRAI: 0, 13 digits, and up to 16 characters of an asset's serial."""
    GRAI.require_match(
        _GRAI, value, "0, 13 digits and a serial up to 16", "0加13位数字，再加至多16位序列号"
    )
    return refuse_personal_data(GRAI.en, _checked(GRAI, value, GRAI_DIGITS))


def require_giai(value: str) -> str:
    """Check a GIAI: a company prefix, of which 4 digits are checked, and the asset's reference; up to 30."""
    GIAI.require_match(
        _GIAI,
        value,
        "a company prefix and a reference up to 30",
        "厂商识别代码加资产参考代码，至多30位",
    )
    return refuse_personal_data(GIAI.en, value)


def require_lot(value: str) -> str:
    """Check a lot's text: up to 20 characters."""
    LOT.require_match(_UP_TO_20, value, "1 to 20 of GS1's characters", "1至20位GS1字符")
    return refuse_personal_data(LOT.en, value)


def require_serial(value: str) -> str:
    """Check a serial number's text: up to 20 characters."""
    SERIAL.require_match(_UP_TO_20, value, "1 to 20 of GS1's characters", "1至20位GS1字符")
    return refuse_personal_data(SERIAL.en, value)


def is_of_china(key: str) -> bool:
    """Return whether a GTIN or GLN has a prefix of GS1 China (690 to 699), where its company was registered."""
    return key[-GLN_DIGITS:].startswith(_CHINA)


def _digits(kind: Kind, value: str, length: int) -> str:
    pattern = re.compile(rf"[0-9]{{{length}}}")
    kind.require_match(pattern, value, f"{length} digits", f"{length}位数字")
    return _checked(kind, value, length)


def _checked(kind: Kind, value: str, length: int) -> str:
    """Return `value` if the check digit of its first `length` digits is right."""
    if not has_gs1_check(value[:length]):
        raise kind.refusal("check", value, "has a wrong check digit", "的校验码不符")
    return value


Gtin = Annotated[str, AfterValidator(normalise_gtin), GTIN.described]
"""A trade item, as 14 digits."""

Gln = Annotated[str, AfterValidator(require_gln), GLN.described]
"""A place or a party, 13 digits."""

Sscc = Annotated[str, AfterValidator(require_sscc), SSCC.described]
"""A logistic unit, 18 digits."""

Gsrn = Annotated[str, AfterValidator(require_gsrn), GSRN.described]
"""A service relation, 18 digits."""

Gdti = Annotated[str, AfterValidator(require_gdti), GDTI.described]
"""A document, 13 digits and its serial."""

Grai = Annotated[str, AfterValidator(require_grai), GRAI.described]
"""A returnable asset, 14 digits and its serial."""

Giai = Annotated[str, AfterValidator(require_giai), GIAI.described]
"""An asset."""

Lot = Annotated[str, AfterValidator(require_lot), LOT.described]
"""The text of a lot, of which the case counts."""

Serial = Annotated[str, AfterValidator(require_serial), SERIAL.described]
"""The text of a serial number, of which the case counts."""
