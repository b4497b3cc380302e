"""Hooks, workflow, changelog and extras agree with the Makefile and with pyproject.toml."""

import re
import tomllib
from typing import Any

import pytest
import yaml

from tests.support.paths import ROOT
from tools import lowest, pythons

TARGETS = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), flags=re.MULTILINE))
FILES = [".pre-commit-config.yaml", ".github/workflows/ci.yml"]


def text(file: str) -> str:
    return (ROOT / file).read_text(encoding="utf-8")


@pytest.fixture
def project() -> dict[str, Any]:
    found: dict[str, Any] = tomllib.loads(text("pyproject.toml"))["project"]
    return found


@pytest.mark.parametrize("file", [*FILES, "CONTRIBUTING.md", "README.md", "CHANGELOG.md"])
def test_the_targets_that_a_file_names_exist(file: str) -> None:
    named = set(re.findall(r"(?:`|entry: |run: )make ([a-z]+)", text(file)))
    assert named <= TARGETS


@pytest.mark.parametrize("file", FILES)
def test_hooks_and_workflow_name_no_host(file: str) -> None:
    assert "://" not in text(file)


def test_hooks_are_local() -> None:
    repositories = yaml.safe_load(text(".pre-commit-config.yaml"))["repos"]
    assert {one["repo"] for one in repositories} == {"local"}


def test_the_workflow_runs_the_versions_of_the_classifiers() -> None:
    matrix = yaml.safe_load(text(".github/workflows/ci.yml"))["jobs"]["test"]["strategy"]["matrix"]
    assert matrix["python"] == pythons.supported() == ["3.11", "3.12", "3.13"]


def test_the_newest_entry_of_the_changelog_is_this_version(project: dict[str, Any]) -> None:
    newest = re.search(r"^## (\S+) - (\d{4}-\d\d-\d\d)$", text("CHANGELOG.md"), re.MULTILINE)
    assert newest is not None
    assert newest[1] == project["version"]


def test_each_dependency_has_a_lower_bound_and_is_locked(project: dict[str, Any]) -> None:
    names = [pin.partition("==")[0] for pin in lowest.lowest(lowest.direct(project))]
    assert len(names) == len(set(names)) > 10
    locked = text("requirements-dev.txt")
    assert all(re.search(rf"^{re.escape(name)}==", locked, re.MULTILINE) for name in names)
    with pytest.raises(SystemExit, match="has no lower bound"):
        list(lowest.lowest(["httpx<1"]))
