"""Fabric's own programs, where this machine has them."""

import os
import shutil
from pathlib import Path

import pytest


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


def write_program(file: Path, script: str) -> None:
    """Write an executable shell script."""
    file.write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
    file.chmod(0o755)
