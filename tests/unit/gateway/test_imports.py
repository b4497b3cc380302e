"""Modules that importing the client loads: those of a first call, and no others."""

import subprocess
import sys

import pytest

REPORT = "import sys; print(*(name for name in sys.modules if '.' not in name))"
UNWANTED = {"yaml", "pydantic", "httpx", "rich", "typer", "h2", "cryptography", "tarfile"}


def loaded(statement: str) -> set[str]:
    ran = subprocess.run(
        [sys.executable, "-c", f"{statement}; {REPORT}"], capture_output=True, text=True, check=True
    )
    return set(ran.stdout.split())


@pytest.mark.parametrize("module", ["pyfabric.gateway", "pyfabric.aio"])
def test_the_client_loads_nothing_that_a_first_call_does_not_need(module: str) -> None:
    names = loaded(f"import {module}")
    assert {"grpc", "pyfabric"} <= names
    assert not names & UNWANTED


@pytest.mark.parametrize("module", ["pyfabric.gateway", "pyfabric.aio"])
def test_administration_loads_no_reader_of_files_and_no_http(module: str) -> None:
    names = loaded(f"from {module} import Admin")
    assert "tarfile" in names
    assert not names & {"yaml", "pydantic", "httpx", "rich", "typer", "h2"}


def test_an_identity_loads_no_reader_of_yaml() -> None:
    names = loaded("from pyfabric.identity import load_identity, load_msp_folder, Wallet")
    assert "cryptography" in names
    assert not names & {"yaml", "pydantic", "httpx", "rich", "typer", "grpc"}
