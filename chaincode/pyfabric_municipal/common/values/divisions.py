"""Administrative divisions (GB/T 2260): Beijing's by list with the days on which codes are valid, others by shape.

The list has the codes that resident IDs and old registrations keep. Days before 2010 are from general
knowledge, to be compared with the standard's text.
"""

import re
from dataclasses import dataclass
from datetime import date

PROVINCES = frozenset(
    [
        "11",
        "12",
        "13",
        "14",
        "15",
        "21",
        "22",
        "23",
        "31",
        "32",
        "33",
        "34",
        "35",
        "36",
        "37",
        "41",
        "42",
        "43",
        "44",
        "45",
        "46",
        "50",
        "51",
        "52",
        "53",
        "54",
        "61",
        "62",
        "63",
        "64",
        "65",
        "71",
        "81",
        "82",
    ]
)
"""The first two digits of every division. Hong Kong, Macao and Taiwan have no divisions below."""

BEIJING_PROVINCE = "11"
_MUNICIPALITIES = frozenset({"12", "31", "50"})
_UNDIVIDED = frozenset({"71", "81", "82"})
# Residence permits of Taiwan residents count as IDs of a region that is no division.
_TAIWAN_PERMIT = "830000"
# Prefectures and cities, then counties that a province administers itself.
_PREFECTURE = re.compile(r"0[1-9]|[1-6][0-9]|70|90")
_MUNICIPAL = re.compile(r"0[1-3]")


@dataclass(frozen=True, slots=True)
class Region:
    """A division of Beijing, valid from `since` (None: always) until the day before `retired`."""

    code: str
    name: str
    since: date | None = None
    retired: date | None = None
    successor: str | None = None


_FANGSHAN_1986 = date(1986, 11, 11)
_TONGZHOU_1997 = date(1997, 4, 29)
_SHUNYI_1998 = date(1998, 3, 3)
_CHANGPING_1999 = date(1999, 9, 16)
_DAXING_2001 = date(2001, 1, 9)
_DISTRICTS_2001 = date(2001, 12, 30)
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
        Region("110110", "燕山区", retired=_FANGSHAN_1986, successor="110111"),
        Region("110111", "房山区", since=_FANGSHAN_1986),
        Region("110112", "通州区", since=_TONGZHOU_1997),
        Region("110113", "顺义区", since=_SHUNYI_1998),
        Region("110114", "昌平区", since=_CHANGPING_1999),
        Region("110115", "大兴区", since=_DAXING_2001),
        Region("110116", "怀柔区", since=_DISTRICTS_2001),
        Region("110117", "平谷区", since=_DISTRICTS_2001),
        Region("110118", "密云区", since=_DISTRICTS_2015),
        Region("110119", "延庆区", since=_DISTRICTS_2015),
        Region("110221", "昌平县", retired=_CHANGPING_1999, successor="110114"),
        Region("110222", "顺义县", retired=_SHUNYI_1998, successor="110113"),
        Region("110223", "通县", retired=_TONGZHOU_1997, successor="110112"),
        Region("110224", "大兴县", retired=_DAXING_2001, successor="110115"),
        Region("110225", "房山县", retired=_FANGSHAN_1986, successor="110111"),
        Region("110226", "平谷县", retired=_DISTRICTS_2001, successor="110117"),
        Region("110227", "怀柔县", retired=_DISTRICTS_2001, successor="110116"),
        Region("110228", "密云县", retired=_DISTRICTS_2015, successor="110118"),
        Region("110229", "延庆县", retired=_DISTRICTS_2015, successor="110119"),
    )
}


def is_county(code: str) -> bool:
    """Return whether six digits are, or once were, a county's or district's code, as resident IDs have it."""
    if code[:2] == BEIJING_PROVINCE:
        return code in REGIONS and code[2:] != "0000"
    if code[:2] in _UNDIVIDED or code == _TAIWAN_PERMIT:
        return code[2:] == "0000"
    return code[:2] in PROVINCES and has_shape(code) and code[4:] != "00"


def has_shape(code: str) -> bool:
    """Return whether the last four digits can be a division's of the province, outside Beijing."""
    if code[2:] == "0000":
        return True
    if code[:2] in _UNDIVIDED:
        return False
    shape = _MUNICIPAL if code[:2] in _MUNICIPALITIES else _PREFECTURE
    return shape.fullmatch(code[2:4]) is not None
