"""Personal data in text: resident IDs and mobile numbers, however they are written.

A text may have spaces and dashes between their digits, full-width digits, letters beside them, and IDs as the 15
digits of before 1999. No other identifier of these packages is taken for a person's, as it is written in
text: GS1 keys with their application identifier in brackets, a bill's code and number with a space or dash between them.
A bare run of digits that is both a resident ID and a key of GS1 with one check digit is taken for the ID: what a
text has of a person cannot be removed from a ledger.
"""

import re
from collections.abc import Iterator, Sequence
from enum import Enum

from pyfabric_municipal.common.values.characters import (
    decimal_digit,
    half_width,
    is_space_or_dash,
)
from pyfabric_municipal.common.values.gs1_rules import KEY_DIGITS, has_gs1_check
from pyfabric_municipal.common.values.resident_rules import is_old_resident_id, is_resident_id
from pyfabric_municipal.common.values.uscc_rules import is_uscc

_MOBILE = re.compile(r"(?:(?:00)?86)?1[3-9][0-9]{9}")
# Groups of digits with up to three spaces or dashes between them, and the X after 17.
_CHAIN = re.compile(r"[0-9]+(?: {1,3}[0-9]+)*(?: {0,3}X)?")
_MOST_DIGITS = 18
# The letter, the Greek and Cyrillic letters of the same form, and the sign.
_TENS = frozenset("Xx\u00d7\u03a7\u03c7\u0425\u0445")
_DAY = re.compile(r"\b(?:18|19|20)[0-9]{2} (?:0[1-9]|1[0-2]) (?:0[1-9]|[12][0-9]|3[01])\b")
# A bill's code and number, each without a space: fiscal, and of a former VAT invoice.
_BILLS = {(8, 10), (10, 8)}
# The check code of a former VAT invoice is written in groups of five.
_CHECK_CODE = (5, 5, 5)

_WHOLE = r"(?<![0-9A-Za-z]){}(?![0-9A-Za-z])"
_USCC = re.compile(_WHOLE.format("([0-9A-Z]{18})(?:[0-9]{3}|[0-9]{13})?"))
_HEXADECIMAL = re.compile(_WHOLE.format("(?=[0-9]*[A-Fa-f])[0-9A-Fa-f]{32,128}"))
_DOCUMENT = re.compile(r"[0-9]{4}[〕\])】﹞]第? *([0-9A-Z-]{1,17})(?= *号)")
_GS1 = re.compile(r"\((" + "|".join(KEY_DIGITS) + r")\)([0-9]{13,18})")


class PersonalData(Enum):
    """A kind of personal data, by its names in English and Chinese."""

    RESIDENT_ID = ("resident ID", "公民身份号码")
    MOBILE_NUMBER = ("mobile number", "手机号码")

    def __init__(self, en: str, zh: str) -> None:
        self.en = en
        self.zh = zh


def find_personal_data(text: str) -> PersonalData | None:
    """Return the kind of the first personal data that a text seems to have, or None."""
    plain = _without_other_identifiers(half_width(text))
    for groups, ten in _windows("".join(map(_simple, plain))):
        found = _meaning(groups, ten)
        if found is not None:
            return found
    return None


def _without_other_identifiers(text: str) -> str:
    """Return the text without the digits of what is certainly no person's: codes with stronger evidence."""
    text = _HEXADECIMAL.sub("#", text)
    text = _USCC.sub(lambda match: "#" if is_uscc(match[1]) else match[0], text)
    text = _DOCUMENT.sub(
        lambda match: match[0] if is_resident_id(match[1].replace("-", "")) else "#", text
    )
    return _GS1.sub(_without_key, text)


def _without_key(match: re.Match[str]) -> str:
    """Return an element of GS1 without its key, and as it is if the check digit is wrong."""
    length = KEY_DIGITS[match[1]]
    key, rest = match[2][:length], match[2][length:]
    return f"#{rest}" if len(key) == length and has_gs1_check(key) else match[0]


def _simple(character: str) -> str:
    """Return an ASCII digit for any digit, X, a space for what people write between digits, # for the rest."""
    if character in _TENS:
        return "X"
    return decimal_digit(character) or (" " if is_space_or_dash(character) else "#")


def _windows(simple: str) -> Iterator[tuple[Sequence[str], str]]:
    """Yield groups of digits that may be one number together, and the X that follows them, or ""."""
    for match in _CHAIN.finditer(simple):
        groups = match.group().rstrip(" X").split()
        ten = "X" if match.group().endswith("X") else ""
        for start in range(len(groups)):
            digits = 0
            for end in range(start, len(groups)):
                digits += len(groups[end])
                if digits > _MOST_DIGITS:
                    break
                is_last = end == len(groups) - 1
                yield groups[start : end + 1], ten if is_last else ""


def _meaning(groups: Sequence[str], ten: str) -> PersonalData | None:
    """Return what the digits of these groups are together."""
    digits = "".join(groups)
    sizes = tuple(map(len, groups))
    if is_resident_id(digits + ten):
        return PersonalData.RESIDENT_ID if sizes not in _BILLS else None
    if _DAY.search(" ".join(groups)):
        return None
    if sizes != _CHECK_CODE and is_old_resident_id(digits):
        return PersonalData.RESIDENT_ID
    return PersonalData.MOBILE_NUMBER if _MOBILE.fullmatch(digits) else None
