"""The programs of tools/ import names that exist: mypy does not read them."""

import ast
import importlib
from collections.abc import Iterator
from pathlib import Path

import pytest

TOOLS = Path(__file__).parents[2] / "tools"
OURS = (
    "pyfabric",
    "pyfabric_network",
    "pyfabric_cli",
    "pyfabric_municipal",
    "pyfabric_proposals",
    "tests",
    "tools",
)


def imported(file: Path) -> Iterator[tuple[str, str | None]]:
    """Yield the modules of this repository that a program imports, and the names that it takes."""
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from ((alias.name, None) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield from ((node.module or "", alias.name) for alias in node.names)


@pytest.mark.parametrize("file", sorted(TOOLS.glob("*.py")), ids=lambda file: file.name)
def test_what_a_tool_imports_exists(file: Path) -> None:
    for module, name in imported(file):
        if module.split(".")[0] in OURS:
            found = importlib.import_module(module)
            if name is not None and not hasattr(found, name):
                importlib.import_module(f"{module}.{name}")
