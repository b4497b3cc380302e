"""Region codes (GB/T 2260), valid on a day in Beijing, and by province and shape elsewhere."""

import re
from datetime import date
from typing import Annotated

from pydantic import AfterValidator

from pyfabric.chaincode import ContractError
from pyfabric_municipal.common.values.divisions import (
    BEIJING_PROVINCE,
    PROVINCES,
    REGIONS,
    Region,
    has_shape,
)
from pyfabric_municipal.common.values.kinds import Kind

REGION = Kind("region", "region code", "行政区划代码")
_SHAPE = re.compile(r"[0-9]{6}")


def require_region_shape(code: str) -> str:
    """Check a division anywhere, at any time: Beijing's by list, others by province and shape."""
    REGION.require_match(_SHAPE, code, "6 digits", "6位数字")
    province = code[:2]
    if province == BEIJING_PROVINCE:
        if code not in REGIONS:
            raise _unknown_in_beijing(code)
    elif province not in PROVINCES:
        raise REGION.refusal(
            "province",
            code,
            f"is wrong: there is no province {province}",
            f"有误：没有省级行政区{province}",
        )
    elif not has_shape(code):
        raise REGION.refusal(
            "division", code, "is not a division's code of its province", "不是该省级行政区内的代码"
        )
    return code


def require_region(code: str, on: date) -> str:
    """Check a division anywhere on a day: Beijing's are valid from and until a day."""
    if require_region_shape(code).startswith(BEIJING_PROVINCE):
        require_beijing_region(code, on)
    return code


def require_beijing_region(code: str, on: date) -> Region:
    """Return the division of Beijing of a code; raises ContractError if the code is not valid on that day."""
    region = REGIONS.get(REGION.require_ascii(code))
    if region is None:
        raise _unknown_in_beijing(code)
    if region.retired is not None and on >= region.retired:
        raise REGION.refusal(
            "retired",
            code,
            f"({region.name}) was retired on {region.retired}: use {region.successor}",
            f"（{region.name}）已于{region.retired}撤销：请用{region.successor}",
            retired=region.retired.isoformat(),
            successor=region.successor or "",
        )
    if region.since is not None and on < region.since:
        raise REGION.refusal(
            "not-yet",
            code,
            f"({region.name}) is valid from {region.since}",
            f"（{region.name}）自{region.since}起有效",
            since=region.since.isoformat(),
        )
    return region


def _unknown_in_beijing(code: str) -> ContractError:
    return REGION.refusal(
        "beijing",
        code,
        "is not a division of Beijing (GB/T 2260)",
        "不是北京市的行政区划代码（GB/T 2260）",
    )


RegionCode = Annotated[str, AfterValidator(require_region_shape), REGION.described]
"""The code of an administrative division: `110108`."""
