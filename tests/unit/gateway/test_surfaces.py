"""The two surfaces have the same names with the same signatures; one is made from the other."""

import ast
import inspect
import re
import shutil
import textwrap
from pathlib import Path
from typing import Any

import pytest

from pyfabric import aio, gateway
from tools import make_surfaces

ROOT = Path(__file__).parents[3]

PAIRS = sorted(
    name
    for name in gateway.__all__
    if getattr(gateway, name).__module__.startswith("pyfabric.gateway")
)
ASYNCHRONOUS = {
    "__aenter__": "__enter__",
    "__aexit__": "__exit__",
    "__aiter__": "__iter__",
    "__anext__": "__next__",
}


def signature(function: Any) -> str:
    return re.sub(r"pyfabric\.(aio|gateway)\.", "", str(inspect.signature(function)))


def methods(kind: type) -> dict[str, str]:
    found = {}
    for name, member in inspect.getmembers(kind):
        plain = ASYNCHRONOUS.get(name, name)
        if name.startswith("_") and plain not in ASYNCHRONOUS.values() and name != "__init__":
            continue
        if isinstance(member, property):
            found[plain] = f"property {signature(member.fget)}"
        elif inspect.isfunction(member):
            found[plain] = "" if name == "__init__" else signature(member)
    return found


def test_the_surfaces_export_the_same_names() -> None:
    assert sorted(aio.__all__) == sorted(gateway.__all__)
    assert len(PAIRS) > 8
    shared = set(gateway.__all__) - set(PAIRS)
    assert all(getattr(aio, name) is getattr(gateway, name) for name in shared)


@pytest.mark.parametrize("name", PAIRS)
def test_a_pair_has_the_same_methods_with_the_same_signatures(name: str) -> None:
    one, other = getattr(gateway, name), getattr(aio, name)
    if inspect.isclass(one):
        assert methods(one) == methods(other)
    else:
        assert signature(one) == signature(other)


@pytest.mark.parametrize(
    "name", [name for name in PAIRS if inspect.isclass(getattr(gateway, name))]
)
def test_public_methods_are_short(name: str) -> None:
    for member_name, member in inspect.getmembers(getattr(gateway, name), inspect.isfunction):
        if member_name.startswith("_"):
            continue
        (function,) = ast.parse(textwrap.dedent(inspect.getsource(member))).body
        assert isinstance(function, ast.FunctionDef)
        assert len(function.body) <= 4, f"{name}.{member_name}"  # one of them is its docstring


def test_the_blocking_surface_is_what_is_made_from_the_other() -> None:
    assert make_surfaces.different() == {}


def test_a_copy_that_differs_is_found_and_written_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copytree(ROOT / "pyfabric", tmp_path / "pyfabric")
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    monkeypatch.setattr(make_surfaces, "ROOT", tmp_path)
    edited, missing = (
        tmp_path / "pyfabric/gateway/contract.py",
        tmp_path / "pyfabric/_grpc/exchanges.py",
    )
    edited.write_text(edited.read_text().replace("def submit(", "def send("))
    missing.unlink()
    assert {tmp_path / path for path in make_surfaces.different()} == {edited, missing}
    monkeypatch.setattr("sys.argv", ["make_surfaces.py"])
    assert make_surfaces.main() == 0
    assert edited.read_text() == (ROOT / "pyfabric/gateway/contract.py").read_text()
    assert missing.read_text() == (ROOT / "pyfabric/_grpc/exchanges.py").read_text()


def test_a_sentence_that_only_the_tool_knows_is_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = tmp_path / "pyfabric/aio/__init__.py"
    source.parent.mkdir(parents=True)
    source.write_text('"""Another text."""\n')
    monkeypatch.setattr(make_surfaces, "ROOT", tmp_path)
    with pytest.raises(ValueError, match="is missing"):
        make_surfaces.blocking(Path("pyfabric/aio/__init__.py"))
