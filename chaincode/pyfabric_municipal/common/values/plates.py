"""Number plates of vehicles in mainland China (GA 36), each with one spelling."""

import re
from typing import Annotated

from pydantic import AfterValidator

from pyfabric_municipal.common.values.characters import unspaced
from pyfabric_municipal.common.values.kinds import Kind

PLATE = Kind("plate", "number plate", "车牌号")
_PROVINCES = "京津冀晋蒙辽吉黑沪苏浙皖闽赣鲁豫鄂湘粤桂琼渝川贵云藏陕甘青宁新"
# There is no I or O after the province: they look like 1 and 0.
_ORDINARY = r"[A-HJ-NP-Z0-9]{4}[A-HJ-NP-Z0-9挂学警港澳]"
# New energy: a letter A to K (not I) first on small vehicles, last on large ones.
_NEW_ENERGY = r"(?:[A-HJK][A-HJ-NP-Z0-9][0-9]{4}|[0-9]{5}[A-HJK])"
_PLATE = re.compile(rf"[{_PROVINCES}][A-HJ-NP-Z](?:{_ORDINARY}|{_NEW_ENERGY})")
_DOT = re.compile("[·・•.]")


def normalise_plate(value: str) -> str:
    """Return the one spelling of a plate, `京A12345`: without the dot, spaces and small letters.

    The letters I and O are refused, not taken for the digits that they look like.
    """
    text = _DOT.sub("", unspaced(value))
    if _PLATE.fullmatch(text) is None:
        raise PLATE.refusal(
            "shape",
            value,
            "is not of the form 京A12345 or, for new energy, 京AD12345 (no I, no O)",
            "不是“京A12345”或新能源“京AD12345”的形式（不含I、O）",
        )
    return text


Plate = Annotated[str, AfterValidator(normalise_plate), PLATE.described]
"""A number plate: `京A12345`."""
