"""Licence numbers of food producers (SC)."""

import re
from typing import Annotated

from pydantic import AfterValidator

from pyfabric_municipal.common.values.check_characters import DIGITS, hybrid_check
from pyfabric_municipal.common.values.divisions import PROVINCES
from pyfabric_municipal.common.values.kinds import Kind

LICENCE = Kind("food-licence", "food producer's licence number", "食品生产许可证编号")
_LICENCE = re.compile(r"SC[12][0-9]{2}([0-9]{2})[0-9]{4}[0-9]{4}[0-9]")
_BODY = slice(2, -1)


def require_food_licence(value: str) -> str:
    """Check a licence: SC, class 3 (1xx food, 2xx additives), region 2 + 2 + 2, serial 4, check digit.

    The check digit is ISO 7064 MOD 11,10, from general knowledge, to be compared with the Measures' text.
    """
    match = LICENCE.require_match(
        _LICENCE,
        value,
        "SC and 14 digits: class 3 (1xx or 2xx), region 6, serial 4, check 1",
        "SC加14位数字：类别3位（1xx或2xx）、地区6位、顺序号4位、校验码1位",
    )
    if match[1] not in PROVINCES:
        raise LICENCE.refusal(
            "province",
            value,
            f"is wrong: there is no province {match[1]}",
            f"有误：没有省级行政区{match[1]}",
        )
    if hybrid_check(value[_BODY], DIGITS) != value[-1]:
        raise LICENCE.refusal("check", value, "has a wrong check digit", "的校验码不符")
    return value


FoodLicence = Annotated[str, AfterValidator(require_food_licence), LICENCE.described]
"""The number of a food producer's licence: `SC` and 14 digits."""
