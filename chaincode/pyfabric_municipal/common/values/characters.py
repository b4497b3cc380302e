"""Characters, alike in every version of Python: their names, and which of them are invisible."""

import re
import unicodedata

# Unicode 3.2, which is the same in every version of Python: contract hosts of different departments
# must decide alike, and the tables of `unicodedata` itself change between versions.
_STABLE = unicodedata.ucd_3_2_0
_INVISIBLE = frozenset({"Cc", "Cf", "Co", "Cs", "Zl", "Zp"})
# Also invisible; Unicode 3.2 has them in other categories or not at all.
_ALSO_INVISIBLE = re.compile("[\u200b-\u200f\u2060-\u206f\ufe00-\ufe0f\U000e0000-\U000e0fff]")
_FOREIGN = re.compile("[^!-~]")


def character_name(character: str) -> str:
    """Return a character as error messages show it: `'９' (FULLWIDTH DIGIT NINE)`."""
    name = _STABLE.name(character, f"U+{ord(character):04X}")
    return f"{character!r} ({name})"


def first_foreign(value: str) -> str:
    """Return the first character that is not printable ASCII, or is a space; "" if there is none."""
    found = _FOREIGN.search(value)
    return found.group() if found else ""


def is_invisible(character: str) -> bool:
    """Return whether a character shows nothing: controls, format characters, private use."""
    return _STABLE.category(character) in _INVISIBLE or _ALSO_INVISIBLE.match(character) is not None


def is_space_or_dash(character: str) -> bool:
    """Return whether a character is a space (Zs) or a dash (Pd) of any kind, or a minus sign."""
    return character == "\u2212" or _STABLE.category(character) in {"Zs", "Pd"}


def composed(value: str) -> str:
    """Return a text in Unicode normal form C."""
    return _STABLE.normalize("NFC", value)


def half_width(value: str) -> str:
    """Return a text with its full-width and other compatible forms of letters and digits as ASCII."""
    return _STABLE.normalize("NFKC", value)


def unspaced(value: str) -> str:
    """Return a text half-width, with capitals and without spaces; every dash is a hyphen."""
    kept = (one for one in half_width(value).upper() if _STABLE.category(one) != "Zs")
    return "".join("-" if is_space_or_dash(one) else one for one in kept)


def decimal_digit(character: str) -> str:
    """Return the ASCII digit of a decimal digit of any script, or "" for another character."""
    value = _STABLE.decimal(character, None)
    return "" if value is None else str(value)
