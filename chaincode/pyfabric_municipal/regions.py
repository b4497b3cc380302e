"""Administrative divisions of Beijing (GB/T 2260), and the days on which their codes are valid."""

from dataclasses import dataclass
from datetime import date

from pyfabric.chaincode import ContractError
from pyfabric_municipal.text import require_ascii


@dataclass(frozen=True, slots=True)
class Region:
    """One division, valid from `since` (None: always) until the day before `retired`."""

    code: str
    name: str
    since: date | None = None
    retired: date | None = None
    successor: str | None = None


_MERGED_2010 = date(2010, 7, 1)
_DISTRICTS_2015 = date(2015, 11, 1)

REGIONS = {
    region.code: region
    for region in (
        Region("110000", "北京市"),
        Region("110101", "东城区"),
        Region("110102", "西城区"),
        Region("110103", "崇文区", retired=_MERGED_2010, successor="110101"),
        Region("110104", "宣武区", retired=_MERGED_2010, successor="110102"),
        Region("110105", "朝阳区"),
        Region("110106", "丰台区"),
        Region("110107", "石景山区"),
        Region("110108", "海淀区"),
        Region("110109", "门头沟区"),
        Region("110111", "房山区"),
        Region("110112", "通州区"),
        Region("110113", "顺义区"),
        Region("110114", "昌平区"),
        Region("110115", "大兴区"),
        Region("110116", "怀柔区"),
        Region("110117", "平谷区"),
        Region("110118", "密云区", since=_DISTRICTS_2015),
        Region("110119", "延庆区", since=_DISTRICTS_2015),
        Region("110228", "密云县", retired=_DISTRICTS_2015, successor="110118"),
        Region("110229", "延庆县", retired=_DISTRICTS_2015, successor="110119"),
    )
}


def require_region(code: str, on: date) -> Region:
    """Return the division of a code; raises ContractError if the code is not valid on that day."""
    region = REGIONS.get(require_ascii("region code", code))
    if region is None:
        raise ContractError(f"region code {code!r} is not a division of Beijing (GB/T 2260)")
    if region.retired is not None and on >= region.retired:
        raise ContractError(
            f"region code {code} ({region.name}) was retired on {region.retired}: "
            f"use {region.successor}"
        )
    if region.since is not None and on < region.since:
        raise ContractError(f"region code {code} ({region.name}) is valid from {region.since}")
    return region
