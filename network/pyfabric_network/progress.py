"""What a long command reports while it works."""

from typing import Protocol


class Report(Protocol):
    """Called before each step: its name, how many steps are done, and how many there are."""

    def __call__(self, step: str, done: int, total: int) -> None: ...


def silent(step: str, done: int, total: int) -> None:
    """Report to nobody."""
