"""Every public name of fabric-sdk-py: on the face with its arguments, or gone with a reason, as docs/hfc.md has it.

names-1.0.0.txt lists the names of the package fabric-sdk-py 1.0.0 (kind, module, name, parameters), names-later.txt those
that its repository has beside them.
"""

import importlib
import inspect
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import pytest

from pyfabric.errors import GoneError
from pyfabric.hfc._gone import find
from tests.support.paths import ROOT

HERE = Path(__file__).parent
PAGE = (ROOT / "docs" / "hfc.md").read_text(encoding="utf-8")


@dataclass(frozen=True)
class Old:
    """A name of fabric-sdk-py: its module, what is below it, and its parameters if it is called."""

    module: str
    below: str
    parameters: tuple[str, ...] | None
    is_async: bool

    def __str__(self) -> str:
        return f"{self.module}.{self.below}"

    def found(self) -> Any:
        """Return what the face has under the name; raises GoneError."""
        value: Any = importlib.import_module(f"pyfabric.{self.module}")
        for part in self.below.split("."):
            value = getattr(value, part)
        return value


def old_names() -> Iterator[Old]:
    for file in ("names-1.0.0.txt", "names-later.txt"):
        for line in (HERE / file).read_text(encoding="utf-8").splitlines():
            kind, module, below, *parameters = line.split()
            called = kind in ("def", "async")
            yield Old(module, below, tuple(parameters) if called else None, kind == "async")


NAMES = list(old_names())


def is_gone(old: Old) -> bool:
    try:
        value = old.found()
    except GoneError:
        return True
    return inspect.isfunction(value) and (inspect.getdoc(value) or "").startswith("Raise GoneError")


@dataclass(frozen=True)
class Row:
    """A row of a table of docs/hfc.md."""

    module: str
    pattern: str
    kind: str
    text: str


def rows() -> list[Row]:
    made = []
    for section in re.split(r"^### ", PAGE, flags=re.MULTILINE)[1:]:
        modules = re.findall(r"`(hfc[\w.]+)`", section.partition("\n")[0])
        for names, kind, text in re.findall(
            r"^\| (`.+?) \| (same|other|gone) \|\s*(.*?)\s*\|$", section, re.MULTILINE
        ):
            made += [
                Row(module, pattern, kind, text)
                for module in modules
                for pattern in re.findall(r"`([^`]+)`", names)
            ]
    return made


ROWS = rows()


def rows_of(old: Old) -> Sequence[Row]:
    """Return the rows that name it: itself, or else by a pattern; a class's row is that of its constructor, too."""
    below = old.below.removesuffix(".__init__")
    here = [row for row in ROWS if row.module == old.module]
    exact = [row for row in here if row.pattern == below]
    return exact or [row for row in here if fnmatchcase(below, row.pattern)]


def test_the_lists_are_those_of_the_package() -> None:
    assert len((HERE / "names-1.0.0.txt").read_text().splitlines()) == 457
    assert len((HERE / "names-later.txt").read_text().splitlines()) == 72
    assert len(NAMES) == 457 + 72


@pytest.mark.parametrize("old", NAMES, ids=str)
def test_every_name_is_there_or_gone_and_the_page_has_it(old: Old) -> None:
    (row,) = rows_of(old)
    assert (row.kind == "gone") == is_gone(old)
    assert bool(row.text) == (row.kind != "same")
    if row.kind == "gone":
        gone = find(str(old).removeprefix("hfc."))
        assert gone is not None
        assert row.text == f"{gone.why}; {gone.instead}"


@pytest.mark.parametrize("old", [one for one in NAMES if one.parameters is not None], ids=str)
def test_a_call_takes_the_same_arguments(old: Old) -> None:
    if is_gone(old):
        with pytest.raises(GoneError, match=r"is gone: .+; .+") as raised:
            old.found()()
        assert raised.value.why
        assert raised.value.instead
        return
    called = old.found()
    taken = [
        str(one).partition(":")[0].partition("=")[0]
        for one in inspect.signature(called).parameters.values()
    ]
    wanted = list(old.parameters or ())
    if not (inspect.isclass(called) or "self" in taken) and wanted[:1] == ["self"]:
        wanted.remove("self")
    assert taken[: len(wanted)] == wanted
    is_async = inspect.iscoroutinefunction(called)
    assert is_async == old.is_async


def test_every_row_names_something() -> None:
    for row in ROWS:
        named = [
            old
            for old in NAMES
            if old.module == row.module
            and fnmatchcase(old.below.removesuffix(".__init__"), row.pattern)
        ]
        assert named, row


def test_another_name_is_no_name() -> None:
    module = importlib.import_module("pyfabric.hfc.util.utils")
    assert not hasattr(module, "__wrapped__")
    with pytest.raises(GoneError, match=r"hfc\.util\.utils\.build_header is gone"):
        _ = module.build_header
    other = importlib.import_module("pyfabric.hfc.fabric.client")
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = other.nothing
