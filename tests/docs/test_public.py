"""The public line: what docs/reference.md lists is what there is, is described, and is all that is used."""

import ast
import dataclasses
import importlib
import inspect
import pkgutil
import re
import subprocess
import sys
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from pyfabric import errors
from tools.site_pages import public_modules

ROOT = Path(__file__).parents[2]
PACKAGES = (
    "pyfabric",
    "pyfabric_network",
    "pyfabric_cli",
    "pyfabric_municipal",
    "pyfabric_proposals",
)
PUBLIC = public_modules()
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
ONE_OF_EACH = ROOT / "tests/support/municipal/example.py"
BLOCK = re.compile(r"^```python[^\n]*\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def names(module: str) -> list[str]:
    exported = importlib.import_module(module).__all__
    assert isinstance(exported, list)
    return exported


def internal_packages() -> list[str]:
    """Return the packages that docs/reference.md lists as internal."""
    text = (ROOT / "docs/reference.md").read_text(encoding="utf-8")
    rows = re.findall(
        r"^\| (`pyfabric.*?) \|", text.partition("Everything else is internal")[2], re.MULTILINE
    )
    return [name for row in rows for name in re.findall(r"`([a-z_.]+)`", row)]


def programs() -> Iterator[tuple[str, str]]:
    """Yield every Python program of the documentation and of examples/, with its place.

    ARCHITECTURE.md leads to the contract that has one of each thing that can be declared.
    """
    for page in PAGES:
        for number, body in enumerate(BLOCK.findall(page.read_text(encoding="utf-8"))):
            yield f"{page.name} {number}", body
    for file in [*sorted((ROOT / "examples").rglob("*.py")), ONE_OF_EACH]:
        yield str(file.relative_to(ROOT)), file.read_text(encoding="utf-8")


PROGRAMS = dict(programs())


def objects() -> dict[str, Any]:
    """Return every public object by its full name."""
    return {
        f"{module}.{name}": getattr(importlib.import_module(module), name)
        for module in PUBLIC
        for name in names(module)
    }


@pytest.mark.parametrize("module", PUBLIC)
def test_a_public_module_says_what_it_offers(module: str) -> None:
    exported = names(module)
    loaded = importlib.import_module(module)
    assert sorted(exported) == sorted(set(exported))
    assert inspect.getdoc(loaded)
    assert all(hasattr(loaded, name) for name in exported)
    with pytest.raises(AttributeError):
        _ = loaded.no_such_name


def test_every_other_module_is_documented_as_internal() -> None:
    internal = internal_packages()
    unknown = []
    for package in map(importlib.import_module, PACKAGES):
        for found in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            parts = found.name.split(".")
            known = [*PUBLIC, *internal]
            below = any(found.name == one or found.name.startswith(f"{one}.") for one in known)
            if not below and not any(part.startswith("_") for part in parts):
                unknown.append(found.name)
    assert unknown == []
    assert all(importlib.util.find_spec(one) for one in internal)


@pytest.mark.parametrize("place", PROGRAMS)
def test_programs_of_the_documentation_import_public_names_only(place: str) -> None:
    for node in ast.walk(ast.parse(PROGRAMS[place])):
        if isinstance(node, ast.Import):
            wanted = [(alias.name, None) for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            wanted = [(node.module or "", alias.name) for alias in node.names]
        else:
            continue
        for module, name in wanted:
            assert module.split(".")[0] != "fabric_protos", f"{place}: protobuf messages"
            if module.split(".")[0] in PACKAGES:
                inside = f"{module}.{name}" in PUBLIC or (
                    module in PUBLIC and (name is None or name in names(module))
                )
                assert inside, f"{place}: {module} {name or ''} is not public"


def annotations(value: Any) -> Iterator[tuple[str, str]]:
    """Yield the annotations of a function, or of a class's public methods and fields, as written."""
    if inspect.isfunction(value):
        yield from ((key, str(one)) for key, one in inspect.get_annotations(value).items())
    elif inspect.isclass(value):
        if dataclasses.is_dataclass(value):
            yield from ((field.name, str(field.type)) for field in dataclasses.fields(value))
        for name, member in vars(value).items():
            if name.startswith("_") and name != "__init__":
                continue
            function = getattr(member, "__func__", None) or getattr(member, "fget", member)
            function = getattr(member, "func", function)
            if inspect.isfunction(function):
                for key, one in annotations(function):
                    yield f"{name}: {key}", one


@pytest.mark.parametrize("name", objects())
def test_no_public_signature_shows_a_protobuf_message(name: str) -> None:
    shown = {where: text for where, text in annotations(objects()[name]) if "_pb2" in text}
    assert shown == {}


@pytest.mark.parametrize("name", objects())
def test_every_public_name_is_described(name: str) -> None:
    value = objects()[name]
    if inspect.isclass(value) or inspect.isroutine(value):
        assert inspect.getdoc(value), name


def has_example(name: str) -> bool:
    word = re.compile(rf"\b{name.rpartition('.')[2]}\b")
    if any(word.search(program) for program in PROGRAMS.values()):
        return True
    written = inspect.getdoc(objects()[name]) or ""
    return "```" in written or ">>>" in written


def is_error(value: object) -> bool:
    return inspect.isclass(value) and issubclass(value, Exception)


def test_every_public_name_has_an_example() -> None:
    """See that a program of the documentation uses it, or that its docstring shows how."""
    lacking = [
        name for name, one in objects().items() if not is_error(one) and not has_example(name)
    ]
    assert lacking == []


def test_every_error_is_public_and_in_the_tree_of_errors() -> None:
    tree = inspect.getdoc(errors) or ""
    for name, value in vars(errors).items():
        if is_error(value):
            assert name in errors.__all__
            assert re.search(rf"(── |^ *){name}\b", tree, re.MULTILINE), name


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("site")
    ran = subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--strict", "--quiet", "--site-dir", str(folder)],
        cwd=ROOT,
        env={"NO_MKDOCS_2_WARNING": "1", "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    return folder


def test_the_reference_has_every_public_name(site: Path) -> None:
    inventory = zlib.decompress((site / "objects.inv").read_bytes().split(b"\n", 4)[4]).decode()
    described = {line.split(" ")[0] for line in inventory.splitlines()}
    assert [name for name in objects() if name not in described] == []
    for module in PUBLIC:
        page = (site / "reference" / f"{module}.html").read_text(encoding="utf-8")
        assert all(f'id="{module}.{name}"' in page for name in names(module))


def test_the_site_has_every_page_a_search_and_fetches_nothing(site: Path) -> None:
    pages = {path.name for path in site.glob("*.html")}
    for page in [*(ROOT / "docs").glob("*.md"), *ROOT.glob("*.md")]:
        name = "index" if page.name == "README.md" else page.stem
        assert f"{name}.html" in pages
    assert (site / "search/search_index.json").stat().st_size > 100_000
    fetched = re.compile(r"<(?:script|link|img|iframe)[^>]*(?:src|href)=\"(?:https?:)?//[^\"]*")
    for page in site.rglob("*.html"):
        assert fetched.findall(page.read_text(encoding="utf-8")) == [], page
