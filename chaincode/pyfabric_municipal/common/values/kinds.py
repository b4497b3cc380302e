"""How a value is refused: its kind by name in both languages, and an error with code, facts and texts."""

import re
from dataclasses import dataclass
from typing import Any

from pydantic import Field

from pyfabric.chaincode import ContractError
from pyfabric.messages.languages import in_both
from pyfabric_municipal.common.values.characters import character_name, first_foreign
from pyfabric_municipal.common.values.faults import Fault
from pyfabric_municipal.common.values.personal_data import find_personal_data

_SHOWN = 100
"""How many characters of a value its refusal has: callers may send megabytes."""


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of value: the name in its refusals' codes, and its names in English and Chinese.

    A secret value (a person's, a bearer's) is neither in the texts of its refusals nor in their facts,
    which peers and clients log. Nor is any other value that has personal data.
    """

    code: str
    en: str
    zh: str
    secret: bool = False

    @property
    def described(self) -> Any:
        """What `Annotated` has beside a type of this kind: its names, as the description of arguments and fields."""
        return Field(description=in_both(self.en, self.zh))

    def refusal(
        self, fault: str, value: str | None, text: str, zh: str, **facts: str | int
    ) -> ContractError:
        """Return the error that refuses a value; `text` and `zh` go on after the kind's name and the value.

        None is for what has no text of its own.
        """
        shown = ""
        if not (value is None or self.secret or find_personal_data(value[: 2 * _SHOWN])):
            shown = f" {value[:_SHOWN]!r}"
            facts["value"] = value[:_SHOWN].encode("utf-8", "backslashreplace").decode()
        return ContractError(
            f"{self.en}{shown} {text}",
            code=f"value.{self.code}-{fault}",
            facts=facts,
            zh=f"{self.zh}{shown}{zh}",
        )

    def refuse(self, fault: Fault | None, value: str) -> None:
        """Raise the refusal of a value for a fault, if there is one."""
        if fault is not None:
            raise self.refusal(fault.code, value, fault.en, fault.zh)

    def require_ascii(self, value: str) -> str:
        """Return `value` if it is printable ASCII without spaces; an error names the first other character."""
        foreign = first_foreign(value)
        if foreign:
            name = character_name(foreign)
            raise self.refusal(
                "ascii", value, f"holds {name}: ASCII only", f"含有{name}：只能用半角ASCII字符"
            )
        return value

    def require_match(
        self, pattern: re.Pattern[str], value: str, shape: str, zh_shape: str
    ) -> re.Match[str]:
        """Return the match of the whole of `value`, which is ASCII; the shapes describe the pattern in errors."""
        match = pattern.fullmatch(self.require_ascii(value))
        if match is None:
            raise self.refusal("shape", value, f"is not {shape}", f"不符合格式：{zh_shape}")
        return match
