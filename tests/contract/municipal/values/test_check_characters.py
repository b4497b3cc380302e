"""Check characters find what their standards promise: each wrong character, and the swaps that they name."""

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyfabric_municipal.common.values.check_characters import (
    ALPHANUMERICS,
    DIGITS,
    USCC_ALPHABET,
    gs1_check,
    hybrid_check,
    organisation_check,
    resident_check,
    uscc_check,
)

Codec = tuple[Callable[[str], str], str, int]


def mod_11_10(first: str) -> str:
    return hybrid_check(first, DIGITS)


def mod_37_36(first: str) -> str:
    return hybrid_check(first, ALPHANUMERICS)


# How the character is computed, of which symbols, and of how many.
CODECS: dict[str, Codec] = {
    "GB 32100": (uscc_check, USCC_ALPHABET, 17),
    # Modulus 11 over 36 symbols: a letter and a digit that differ by 11 are alike to it.
    "GB 11714, digits": (organisation_check, DIGITS, 8),
    "GB 11643": (resident_check, DIGITS, 17),
    "GS1": (gs1_check, DIGITS, 17),
    "MOD 11,10": (mod_11_10, DIGITS, 13),
    "MOD 37,36": (mod_37_36, ALPHANUMERICS, 45),
}
# The modulus 10 of GS1 and the hybrid systems do not find all swaps of neighbours.
FIND_SWAPS = ["GB 32100", "GB 11714, digits", "GB 11643"]


@pytest.mark.parametrize("standard", CODECS)
@given(data=st.data())
def test_every_single_wrong_character_is_found(standard: str, data: st.DataObject) -> None:
    check, alphabet, length = CODECS[standard]
    first = data.draw(st.text(alphabet, min_size=length, max_size=length))
    place = data.draw(st.integers(0, length - 1))
    for other in alphabet:
        wrong = first[:place] + other + first[place + 1 :]
        assert (check(wrong) == check(first)) == (wrong == first)


@pytest.mark.parametrize("standard", FIND_SWAPS)
@given(data=st.data())
def test_every_swap_of_neighbours_is_found(standard: str, data: st.DataObject) -> None:
    check, alphabet, length = CODECS[standard]
    first = data.draw(st.text(alphabet, min_size=length, max_size=length))
    place = data.draw(st.integers(0, length - 2))
    swapped = first[:place] + first[place + 1] + first[place] + first[place + 2 :]
    assert (check(swapped) == check(first)) == (swapped == first)


def test_the_hybrid_systems_give_the_standards_own_examples() -> None:
    """ISO 7064 has 0794 with check 5 for MOD 11,10, and A12425GABC1234002 with M for MOD 37,36."""
    assert mod_11_10("0794") == "5"
    assert mod_37_36("A12425GABC1234002") == "M"
