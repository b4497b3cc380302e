"""Unified social credit codes (GB 32100-2015), which name organisations for ever.

Nothing is normalised: codes are keys, so only the canonical spelling is accepted.
"""

from collections.abc import Iterable
from typing import Annotated

from pydantic import AfterValidator, field_validator

from pyfabric_municipal.common.values.kinds import Kind
from pyfabric_municipal.common.values.models import Model
from pyfabric_municipal.common.values.text import Text
from pyfabric_municipal.common.values.uscc_rules import SHAPE, body_fault, check_fault

USCC = Kind("uscc", "social credit code", "统一社会信用代码")


def require_uscc_shape(value: str) -> str:
    """Check a social credit code without its check characters, which are wrong in a few real codes."""
    USCC.require_match(
        SHAPE,
        value,
        "18 characters of GB 32100 (no I, O, S, V, Z; upper case)",
        "GB 32100规定的18位（不含I、O、S、V、Z，字母大写）",
    )
    USCC.refuse(body_fault(value), value)
    return value


def require_uscc(value: str, exceptions: "Iterable[UsccException]" = ()) -> str:
    """Check a social credit code: shape, category, province and both check characters.

    A code that the registrar admitted, one of `exceptions`, may have wrong check characters.
    """
    require_uscc_shape(value)
    if not any(value == exception.uscc for exception in exceptions):
        USCC.refuse(check_fault(value), value)
    return value


Uscc = Annotated[str, AfterValidator(require_uscc), USCC.described]
"""A social credit code."""

UsccShape = Annotated[str, AfterValidator(require_uscc_shape), USCC.described]
"""A social credit code whose check characters may be wrong."""


class UsccException(Model):
    """A real code whose check characters are wrong, and the reason why the registrar admits it."""

    uscc: UsccShape
    reason: Text

    @field_validator("uscc")
    @classmethod
    def _is_needed(cls, value: str) -> str:
        if check_fault(value) is None:
            raise USCC.refusal(
                "needs-no-exception",
                value,
                "is right: it needs no exception",
                "校验无误：不需要例外",
            )
        return value
