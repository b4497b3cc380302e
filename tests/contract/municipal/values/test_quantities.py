"""Numbers with units: exact, one spelling, never a float."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError
from pyfabric_municipal.common.values import MAX_INTEGER, Fen, FenChange, PositiveGrams
from pyfabric_municipal.common.values.quantities import (
    AreaUnit,
    MassUnit,
    MoneyUnit,
    area,
    area_of_mu,
    decimal_text,
    fen,
    grams,
    normalise_decimal,
    scaled,
)

from pyfabric.chaincode import ContractError


def test_units() -> None:
    assert fen("1.5", MoneyUnit.YUAN) == fen("1.50", MoneyUnit.YUAN) == 150
    assert fen("1.5", MoneyUnit.TEN_THOUSAND_YUAN) == 1_500_000
    assert grams("0.8", MassUnit.TONNE) == grams("800", MassUnit.KILOGRAM) == 800_000
    assert grams("7", MassUnit.GRAM) == 7
    assert area("86.4", AreaUnit.SQUARE_METRE) == 8_640
    assert area("1", AreaUnit.HECTARE) == 1_000_000


def test_an_area_in_mu() -> None:
    assert area_of_mu("3") == 200_000
    assert area_of_mu("1") == 66_667
    assert area_of_mu("0.00015") == 10
    assert area_of_mu("0.0000075") == 1


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("1.505", "places"),
        ("", "shape"),
        (".5", "shape"),
        ("1.", "shape"),
        ("01", "shape"),
        ("-1", "shape"),
        ("1e3", "shape"),
        ("1,000", "shape"),
        ("1.5\n", "ascii"),
        ("１.5", "ascii"),
        ("1" * 16, "shape"),
        ("9" * 15, "range"),
    ],
)
def test_amounts_that_are_refused(text: str, code: str) -> None:
    with pytest.raises(ContractError) as refused:
        fen(text, MoneyUnit.YUAN)
    assert refused.value.code == f"value.decimal-{code}"


@given(st.integers(0, MAX_INTEGER), st.integers(0, 12))
def test_a_number_comes_back_from_its_one_spelling(number: int, places: int) -> None:
    text = decimal_text(number, places)
    if len(text.partition(".")[0]) <= 15:
        assert scaled(text, places) == number
        assert normalise_decimal(text) == text


def test_a_negative_number_keeps_its_sign() -> None:
    assert decimal_text(-150, 2) == "-1.5"
    assert decimal_text(-5, 2) == "-0.05"


@given(st.integers(0, 10**9), st.text("0123456789", max_size=6), st.integers(0, 3))
def test_zeros_at_the_end_do_not_make_another_value(whole: int, places: str, zeros: int) -> None:
    text = f"{whole}.{places}" if places else str(whole)
    longer = text + "0" * zeros if places else text
    assert normalise_decimal(longer) == normalise_decimal(text)
    assert normalise_decimal(normalise_decimal(text)) == normalise_decimal(text)
    assert Fraction(normalise_decimal(longer)) == Fraction(text)


@given(st.integers(0, 10**6), st.text("0123456789", max_size=6))
def test_mu_are_rounded_to_the_nearest(whole: int, places: str) -> None:
    text = f"{whole}.{places}" if places else str(whole)
    exact = Fraction(text) * Fraction(200_000, 3)
    assert abs(area_of_mu(text) - exact) <= Fraction(1, 2)


@pytest.mark.parametrize("value", [1.5, "1", True, -1, MAX_INTEGER + 1, None])
def test_only_integers_in_range_are_money(value: object) -> None:
    with pytest.raises(ValidationError):
        TypeAdapter(Fen).validate_python(value)


def test_a_change_may_be_negative_and_a_mass_not_nothing() -> None:
    assert TypeAdapter(FenChange).validate_python(-1) == -1
    with pytest.raises(ValidationError):
        TypeAdapter(PositiveGrams).validate_python(0)
