"""Fabric's own programs, where this machine has them."""

import os
import shutil
from pathlib import Path

import pytest
from pyfabric_network.runtimes.runtime import RuntimeName


def fabric_programs() -> Path | None:
    """Return the folder that FABRIC_BIN names."""
    folder = os.environ.get("FABRIC_BIN")
    return Path(folder) if folder else None


_MISSING = [name for name in ("peer", "orderer") if not shutil.which(name, path=fabric_programs())]
_REASON = f"of Fabric's programs, {' and '.join(_MISSING)} are neither in FABRIC_BIN nor on PATH"

needs_fabric = pytest.mark.skipif(bool(_MISSING), reason=_REASON)


def skip_without_fabric() -> None:
    """Skip the test, or all that want a fixture, where the programs are missing."""
    if _MISSING:
        pytest.skip(_REASON)


RUNTIMES = (
    RuntimeName.EMBEDDED,
    pytest.param(RuntimeName.NATIVE, marks=pytest.mark.fabric),
    RuntimeName.COMPOSE,
)
"""The parameters of a fixture with a network on each runtime."""


def skip_without_runtime(request: pytest.FixtureRequest) -> None:
    """Skip all that want a fixture of `RUNTIMES` where its runtime is missing; Compose is asked for by `--runtime compose`."""
    if request.param is RuntimeName.NATIVE:
        skip_without_fabric()
    elif request.param is RuntimeName.COMPOSE and (
        request.config.getoption("runtime") is not RuntimeName.COMPOSE
    ):
        pytest.skip("containers are run by hand: `--runtime compose`, in one process")


def next_programs() -> Path:
    """Return the folder that FABRIC_BIN_NEXT names, with another build of Fabric; skip without one."""
    folder = os.environ.get("FABRIC_BIN_NEXT")
    if not folder:
        pytest.skip("FABRIC_BIN_NEXT names no folder with another build of peer and orderer")
    return Path(folder)


def write_program(file: Path, script: str) -> None:
    """Write an executable shell script."""
    file.write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
    file.chmod(0o755)
