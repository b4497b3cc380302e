"""Check characters of the standards, each computed from the characters before it.

MOD 11-2 of ISO 7064 and the modulus 11 of GB 11714 have `X` for ten; MOD 11,10 and MOD 37,36 are hybrid systems.
All of them find every single wrong character, but two find only every wrong digit: GS1, whose keys have no
others, and GB 11714, which takes letters that differ by 11 for the same. MOD 31 of GB 32100 is over that.
"""

DIGITS = "0123456789"
ALPHANUMERICS = DIGITS + "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
USCC_ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"

_USCC_WEIGHTS = tuple(pow(3, place, 31) for place in range(17))
_ORGANISATION_WEIGHTS = (3, 7, 9, 10, 5, 8, 4, 2)
_RESIDENT_WEIGHTS = tuple(pow(2, 17 - place, 11) for place in range(17))


def uscc_check(first: str) -> str:
    """Return the 18th character of a social credit code from its first 17 (GB 32100-2015, MOD 31)."""
    pairs = zip(_USCC_WEIGHTS, first, strict=True)
    total = sum(weight * USCC_ALPHABET.index(symbol) for weight, symbol in pairs)
    return USCC_ALPHABET[-total % 31]


def organisation_check(first: str) -> str:
    """Return the 9th character of an organisation code from its first 8 (GB 11714-1997)."""
    pairs = zip(_ORGANISATION_WEIGHTS, first, strict=True)
    return "0123456789X"[-sum(weight * int(symbol, 36) for weight, symbol in pairs) % 11]


def resident_check(first: str) -> str:
    """Return the 18th character of a resident ID from its first 17 (GB 11643-1999, ISO 7064 MOD 11-2)."""
    pairs = zip(_RESIDENT_WEIGHTS, first, strict=True)
    return "10X98765432"[sum(weight * int(digit) for weight, digit in pairs) % 11]


def gs1_check(first: str) -> str:
    """Return the last digit of a GS1 key from the digits before it: weights 3, 1, 3 … from the right."""
    total = sum(int(digit) * (1 + 2 * (place % 2 == 0)) for place, digit in enumerate(first[::-1]))
    return str(-total % 10)


def hybrid_check(first: str, alphabet: str) -> str:
    """Return the check character of ISO 7064 MOD M+1,M, where M is the number of `alphabet`'s symbols."""
    modulus = len(alphabet)
    product = modulus
    for symbol in first:
        total = (product + alphabet.index(symbol)) % modulus or modulus
        product = total * 2 % (modulus + 1)
    return alphabet[(1 - product) % modulus]
