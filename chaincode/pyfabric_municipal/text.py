"""Checks of characters in free text and codes, so that each has only one spelling."""

import re
import unicodedata

from pyfabric.chaincode import ContractError

# Unicode 3.2, which is the same in every version of Python: contract hosts of different departments
# must decide alike, and the tables of `unicodedata` itself change between versions.
_STABLE = unicodedata.ucd_3_2_0
_INVISIBLE = frozenset({"Cc", "Cf", "Co", "Cs", "Zl", "Zp"})
# Also invisible; Unicode 3.2 has them in other categories or not at all.
_ALSO_INVISIBLE = re.compile("[\u200b-\u200f\u2060-\u206f\ufe00-\ufe0f\U000e0000-\U000e0fff]")
_RESIDENT_ID = re.compile(r"(?<![0-9A-Za-z])[1-9][0-9]{16}[0-9Xx](?![0-9A-Za-z])")
_MOBILE = re.compile(r"(?<![0-9A-Za-z])1[3-9][0-9]{9}(?![0-9A-Za-z])")
_ID_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
MAX_TEXT = 2000


def character_name(character: str) -> str:
    """Return a character as error messages show it: `'９' (FULLWIDTH DIGIT NINE)`."""
    name = _STABLE.name(character, f"U+{ord(character):04X}")
    return f"{character!r} ({name})"


def require_ascii(what: str, value: str) -> str:
    """Return `value` if it is printable ASCII without spaces; an error names the first other character."""
    for character in value:
        if not "!" <= character <= "~":
            raise ContractError(f"{what} {value!r} holds {character_name(character)}: ASCII only")
    return value


def require_match(what: str, pattern: re.Pattern[str], value: str, shape: str) -> str:
    """Return `value` if it is ASCII and matches `pattern`; `shape` describes the pattern in errors."""
    require_ascii(what, value)
    if pattern.fullmatch(value) is None:
        raise ContractError(f"{what} {value!r} is not {shape}")
    return value


def require_text(what: str, value: str) -> str:
    """Return `value` if it is not empty, visible, in NFC, and without personal data.

    Public state stays readable by all departments for ever: a resident ID or a mobile number in it
    cannot be removed.
    """
    if not value.strip():
        raise ContractError(f"{what} is empty")
    if value != value.strip():
        raise ContractError(f"{what} begins or ends with a space")
    if len(value) > MAX_TEXT:
        raise ContractError(f"{what} has {len(value)} characters, more than {MAX_TEXT}")
    for character in value:
        if _STABLE.category(character) in _INVISIBLE or _ALSO_INVISIBLE.match(character):
            raise ContractError(f"{what} holds the invisible {character_name(character)}")
    if _STABLE.normalize("NFC", value) != value:
        raise ContractError(f"{what} is not in Unicode normal form C")
    _refuse_personal(what, value)
    return value


def _refuse_personal(what: str, value: str) -> None:
    if _MOBILE.search(value):
        raise ContractError(
            f"{what} contains what looks like a mobile number: personal data must not be public"
        )
    for match in _RESIDENT_ID.finditer(value):
        digits = match.group().upper()
        total = sum(w * int(d) for w, d in zip(_ID_WEIGHTS, digits[:17], strict=True))
        if "10X98765432"[total % 11] == digits[17]:
            raise ContractError(
                f"{what} contains what looks like a resident ID: personal data must not be public"
            )
