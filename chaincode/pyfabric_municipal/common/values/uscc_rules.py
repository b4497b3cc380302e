"""What makes a unified social credit code (GB 32100-2015), without an error that names it."""

import re

from pyfabric_municipal.common.values.check_characters import organisation_check, uscc_check
from pyfabric_municipal.common.values.divisions import PROVINCES
from pyfabric_municipal.common.values.faults import Fault

SHAPE = re.compile(r"[1-9ANY][1-9][0-9]{6}[0-9A-HJ-NPQRTUWXY]{10}")
_NATIONAL = "10"
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


def is_uscc(value: str) -> bool:
    """Return whether a text is a social credit code, with both check characters right."""
    if SHAPE.fullmatch(value) is None:
        return False
    return body_fault(value) is None and check_fault(value) is None


def body_fault(value: str) -> Fault | None:
    """Return what is wrong in a code of the right shape before its check characters."""
    department, category, province = value[0], value[1], value[2:4]
    if category not in _CATEGORIES[department]:
        return Fault(
            "category",
            f"is wrong: department {department} has no category {category}",
            f"有误：登记管理部门{department}没有机构类别{category}",
        )
    if province != _NATIONAL and province not in PROVINCES:
        return Fault(
            "region",
            f"is wrong: there is no province {province}",
            f"有误：没有省级行政区{province}",
        )
    return None


def check_fault(value: str) -> Fault | None:
    """Return which check character of a code of the right shape is wrong, which a few real codes have.

    They are that of the organisation code inside (GB 11714-1997, mod 11), and that of the whole (mod 31).
    """
    if organisation_check(value[8:16]) != value[16]:
        standard = "GB 11714"
    elif uscc_check(value[:17]) != value[17]:
        standard = "GB 32100"
    else:
        return None
    return Fault(
        "check", f"has a wrong check character ({standard})", f"的校验码（{standard}）不符"
    )
