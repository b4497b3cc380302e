"""Resident IDs (GB 11643-1999), which are personal data: never in public state, not even hashed."""

from datetime import date
from typing import Annotated

from pydantic import AfterValidator

from pyfabric_municipal.common.values.characters import unspaced
from pyfabric_municipal.common.values.kinds import Kind
from pyfabric_municipal.common.values.resident_rules import (
    OLD_SHAPE,
    SHAPE,
    birth_of,
    lengthened,
    resident_fault,
)

RESIDENT_ID = Kind("resident-id", "resident ID", "公民身份号码", secret=True)


def require_resident_id(value: str, on: date | None = None) -> str:
    """Check a resident ID: shape, region, day of birth, check character; not born after the day `on`.

    Permits of Hong Kong, Macao and Taiwan residents (81, 82, 83 and 0000) are such IDs, and so are those
    of regions that were retired since. Source: GB 11643-1999, check character by ISO 7064 MOD 11-2.
    """
    RESIDENT_ID.require_match(
        SHAPE,
        value,
        "18 characters: 17 digits and a digit or X (normalise older forms first)",
        "18位：17位数字加一位数字或大写X（旧写法须先规范化）",
    )
    RESIDENT_ID.refuse(resident_fault(value), value)
    if on is not None and birth_of(value) > on:
        raise RESIDENT_ID.refusal(
            "future", value, f"has a birth after {on}", f"的出生日期晚于{on}", on=on.isoformat()
        )
    return value


def normalise_resident_id(value: str) -> str:
    """Return the one spelling of a resident ID, of any spelling: the 18 characters.

    Spaces, dashes, full-width digits, a small x and the 15 digits of before 1999 all name the same person.
    """
    text = unspaced(value).replace("-", "")
    return require_resident_id(lengthened(text) if OLD_SHAPE.fullmatch(text) else text)


ResidentId = Annotated[str, AfterValidator(require_resident_id), RESIDENT_ID.described]
"""A resident ID, 18 characters: for private data only."""
