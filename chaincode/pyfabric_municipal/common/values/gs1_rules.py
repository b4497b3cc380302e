"""Which application identifiers of GS1 have a key with a check digit, and how long the key is."""

from pyfabric_municipal.common.values.check_characters import gs1_check

GTIN_DIGITS, GLN_DIGITS, SSCC_DIGITS, GSRN_DIGITS, GDTI_DIGITS, GRAI_DIGITS = 14, 13, 18, 18, 13, 14

KEY_DIGITS = {
    "00": SSCC_DIGITS,
    "01": GTIN_DIGITS,
    "02": GTIN_DIGITS,
    "253": GDTI_DIGITS,
    **{f"41{kind}": GLN_DIGITS for kind in range(8)},
    "8003": GRAI_DIGITS,
    "8017": GSRN_DIGITS,
    "8018": GSRN_DIGITS,
}
"""The number of digits of the key at the beginning of an application identifier's value, with its check digit."""


def has_gs1_check(digits: str) -> bool:
    """Return whether the last digit of a key is its check digit."""
    return gs1_check(digits[:-1]) == digits[-1]
