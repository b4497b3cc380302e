"""Programs that were written for fabric-sdk-py, run on it and on our face.

`HFC_PYTHON` names a Python 3.8 that has fabric-sdk-py 1.0.0, grpcio 1.48, protobuf 3.20 and aiogrpc 1.8.
"""

import io
import json
import os
import runpy
import subprocess
import sys
from contextlib import redirect_stdout
from pathlib import Path
from typing import Any

import pytest

from pyfabric.hfc import VERSION


def run_on_face(
    program: Path, folder: Path, monkeypatch: pytest.MonkeyPatch, *arguments: str
) -> dict[str, Any]:
    """Return what a program saw on the face, where it differs in its imports alone. It runs in this process."""
    folder.mkdir()
    copy = folder / "program.py"
    text = program.read_text(encoding="utf-8").replace("\nfrom hfc.", "\nfrom pyfabric.hfc.")
    copy.write_text(text, encoding="utf-8")
    printed = io.StringIO()
    with monkeypatch.context() as patched, redirect_stdout(printed):
        patched.setattr(sys, "argv", [str(copy), *arguments])
        patched.chdir(folder)
        runpy.run_path(str(copy), run_name="__main__")
    return _seen(printed.getvalue())


def run_on_fabric_sdk_py(program: Path, folder: Path, *arguments: str) -> dict[str, Any]:
    """Return what a program saw on fabric-sdk-py itself, or skip the test."""
    python = os.environ.get("HFC_PYTHON")
    if python is None:
        pytest.skip(f"HFC_PYTHON names no Python 3.8 with fabric-sdk-py {VERSION}")
    folder.mkdir()
    ran = subprocess.run(
        [python, str(program), *arguments],
        capture_output=True,
        text=True,
        timeout=180,
        check=False,
        cwd=folder,
    )
    assert ran.returncode == 0, ran.stderr[-5000:]
    return _seen(ran.stdout)


def _seen(printed: str) -> dict[str, Any]:
    answer: dict[str, Any] = json.loads(printed.splitlines()[-1])
    return answer
