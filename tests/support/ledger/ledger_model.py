"""A small model of a ledger with one chaincode, for random histories.

A script is a list of steps: ("get", key), ("put", key, value), ("del", key), ("range", start, end) and
("history", key).
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from pyfabric.errors import ValidationCode

Script = Sequence[Sequence[str]]
Place = tuple[int, int]


@dataclass
class Run:
    """A script's answers, and what it read and writes; it does not see its own writes."""

    answers: list[Any] = field(default_factory=list)
    reads: dict[str, Place | None] = field(default_factory=dict)
    ranges: list[tuple[str, str, list[tuple[str, Place]]]] = field(default_factory=list)
    writes: dict[str, str | None] = field(default_factory=dict)


class Model:
    """Values with the place of their transaction, and all modifications of each key, newest first."""

    def __init__(self) -> None:
        self.values: dict[str, tuple[str, Place]] = {}
        self.past: dict[str, list[list[str | None]]] = {}

    def run(self, script: Script) -> Run:
        """Simulate a script on the state as it is."""
        run = Run()
        for kind, key, *rest in script:
            if kind == "get":
                value, place = self.values.get(key, ("", None))
                run.reads[key] = place
                run.answers.append(value)
            elif kind == "range":
                run.ranges.append((key, rest[0], self._scan(key, rest[0])))
                run.answers.append([found for found, _ in run.ranges[-1][2]])
            elif kind == "history":
                run.answers.append([list(one) for one in self.past.get(key, [])])
            else:
                run.writes[key] = rest[0] if kind == "put" else None
        return run

    def commit(self, number: int, block: Sequence[tuple[str, Run]]) -> list[ValidationCode]:
        """Take a block of (transaction id, run); the code of each."""
        codes = []
        changed: set[str] = set()
        for position, (transaction_id, run) in enumerate(block):
            codes.append(self._code(run, changed))
            if codes[-1] is ValidationCode.VALID:
                for key, value in run.writes.items():
                    self.past.setdefault(key, []).insert(0, [transaction_id, value])
                    self.values.pop(key, None)
                    if value is not None:
                        self.values[key] = value, (number, position)
                changed |= run.writes.keys()
        return codes

    def _code(self, run: Run, changed: set[str]) -> ValidationCode:
        for key, place in run.reads.items():
            if key in changed or self.values.get(key, ("", None))[1] != place:
                return ValidationCode.MVCC_READ_CONFLICT
        if any(self._scan(start, end) != found for start, end, found in run.ranges):
            return ValidationCode.PHANTOM_READ_CONFLICT
        return ValidationCode.VALID

    def _scan(self, start: str, end: str) -> list[tuple[str, Place]]:
        return [(key, self.values[key][1]) for key in sorted(self.values) if start <= key < end]
