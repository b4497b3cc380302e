"""Class codes of emergency supplies (GB/T 38565-2020)."""

import re
from typing import Annotated

from pydantic import AfterValidator

from pyfabric_municipal.common.values.kinds import Kind

SUPPLY = Kind("supply-class", "emergency supply code", "应急物资分类代码")
_SUPPLY = re.compile(r"[1-3][0-9]{6}")


def require_supply_class(value: str) -> str:
    """Check a class code: layers of 1, 2, 2 and 2 digits, the first 1 to 3; 99 stands for others of a layer."""
    return SUPPLY.require_match(
        _SUPPLY,
        value,
        "7 digits in layers of 1, 2, 2 and 2, the first 1 to 3",
        "7位数字（1、2、2、2四层），首位1至3",
    ).string


SupplyClass = Annotated[str, AfterValidator(require_supply_class), SUPPLY.described]
"""The class of an emergency supply, 7 digits."""
