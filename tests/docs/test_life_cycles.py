"""The page on life cycles names what the frame has, and steps of the example contract that do what it says."""

import importlib
import inspect
import pkgutil
import re
from collections.abc import Iterator
from typing import NamedTuple

import pyfabric_municipal.common
import pytest
from pyfabric_municipal.common.steps import step

from tests.support.municipal.example import ExampleContract
from tests.support.paths import ROOT

SECTIONS = 12
NAME = re.compile(r"`([^`]+)`")


class Row(NamedTuple):
    """A fact of an application, and how it is said."""

    section: str
    fact: str
    how: str
    step: str


def rows() -> Iterator[Row]:
    """Yield the rows of the page's tables."""
    section = ""
    for line in (ROOT / "docs" / "life-cycles.md").read_text(encoding="utf-8").splitlines():
        if line.startswith("## "):
            section = line[3:]
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if len(cells) == 3 and cells[0] not in ("fact", "---"):
            yield Row(section, *cells)


def names() -> set[str]:
    """Return the names of the frame: of its modules, its classes' members, and what a step declares."""
    found = set(inspect.signature(step).parameters)
    for each in pkgutil.iter_modules(pyfabric_municipal.common.__path__):
        module = importlib.import_module(f"pyfabric_municipal.common.{each.name}")
        for name, value in vars(module).items():
            found.add(name)
            if inspect.isclass(value):
                found |= {*dir(value), *getattr(value, "__annotations__", {})}
                found |= set(getattr(value, "model_fields", ()))
    return found


ROWS = list(rows())
KNOWN = names()


def test_every_application_is_there() -> None:
    assert len({row.section for row in ROWS}) == SECTIONS


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.fact)
def test_what_a_row_names_exists(row: Row) -> None:
    named = {part for text in NAME.findall(row.how) for part in text.split(".")}
    assert named <= KNOWN
    if row.step:
        assert named
        assert NAME.findall(row.step)[0] in ExampleContract.STEPS
