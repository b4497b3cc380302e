"""What a long command reports while it works, or before."""

from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Step:
    """One thing to do (make, start, join, update, serve) and what it is done to."""

    action: str
    subject: str
    detail: str = ""


class Report(Protocol):
    """Called before each step: its name, how many steps are done, and how many there are."""

    def __call__(self, step: str, done: int, total: int) -> None: ...


def silent(step: str, done: int, total: int) -> None:
    """Report to nobody."""
