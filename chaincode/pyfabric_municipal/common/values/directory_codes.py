"""Codes of the directory of government data and of service items."""

import re
from typing import Annotated

from pydantic import AfterValidator

from pyfabric_municipal.common.values.kinds import Kind
from pyfabric_municipal.common.values.uscc import require_uscc

RESOURCE = Kind("resource-code", "resource code", "信息资源代码")
SERVICE_ITEM = Kind("service-item", "service item code", "政务服务事项实施编码")
CLASSES = {"1": "basic", "2": "theme", "3": "department"}
_ITEMS_OF_CLASS = {"1": 5, "2": 12, "3": 99}
_RESOURCE = re.compile(r"([123])([0-9]{2})([0-9]{3}[0-9]{0,6})/([0-9]{1,8})")
_USCC_LENGTH = 18
_ITEM_DIGITS = re.compile(r"[0-9A-Z]{18}[0-9]{13}")


def normalise_resource_code(value: str) -> str:
    """Return the one spelling of a resource code: its sequence has six digits, or more where it is longer.

    The parts are class, item, catalogue, sub-catalogue, slash, sequence, without a check digit: 102001/1 and
    102001/01 are the code 102001/000001. Source: the national guide to government data directories, 2017.
    A class's items are bounded: five basic ones, twelve themes.
    """
    match = RESOURCE.require_match(
        _RESOURCE,
        value,
        "class 1-3, item 2, catalogue 3, sub-catalogue 0-6 digits, '/', sequence 1-8 digits",
        "类1位（1-3）、项2位、目3位、细目0至6位数字、“/”、流水号1至8位数字",
    )
    kind, item, rest, sequence = match.groups()
    most = _ITEMS_OF_CLASS[kind]
    if not 1 <= int(item) <= most:
        raise RESOURCE.refusal(
            "item",
            value,
            f"is wrong: class {kind} ({CLASSES[kind]}) has items 01 to {most:02}, not {item}",
            f"有误：第{kind}类的项为01至{most:02}，没有{item}",
        )
    return f"{kind}{item}{rest}/{int(sequence):06}"


def require_service_item(value: str) -> str:
    """Check a service item's code: the department's social credit code and 13 digits."""
    SERVICE_ITEM.require_match(
        _ITEM_DIGITS,
        value,
        "31 characters: a social credit code and 13 digits",
        "31位：统一社会信用代码加13位数字",
    )
    require_uscc(value[:_USCC_LENGTH])
    return value


ResourceCode = Annotated[str, AfterValidator(normalise_resource_code), RESOURCE.described]
"""The code of a data resource: `102001/000001`."""

ServiceItem = Annotated[str, AfterValidator(require_service_item), SERVICE_ITEM.described]
"""The code of a service item, 31 characters."""
