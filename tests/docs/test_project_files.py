"""Hooks, workflow, changelog and extras agree with the Makefile and with pyproject.toml."""

import os
import re
import subprocess
import tomllib
from pathlib import Path
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


@pytest.mark.parametrize("name", ["requirements.txt", "requirements-build.txt"])
def test_the_image_of_contract_hosts_installs_what_is_locked(name: str) -> None:
    locked = text(f"chaincode/{name}")
    pins = re.findall(r"^(\S+==\S+) \\\n    --hash=sha256:", locked, re.MULTILINE)
    assert len(pins) == locked.count("==") > 1
    developed = text("requirements-dev.txt")
    assert all(re.search(rf"^{re.escape(pin)} ", developed, re.MULTILINE) for pin in pins)
    assert "://" not in locked
    assert f"--require-hashes -r /locked/{name}" in text("chaincode/Dockerfile")


def test_the_base_image_is_named_by_its_digest_and_the_program_is_not_root() -> None:
    dockerfile = text("chaincode/Dockerfile")
    assert re.search(r"^ARG PYTHON_IMAGE=\S+@sha256:[0-9a-f]{64}$", dockerfile, re.MULTILINE)
    assert re.search(r"^USER [1-9]\d*:[1-9]\d*$", dockerfile, re.MULTILINE)


def dry_run(tmp_path: Path, *arguments: str, compose: bool = True) -> str:
    """Return what make would run, where there is an engine, with or without Compose."""
    docker = tmp_path / "docker"
    docker.write_text("#!/bin/sh\n" + ("true" if compose else "test $1 != compose") + "\n")
    docker.chmod(0o755)
    environment = {"PATH": f"{tmp_path}:{os.environ['PATH']}"}
    return subprocess.run(
        ["make", "--dry-run", *arguments],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    ).stdout


def test_the_image_is_built_from_another_base_and_index_on_request(tmp_path: Path) -> None:
    assert "--build-arg" not in dry_run(tmp_path, "image")
    given = dry_run(tmp_path, "image", "PYTHON_IMAGE=python:3.13", "PIP_INDEX_URL=https://index")
    assert "--build-arg PYTHON_IMAGE=python:3.13" in given
    assert "--build-arg PIP_INDEX_URL=https://index" in given


@pytest.mark.parametrize("compose", [True, False])
def test_without_compose_nothing_is_built(tmp_path: Path, *, compose: bool) -> None:
    # make runs the lines that name it again, also in a dry run
    assert ("docker build --quiet" in dry_run(tmp_path, "up", compose=compose)) is compose
    assert "docker build --quiet" not in dry_run(tmp_path, "up", "CONTRACT_IMAGE=mine")
