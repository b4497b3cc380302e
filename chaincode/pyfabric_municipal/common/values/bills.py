"""Identifiers of bills: fiscal e-bills by code and number, fully digital invoices by their 20 digits, former ones.

The key of a fiscal bill, and of a former invoice, is its code and its number together: numbers repeat from code to code.
"""

import re
from typing import Annotated

from pydantic import AfterValidator

from pyfabric_municipal.common.values.characters import half_width, unspaced
from pyfabric_municipal.common.values.divisions import PROVINCES
from pyfabric_municipal.common.values.faults import Fault
from pyfabric_municipal.common.values.kinds import Kind

CODE = Kind("bill-code", "fiscal bill code", "财政票据代码")
NUMBER = Kind("bill-number", "fiscal bill number", "财政票据号码")
CHECK_CODE = Kind("bill-check-code", "fiscal bill check code", "财政票据校验码", secret=True)
KEY = Kind("bill-key", "fiscal bill", "财政票据")
INVOICE = Kind("invoice", "invoice number", "发票号码")
FORMER = Kind("former-invoice", "former invoice", "旧版发票")
BOOK = Kind("book-key", "bill or invoice", "票据或发票")
BEARERS = Kind("check-code", "check code", "校验码", secret=True)
_CODE = re.compile(r"[0-9]{8}")
_NUMBER = re.compile(r"[0-9]{10}")
_CHECK_CODE = re.compile(r"[0-9a-z]{6}")
_KEY = re.compile(r"([0-9]{8})-?([0-9]{10})")
_INVOICE = re.compile(r"([0-9]{2})([0-9]{2})[0-9]([0-9]{15})")
_FORMER = re.compile(r"([0-9]{10}|[0-9]{12})-([0-9]{8})")
_BOOK = re.compile(f"{_KEY.pattern}|{_INVOICE.pattern}|{_FORMER.pattern}")
_BEARERS = re.compile(r"[0-9a-z]{6}|[0-9]{20}")


def require_bill_code(value: str) -> str:
    """Check a fiscal e-bill's code: region 2, class 2, kind 2, year 2 digits. Medical bills have class 06."""
    CODE.require_match(
        _CODE,
        value,
        "8 digits: region 2, class 2, kind 2, year 2",
        "8位数字：监管机构2、分类2、种类2、年度2",
    )
    CODE.refuse(_region_fault(value[:2]), value)
    return value


def require_bill_number(value: str) -> str:
    """Check a fiscal e-bill's number: 10 digits, with their leading zeros."""
    return NUMBER.require_match(_NUMBER, value, "10 digits", "10位数字").string


def require_bill_check_code(value: str) -> str:
    """Check the form of the 6 characters by which the bearer of a bill proves that they have it."""
    shape, zh = "6 digits or small letters", "6位数字或小写字母"
    return CHECK_CODE.require_match(_CHECK_CODE, value, shape, zh).string


def normalise_bill_key(value: str) -> str:
    """Return the one spelling of a fiscal bill's code and number together: `11060120-0001859231`."""
    match = KEY.require_match(
        _KEY, unspaced(value), "a code of 8 and a number of 10 digits", "8位代码加10位号码"
    )
    return f"{require_bill_code(match[1])}-{require_bill_number(match[2])}"


def require_invoice(value: str) -> str:
    """Check a fully digital invoice's number: year 2, region 2, channel 1, serial 15 digits; it has no code."""
    match = INVOICE.require_match(
        _INVOICE,
        value,
        "20 digits: year 2, region 2, channel 1, serial 15",
        "20位数字：年度2、地区2、渠道1、顺序号15",
    )
    INVOICE.refuse(_region_fault(match[2]), value)
    return value


def normalise_former_invoice(value: str) -> str:
    """Return the one spelling of a former invoice's code (10 or 12 digits) and number (8): `1100203130-12345678`.

    They are written apart: together they could be another's 20 digits.
    """
    match = FORMER.require_match(
        _FORMER,
        half_width(value).replace(" ", "-"),
        "a code of 10 or 12 and a number of 8 digits, with a hyphen between",
        "10或12位代码与8位号码，以连字符分隔",
    )
    code = match[1]
    FORMER.refuse(_region_fault(code[:2] if len(code) == 10 else code[1:3]), value)
    return match.string


def normalise_book_key(value: str) -> str:
    """Return the one spelling of the key by which accounts hold a bill: fiscal, fully digital or former invoice."""
    text = half_width(value).replace(" ", "-")
    BOOK.require_match(
        _BOOK,
        text,
        "a fiscal bill (8-10 digits), an invoice (20 digits) or a former one (10-8 or 12-8 digits)",
        "财政票据（8位-10位）、全电发票（20位）或旧版发票（10位或12位-8位）",
    )
    if _INVOICE.fullmatch(text):
        return require_invoice(text)
    return normalise_former_invoice(text) if _FORMER.fullmatch(text) else normalise_bill_key(text)


def require_check_code(value: str) -> str:
    """Check the form of what a bearer proves a bill by: a fiscal bill's 6 characters, a former invoice's 20 digits."""
    shape, zh = "6 digits or small letters, or 20 digits", "6位数字或小写字母，或20位数字"
    return BEARERS.require_match(_BEARERS, value, shape, zh).string


def _region_fault(region: str) -> Fault | None:
    if region in PROVINCES:
        return None
    return Fault("region", f"is wrong: there is no region {region}", f"有误：没有地区{region}")


BillCode = Annotated[str, AfterValidator(require_bill_code), CODE.described]
"""The code of a fiscal e-bill, 8 digits: `11060120`."""

BillNumber = Annotated[str, AfterValidator(require_bill_number), NUMBER.described]
"""The number of a fiscal e-bill, 10 digits."""

BillCheckCode = Annotated[str, AfterValidator(require_bill_check_code), CHECK_CODE.described]
"""The check code of a fiscal e-bill, a secret of its bearer."""

BillKey = Annotated[str, AfterValidator(normalise_bill_key), KEY.described]
"""A fiscal e-bill's code and number together: `11060120-0001859231`."""

Invoice = Annotated[str, AfterValidator(require_invoice), INVOICE.described]
"""The number of a fully digital invoice, 20 digits."""

FormerInvoice = Annotated[str, AfterValidator(normalise_former_invoice), FORMER.described]
"""A former invoice's code and number together: `1100203130-12345678`."""

BookKey = Annotated[str, AfterValidator(normalise_book_key), BOOK.described]
"""The key by which accounts hold a bill: `BillKey`, `Invoice` or `FormerInvoice`."""

CheckCode = Annotated[str, AfterValidator(require_check_code), BEARERS.described]
"""The check code of a fiscal bill or a former invoice, a secret of its bearer."""
