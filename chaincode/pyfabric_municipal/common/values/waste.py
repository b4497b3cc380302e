"""Identifiers of hazardous waste: codes of the national list, and numbers of transfer manifests.

Which codes the list has depends on the day: a contract looks them up in the code list in force.
"""

import re
from datetime import date
from typing import Annotated

from pydantic import AfterValidator

from pyfabric_municipal.common.values.divisions import PROVINCES
from pyfabric_municipal.common.values.faults import Fault
from pyfabric_municipal.common.values.kinds import Kind

WASTE = Kind("waste-code", "waste code", "危险废物代码")
MANIFEST = Kind("manifest", "manifest number", "转移联单编号")
_WASTE = re.compile(r"[0-9]{3}-[0-9]{3}-([0-9]{2})")
# HW01 to HW50; the lists since 2016 do not have HW41 to HW44.
_CATEGORIES = frozenset(f"{number:02}" for number in range(1, 51) if not 41 <= number <= 44)
_MANIFEST = re.compile(r"([0-9]{4})([0-9]{2})[0-9]{2}([0-9]{6})")


def require_waste_code(value: str) -> str:
    """Check a waste code: industry 3, serial 3, category 2 digits, such as `900-214-08`."""
    match = WASTE.require_match(
        _WASTE,
        value,
        "industry 3, serial 3, category 2 digits such as 900-214-08",
        "行业3位、序号3位、类别2位，如900-214-08",
    )
    if match[1] not in _CATEGORIES:
        raise WASTE.refusal(
            "category",
            value,
            f"is wrong: there is no category HW{match[1]}",
            f"有误：没有类别HW{match[1]}",
        )
    return value


def waste_category(code: str) -> str:
    """Return the category of a waste code, such as HW08."""
    return f"HW{code[-2:]}"


def require_manifest_number(value: str, on: date | None = None) -> str:
    """Check a manifest's number: year 4, province 2, city 2, serial 6 digits; not of a year after the day `on`.

    From general knowledge of the national system, to be compared with the Measures' text.
    """
    match = MANIFEST.require_match(
        _MANIFEST,
        value,
        "14 digits: year 4, province 2, city 2, serial 6",
        "14位数字：年4、省2、市2、顺序号6",
    )
    MANIFEST.refuse(_manifest_fault(match), value)
    if on is not None and int(match[1]) > on.year:
        raise MANIFEST.refusal(
            "future", value, f"is of a year after {on.year}", f"的年份晚于{on.year}年", year=on.year
        )
    return value


def _manifest_fault(match: re.Match[str]) -> Fault | None:
    _, province, serial = match.groups()
    if province not in PROVINCES:
        return Fault(
            "province",
            f"is wrong: there is no province {province}",
            f"有误：没有省级行政区{province}",
        )
    if not int(serial):
        return Fault("serial", "is wrong: serial numbers begin at 1", "有误：顺序号从1起")
    return None


WasteCode = Annotated[str, AfterValidator(require_waste_code), WASTE.described]
"""The code of hazardous waste: `900-214-08`."""

ManifestNumber = Annotated[str, AfterValidator(require_manifest_number), MANIFEST.described]
"""The number of a waste transfer manifest, 14 digits."""
