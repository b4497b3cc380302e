"""Numbers with a unit, as integers of a small one: money in fen, mass in grams, areas in 0.01 m².

Peers must agree on every digit, so there are no floats, and readers of JSON keep integers up to 2^53 - 1 only.
What people write (`1.50` yuan, `0.8` t, `3` mu) is text with its unit, and becomes one integer or is refused.
"""

import re
from enum import Enum
from typing import Annotated

from pydantic import AfterValidator, Field, Strict

from pyfabric.messages.languages import in_both
from pyfabric_municipal.common.values.json_text import MAX_INTEGER
from pyfabric_municipal.common.values.kinds import Kind

DECIMAL = Kind("decimal", "decimal number", "十进制数")
_DECIMAL = re.compile(r"(0|[1-9][0-9]{0,14})(?:\.([0-9]{1,12}))?")


class MoneyUnit(Enum):
    """Units in which money is written, each with its decimal places down to the fen."""

    YUAN = 2
    TEN_THOUSAND_YUAN = 6


class MassUnit(Enum):
    """Units in which mass is written, each with its decimal places down to the gram."""

    GRAM = 0
    KILOGRAM = 3
    TONNE = 6


class AreaUnit(Enum):
    """Metric units in which areas are written, each with its decimal places down to 0.01 m²."""

    SQUARE_METRE = 2
    HECTARE = 6


def fen(value: str, unit: MoneyUnit) -> int:
    """Return an amount in fen: `1.5` yuan are 150. Raises ContractError for a part of a fen."""
    return scaled(value, unit.value)


def grams(value: str, unit: MassUnit) -> int:
    """Return a mass in grams: `0.8` t are 800,000. Raises ContractError for a part of a gram."""
    return scaled(value, unit.value)


def area(value: str, unit: AreaUnit) -> int:
    """Return an area in 0.01 m²: `86.4` m² are 8,640. Raises ContractError for a smaller part."""
    return scaled(value, unit.value)


def area_of_mu(value: str) -> int:
    """Return an area in 0.01 m² of one in mu (亩), of which 3 are 2,000 m²; half a unit is rounded up."""
    whole, fraction = _parts(value)
    numerator = int(whole + fraction) * 200_000
    denominator = 3 * 10 ** len(fraction)
    return _in_range(value, (2 * numerator + denominator) // (2 * denominator))


def scaled(value: str, places: int) -> int:
    """Return a decimal number in units of 10^-places, exactly: `1.5` and `1.50` with 2 places are 150."""
    whole, fraction = _parts(value)
    if len(fraction) > places:
        raise DECIMAL.refusal(
            "places",
            value,
            f"has more than {places} decimal places",
            f"的小数超过{places}位",
            places=places,
        )
    return _in_range(value, int(whole + fraction.ljust(places, "0")))


def decimal_text(number: int, places: int) -> str:
    """Return the one spelling of `number` units of 10^-places: 150 with 2 places are `1.5`."""
    sign = "-" if number < 0 else ""
    digits = str(abs(number)).rjust(places + 1, "0")
    whole, fraction = digits[: len(digits) - places], digits[len(digits) - places :].rstrip("0")
    return f"{sign}{whole}.{fraction}" if fraction else sign + whole


def normalise_decimal(value: str) -> str:
    """Return the one spelling of a decimal number, without zeros at its end: `1.50` is `1.5`."""
    whole, fraction = _parts(value)
    return f"{whole}.{fraction}" if fraction else whole


def _parts(value: str) -> tuple[str, str]:
    """Return the digits before the point, and those after it without zeros at the end."""
    match = DECIMAL.require_match(
        _DECIMAL,
        value,
        "a decimal number such as 1.5: up to 15 digits, and up to 12 after the point",
        "如1.5的数：整数至多15位，小数至多12位",
    )
    return match[1], (match[2] or "").rstrip("0")


def _in_range(value: str, number: int) -> int:
    if number > MAX_INTEGER:
        raise DECIMAL.refusal("range", value, "is too large", "过大")
    return number


Count = Annotated[int, Strict(), Field(ge=0, le=MAX_INTEGER)]
"""An integer from 0 to 2^53 - 1."""

Positive = Annotated[int, Strict(), Field(ge=1, le=MAX_INTEGER)]
"""An integer from 1 to 2^53 - 1."""

Flag = Annotated[bool, Strict()]
"""True or false, and nothing that is like them."""

Fen = Annotated[Count, Field(description=in_both("An amount in fen.", "金额（分）"))]
"""An amount of money in fen."""

PositiveFen = Annotated[
    Positive, Field(description=in_both("An amount in fen, at least one.", "金额（分），至少一分"))
]
"""An amount of money in fen, at least one."""

FenChange = Annotated[
    int,
    Strict(),
    Field(
        ge=-MAX_INTEGER,
        le=MAX_INTEGER,
        description=in_both(
            "A change of an amount in fen, which may be negative.", "金额变动（分），可为负"
        ),
    ),
]
"""A change of an amount in fen, which may be negative."""

Grams = Annotated[Count, Field(description=in_both("A mass in grams.", "质量（克）"))]
"""A mass in grams."""

PositiveGrams = Annotated[
    Positive, Field(description=in_both("A mass in grams, at least one.", "质量（克），至少一克"))
]
"""A mass in grams, at least one."""

Area = Annotated[Count, Field(description=in_both("An area in 0.01 m².", "面积（0.01 平方米）"))]
"""An area in 0.01 m²."""


PositiveArea = Annotated[
    Positive,
    Field(
        description=in_both("An area in 0.01 m², at least one.", "面积（0.01 平方米），至少为一")
    ),
]
"""An area in 0.01 m², at least one."""

Decimal = Annotated[str, AfterValidator(normalise_decimal), DECIMAL.described]
"""A decimal number as text, without zeros at its end: `1.5`."""
