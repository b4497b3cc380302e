"""What makes a resident ID (GB 11643-1999), without an error that names it."""

import re
from datetime import date

from pyfabric_municipal.common.values.check_characters import resident_check
from pyfabric_municipal.common.values.divisions import is_county
from pyfabric_municipal.common.values.faults import Fault

FIRST_BIRTH, LAST_BIRTH = date(1850, 1, 1), date(2099, 12, 31)
"""Days of birth that an ID can state, wherever there is no day to compare with."""

SHAPE = re.compile(r"[1-9][0-9]{16}[0-9X]")
OLD_SHAPE = re.compile(r"[1-9][0-9]{14}")
# Sequence numbers that IDs of 15 digits kept for people born in the century before.
_CENTENARIANS = frozenset({"996", "997", "998", "999"})


def is_resident_id(value: str) -> bool:
    """Return whether a text is an ID of 18 characters."""
    return SHAPE.fullmatch(value) is not None and resident_fault(value) is None


def is_old_resident_id(value: str) -> bool:
    """Return whether a text is an ID of 15 digits, as they were until 1999: region and day of birth."""
    return OLD_SHAPE.fullmatch(value) is not None and is_resident_id(lengthened(value))


def resident_fault(value: str) -> Fault | None:
    """Return what is wrong in 18 characters of the right shape: region, day of birth or check character."""
    if not is_county(value[:6]):
        return Fault("region", "has a region that there never was", "的地区代码不存在")
    try:
        born = birth_of(value)
    except ValueError:
        born = date.min
    if not FIRST_BIRTH <= born <= LAST_BIRTH:
        return Fault("birth", "has a day of birth that there is not", "的出生日期不存在")
    if resident_check(value[:17]) != value[17]:
        return Fault("check", "has a wrong check character", "的校验码不符")
    return None


def birth_of(value: str) -> date:
    """Return the day of birth in an ID of 18 characters; raises ValueError if there is no such day."""
    return date.fromisoformat(value[6:14])


def lengthened(old: str) -> str:
    """Return the ID of 18 characters of one of 15 digits, which states the year in two."""
    century = "18" if old[12:] in _CENTENARIANS else "19"
    body = f"{old[:6]}{century}{old[6:]}"
    return body + resident_check(body)
