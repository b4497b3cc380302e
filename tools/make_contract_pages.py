"""Make the pages of the city's contracts, docs/contracts/NAME.md and NAME.zh.md, from their declarations.

    python tools/make_contract_pages.py          write the pages
    python tools/make_contract_pages.py --check  name each page that differs, and exit with 1 if there is one

The contracts are those of pyfabric_municipal whose steps are declared.
"""

import argparse
import ast
import importlib
import inspect
import json
import pkgutil
import sys
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from types import ModuleType
from typing import Any, Final

import pyfabric_municipal
from pyfabric_municipal.common.contract import CityContract
from pyfabric_municipal.common.description import describe
from pyfabric_municipal.common.pages import page
from pyfabric_municipal.common.texts import Language

from pyfabric.chaincode import Chaincode
from tools import sessions

ROOT: Final = Path(__file__).resolve().parent.parent
FOLDER: Final = ROOT / "docs" / "contracts"
_FRAME: Final = "pyfabric_municipal.common."
_ENDINGS: Final[Mapping[Language, str]] = {"en": ".md", "zh": ".zh.md"}
_NOTES: Final[Mapping[Language, str]] = {
    "en": "This page is made from the contract's declarations (`make pages`). [中文]({other})",
    "zh": "本页由合约的声明生成（`make pages`）。[English]({other})",
}


def contracts() -> list[type[CityContract]]:
    """Return the contracts of pyfabric_municipal whose steps are declared, by name."""
    package = pyfabric_municipal
    names = [
        found.name for found in pkgutil.walk_packages(package.__path__, f"{package.__name__}.")
    ]
    for name in names:
        if not name.startswith(_FRAME):
            importlib.import_module(name)
    found = (one for one in _below(CityContract) if one.STEPS and one.__module__ in names)
    return sorted(found, key=lambda one: one.contract_name())


def _below(contract: type[CityContract]) -> Iterator[type[CityContract]]:
    for one in contract.__subclasses__():
        yield one
        yield from _below(one)


def pages_of(contract: CityContract) -> dict[str, str]:
    """Return the pages of a contract by their file names."""
    kind = type(contract)
    name = kind.contract_name()
    metadata = json.loads(Chaincode([contract]).metadata)
    tables = describe(kind)
    for read in sorted(parameters_in_code(kind) - set(tables["parameters"])):
        tables["parameters"][read] = {}
    files = {language: name.lower() + ending for language, ending in _ENDINGS.items()}
    others = {"en": files["zh"], "zh": files["en"]}
    return {
        file: page(tables, metadata, language, _NOTES[language].format(other=others[language]))
        + "\n".join(_session(name.lower(), language))
        for language, file in files.items()
    }


def _session(name: str, language: Language) -> Iterator[str]:
    """Yield the lines of the contract's example session, nothing if it has none."""
    file = sessions.FOLDER / f"{name}.yaml"
    if file.exists():
        known = {one.contract_name().lower(): one for one in contracts()}
        yield from ("", *sessions.section(sessions.read_session(file), name, known, language))


def parameters_in_code(contract: type[CityContract]) -> set[str]:
    """Return the names of the parameters that effects and guards ask for: `parameter("…")` in their modules."""
    code: list[Any] = [step.effect for step in contract.STEPS.values()]
    code += [guard.test for step in contract.STEPS.values() for guard in step.guards]
    modules = {inspect.getmodule(one) for one in code}
    return {
        name
        for module in modules
        if module is not None and not module.__name__.startswith(_FRAME)
        for name in _parameters_in(module)
    }


def _parameters_in(module: ModuleType) -> Iterator[str]:
    for node in ast.walk(ast.parse(inspect.getsource(module))):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.args:
            last = node.args[-1]
            if node.func.attr == "parameter" and isinstance(last, ast.Constant):
                yield str(last.value)


def different(wanted: Mapping[str, str], folder: Path) -> dict[str, str | None]:
    """Return the text that each outdated page should have, None for one of a contract that is not there."""
    kept = {path.name for path in folder.glob("*.md")}
    gone: dict[str, str | None] = dict.fromkeys(sorted(kept - set(wanted)))
    return gone | {
        name: text
        for name, text in wanted.items()
        if name not in kept or (folder / name).read_text(encoding="utf-8") != text
    }


def write(outdated: Mapping[str, str | None], folder: Path) -> None:
    """Write the pages that are outdated, and delete those of contracts that are not there."""
    folder.mkdir(exist_ok=True)
    for name, text in outdated.items():
        if text is None:
            (folder / name).unlink()
        else:
            (folder / name).write_text(text, encoding="utf-8")


def main(arguments: Iterable[str]) -> int:
    """Write the pages, or with --check only name those that differ."""
    parser = argparse.ArgumentParser(description="the pages of the city's contracts")
    parser.add_argument("--check", action="store_true", help="write nothing")
    check = parser.parse_args(list(arguments)).check
    wanted: dict[str, str] = {}
    for contract in contracts():
        wanted |= pages_of(contract())
    outdated = different(wanted, FOLDER)
    if not check:
        write(outdated, FOLDER)
        return 0
    for name in outdated:
        print(f"docs/contracts/{name}: outdated; run `make pages`", file=sys.stderr)
    return 1 if outdated else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
