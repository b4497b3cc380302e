"""Checks of identifiers: social credit codes, resource codes, service items, digests.

Each returns its argument, or raises ContractError. Nothing is normalised: identifiers are keys, so only
the canonical spelling is accepted.
"""

import re

from pyfabric.chaincode import ContractError
from pyfabric_municipal.text import require_match

_USCC_ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"
_USCC = re.compile(r"[1-9ANY][1-9][0-9]{6}[0-9A-HJ-NPQRTUWXY]{10}")
_USCC_WEIGHTS = (1, 3, 9, 27, 19, 26, 16, 17, 20, 29, 25, 13, 8, 24, 10, 30, 28)
_ORGANISATION_WEIGHTS = (3, 7, 9, 10, 5, 8, 4, 2)
# GB 32100-2015 with amendment 1: the categories that each registering department has.
_CATEGORIES = {
    "1": "1239",
    "2": "19",
    "3": "123459",
    "4": "19",
    "5": "1239",
    "6": "129",
    "7": "129",
    "8": "19",
    "9": "123",
    "A": "19",
    "N": "1239",
    "Y": "1",
}
_PROVINCES = frozenset(
    [
        "10",
        "11",
        "12",
        "13",
        "14",
        "15",
        "21",
        "22",
        "23",
        "31",
        "32",
        "33",
        "34",
        "35",
        "36",
        "37",
        "41",
        "42",
        "43",
        "44",
        "45",
        "46",
        "50",
        "51",
        "52",
        "53",
        "54",
        "61",
        "62",
        "63",
        "64",
        "65",
        "71",
        "81",
        "82",
    ]
)
_RESOURCE = re.compile(r"([123])([0-9]{2})([0-9]{3})([0-9]{0,6})/([0-9]{1,8})")
_ITEMS_OF_CLASS = {"1": 5, "2": 11, "3": 99}
CLASSES = {"1": "basic", "2": "theme", "3": "department"}
_ITEM_DIGITS = re.compile(r"[0-9]{13}")
_DUTY = re.compile(r"[A-Z]{2,12}-[0-9]{3,6}")
_NAME = re.compile(r"[a-z][a-z0-9_]{0,62}")
_DATUM = re.compile(r"[a-z][a-z0-9_]{0,40}(\.[a-z][a-z0-9_]{0,40}){1,3}")
_MSP = re.compile(r"[A-Za-z0-9][A-Za-z0-9.-]{0,62}")
_DIGEST = re.compile(r"[0-9a-f]{64}")


def require_uscc(value: str) -> str:
    """Check a unified social credit code: shape, category, province and both check characters.

    Source: GB 32100-2015 (mod 31) and, inside it, the organisation code of GB 11714-1997 (mod 11).
    """
    what = "social credit code"
    require_uscc_shape(value)
    if organisation_check(value[8:16]) != value[16]:
        raise ContractError(
            f"{what} {value}: the organisation code's check character (GB 11714) is wrong"
        )
    if uscc_check(value[:17]) != value[17]:
        raise ContractError(f"{what} {value}: the check character (GB 32100) is wrong")
    return value


def require_uscc_shape(value: str) -> str:
    """Check a social credit code without its check characters, which are wrong in a few real codes."""
    what = "social credit code"
    require_match(what, _USCC, value, "18 characters of GB 32100 (no I, O, S, V, Z; upper case)")
    if value[1] not in _CATEGORIES[value[0]]:
        raise ContractError(f"{what} {value}: department {value[0]} has no category {value[1]}")
    if value[2:4] not in _PROVINCES:
        raise ContractError(f"{what} {value}: there is no province {value[2:4]}")
    return value


def uscc_check(first: str) -> str:
    """Return the 18th character of a code from its first 17 (GB 32100-2015: weights 3^i mod 31)."""
    pairs = zip(_USCC_WEIGHTS, first, strict=True)
    total = sum(weight * _USCC_ALPHABET.index(symbol) for weight, symbol in pairs)
    return _USCC_ALPHABET[(31 - total % 31) % 31]


def organisation_check(first: str) -> str:
    """Return the 9th character of an organisation code from its first 8 (GB 11714-1997)."""
    pairs = zip(_ORGANISATION_WEIGHTS, first, strict=True)
    remainder = 11 - sum(weight * int(symbol, 36) for weight, symbol in pairs) % 11
    return {10: "X", 11: "0"}.get(remainder, str(remainder))


def require_resource_code(value: str) -> str:
    """Check a resource code: class, item, catalogue, sub-catalogue, slash, sequence (no check digit).

    Source: the national guide to government data directories, 2017. A class's items are bounded:
    five basic ones, eleven themes.
    """
    shape = "class 1-3, item 2, catalogue 3, sub-catalogue 0-6 digits, '/', sequence 1-8 digits"
    require_match("resource code", _RESOURCE, value, shape)
    kind, item = value[0], int(value[1:3])
    if not 1 <= item <= _ITEMS_OF_CLASS[kind]:
        raise ContractError(
            f"resource code {value}: class {kind} ({CLASSES[kind]}) has items "
            f"01 to {_ITEMS_OF_CLASS[kind]:02}, not {value[1:3]}"
        )
    return value


def require_service_item(value: str) -> str:
    """Check a service item's code: the department's 18-character code and 13 digits."""
    what = "service item code"
    if len(value) != 31:
        raise ContractError(f"{what} {value!r} has {len(value)} characters, not 31")
    require_uscc(value[:18])
    require_match(what, _ITEM_DIGITS, value[18:], "13 digits after the social credit code")
    return value


def require_duty_code(value: str) -> str:
    """Check a duty's code of the three-fixed plan, such as `MKTSUP-012`."""
    return require_match("duty code", _DUTY, value, "such as MKTSUP-012")


def require_name(value: str) -> str:
    """Check a field's name: lower-case ASCII letters, digits, underscores."""
    return require_match("field name", _NAME, value, "lower-case letters, digits, underscores")


def require_datum(value: str) -> str:
    """Check a standard data element's name, such as `enterprise.registered_address`."""
    return require_match("datum", _DATUM, value, "such as enterprise.registered_address")


def require_msp_id(value: str) -> str:
    """Check an MSP id, by the rule for names in a channel configuration."""
    return require_match("MSP id", _MSP, value, "letters, digits, dots, hyphens")


def require_digest(value: str) -> str:
    """Check a SHA-256 in lower-case hexadecimal."""
    return require_match("digest", _DIGEST, value, "64 lower-case hexadecimal digits")
