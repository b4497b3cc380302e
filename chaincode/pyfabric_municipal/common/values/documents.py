"""Numbers of official documents as authorities write them, each with one spelling.

The form is issuer, year in brackets, sequence and 号: `京市监罚〔2020〕15号` (GB/T 9704). Courts begin with the year:
`（2020）京0108执1234号`. A sequence may have letters, words and parts with hyphens (`D115`, `执法1-11`), and a further
document of the same number a suffix (`之一`).
"""

import re
from typing import Annotated

from pydantic import AfterValidator

from pyfabric_municipal.common.values.characters import unspaced
from pyfabric_municipal.common.values.kinds import Kind
from pyfabric_municipal.common.values.text import require_text

DOCUMENT = Kind("document", "document number", "文号")
MAX_DOCUMENT = 80
_YEAR = r"[〔\[({【〖❲]([12][0-9]{3})[〕\])}】〗❳]"
_ISSUER = r"((?:[\u4e00-\u9fff]|\([\u4e00-\u9fff]{1,12}\)){2,40})"
_WORD = r"(?:(?![号第])[\u4e00-\u9fff])"
_PART = (
    rf"(?:{_WORD}{{1,8}}|\((?:{_WORD}|[A-Z]){{1,8}}\))?第?-?[A-Z]{{0,4}}[0-9]{{1,12}}[A-Z]{{0,2}}"
)
_SEQUENCE = rf"({_PART}(?:-{_PART}|(?=[^-0-9A-Z]){_PART}){{0,3}})"
_COURT = r"([\u4e00-\u9fff]{1,3}[0-9]{0,4}[\u4e00-\u9fff]{1,8})"
_FURTHER = r"(?:之([1-9][0-9]?|[二三四五六七八九]?十[一二三四五六七八九]?|[一二三四五六七八九]))?"
_OF_AUTHORITY = re.compile(rf"{_ISSUER}{_YEAR}第?{_SEQUENCE}(?:号{_FURTHER})?")
_OF_COURT = re.compile(rf"{_YEAR}{_COURT}([0-9]{{1,7}})号{_FURTHER}")
_LEADING_ZEROS = re.compile(r"(?<![0-9])0+(?=[0-9])")
_ONES = " 一二三四五六七八九"


def normalise_document_number(value: str) -> str:
    """Return the one spelling of a document number, such as `京市监罚〔2020〕15号`.

    The kind of brackets, 第, spaces, full-width and small letters, leading zeros, the numerals of a suffix and a
    missing 号 do not distinguish documents; everything else does.
    """
    require_text(DOCUMENT.en, value)
    text = unspaced(value)
    if len(text) <= MAX_DOCUMENT:
        match = _OF_AUTHORITY.fullmatch(text)
        if match is not None and _is_from_one(match[3]):
            return f"{_wide(match[1])}〔{match[2]}〕{_sequence(match[3])}号{_further(match[4])}"
        match = _OF_COURT.fullmatch(text)
        if match is not None and _is_from_one(match[3]):
            return f"（{match[1]}）{match[2]}{_sequence(match[3])}号{_further(match[4])}"
    raise DOCUMENT.refusal(
        "shape",
        value,
        "is not of the form 京市监罚〔2020〕15号 or （2020）京0108执1234号",
        "不是“京市监罚〔2020〕15号”或“（2020）京0108执1234号”的形式",
    )


def year_of_document(number: str) -> int:
    """Return the year of a document number in its one spelling."""
    found = re.search(r"[〔（]([0-9]{4})[〕）]", number)
    if found is None:
        raise DOCUMENT.refusal("year", number, "has no year in brackets", "没有带括号的年份")
    return int(found[1])


def _is_from_one(sequence: str) -> bool:
    return re.search("[1-9]", sequence) is not None


def _sequence(written: str) -> str:
    return _wide(_LEADING_ZEROS.sub("", written.replace("第", "")))


def _wide(text: str) -> str:
    return text.replace("(", "（").replace(")", "）")


def _further(numeral: str | None) -> str:
    """Return the suffix with a number of 1 to 99, of Western or Chinese numerals, in Chinese ones."""
    if not numeral:
        return ""
    if not numeral.isascii():
        return f"之{numeral}"
    tens, ones = divmod(int(numeral), 10)
    ten = f"{_ONES[tens] if tens > 1 else ''}十" if tens else ""
    return f"之{ten}{_ONES[ones].strip()}"


DocumentNumber = Annotated[str, AfterValidator(normalise_document_number), DOCUMENT.described]
"""The number of an official document: `京市监罚〔2020〕15号`."""
