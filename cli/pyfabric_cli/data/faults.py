"""What is wrong with a table, by row and column, in two languages."""

from dataclasses import dataclass
from typing import Any

from pyfabric_network.contexts import Language

from pyfabric.errors import Refusal


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong with a value, without its place; it never repeats the value."""

    code: str
    en: str
    zh: str


@dataclass(frozen=True, slots=True)
class Fault:
    """A problem in its place: `row` is as the file counts (0: the head), `column` "" if it is not known."""

    row: int
    column: str
    problem: Problem

    def shown(self, language: Language) -> dict[str, Any]:
        """Return the fault as a row of a table."""
        text = self.problem.zh if language is Language.ZH else self.problem.en
        return {
            "row": self.row or None,
            "column": self.column or None,
            "code": self.problem.code,
            "problem": text,
        }


class CellError(ValueError):
    """A value that cannot be an argument."""

    def __init__(self, code: str, en: str, zh: str) -> None:
        super().__init__(en)
        self.problem = Problem(code, en, zh)


def refused(refusal: Refusal | None, text: str) -> Problem:
    """Return why a contract refused: its code and texts, or what the peer said."""
    if refusal is None:
        return Problem("refused", text, text)
    return Problem(refusal.code, refusal.en, refusal.zh or refusal.en)


def no_field(known: str) -> Problem:
    """Return the problem of a column that the function has no field for."""
    return Problem(
        "data.column",
        f"the function has no such field: rename or remove the column; its fields are {known}",
        f"函数没有该字段：请改名或删除该列；可用字段：{known}",
    )


REQUIRED = Problem("data.required", "is required", "必填")
PERSONAL = Problem(
    "data.personal",
    "holds what looks like a resident ID or a mobile number: arguments stay readable on the ledger for ever",
    "含有疑似身份证号或手机号码的内容：参数将永久公开在账本上",
)
DENIED = "denied"
