"""Names of what a contract deals with: fields and data elements, duties, members, digests."""

import re
from typing import Annotated

from pydantic import AfterValidator

from pyfabric_municipal.common.values.kinds import Kind

DUTY = Kind("duty", "duty code", "职责代码")
NAME = Kind("field-name", "field name", "数据项名")
DATUM = Kind("datum", "datum", "数据元")
MSP = Kind("msp-id", "MSP id", "MSP标识")
DIGEST = Kind("digest", "digest", "摘要")
_DUTY = re.compile(r"[A-Z]{2,12}-[0-9]{3,6}")
_NAME = re.compile(r"[a-z][a-z0-9_]{0,62}")
_DATUM = re.compile(r"[a-z][a-z0-9_]{0,40}(\.[a-z][a-z0-9_]{0,40}){1,3}")
_MSP = re.compile(r"[A-Za-z0-9][A-Za-z0-9.-]{0,62}")
_DIGEST = re.compile(r"[0-9a-f]{64}")


def require_duty_code(value: str) -> str:
    """Check a duty's code of the three-fixed plan, such as `MKTSUP-012`."""
    return DUTY.require_match(_DUTY, value, "such as MKTSUP-012", "如MKTSUP-012").string


def require_name(value: str) -> str:
    """Check a field's name: lower-case ASCII letters, digits, underscores."""
    shape, zh = "lower-case letters, digits, underscores", "小写字母、数字、下划线"
    return NAME.require_match(_NAME, value, shape, zh).string


def require_datum(value: str) -> str:
    """Check a standard data element's name, such as `enterprise.registered_address`."""
    example = "enterprise.registered_address"
    return DATUM.require_match(_DATUM, value, f"such as {example}", f"如{example}").string


def require_msp_id(value: str) -> str:
    """Check an MSP id, by the rule for names in a channel configuration."""
    return MSP.require_match(
        _MSP, value, "letters, digits, dots, hyphens", "字母、数字、点、连字符"
    ).string


def require_digest(value: str) -> str:
    """Check a SHA-256 in lower-case hexadecimal."""
    return DIGEST.require_match(
        _DIGEST, value, "64 lower-case hexadecimal digits", "64位小写十六进制数字"
    ).string


DutyCode = Annotated[str, AfterValidator(require_duty_code), DUTY.described]
"""The code of a duty: `MKTSUP-012`."""

FieldName = Annotated[str, AfterValidator(require_name), NAME.described]
"""The name of a field: `capital_fen`."""

Datum = Annotated[str, AfterValidator(require_datum), DATUM.described]
"""The name of a standard data element: `enterprise.registered_address`."""

MspId = Annotated[str, AfterValidator(require_msp_id), MSP.described]
"""An MSP id."""

Digest = Annotated[str, AfterValidator(require_digest), DIGEST.described]
"""A SHA-256 in hexadecimal."""
