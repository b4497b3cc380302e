"""Corrupted packages, with the verdict and the text of Fabric's `peer` beside ours."""

import os
import shutil
import subprocess
from pathlib import Path
from tempfile import TemporaryDirectory

from pyfabric.admin.packages import ChaincodePackage
from pyfabric.errors import PackageError
from tests.support.messages.package_mutants import make_mutant

PEER = shutil.which("peer", path=os.environ.get("FABRIC_BIN") or os.environ.get("PATH"))
# Go's decompressor reads some bits ahead, so that a truncated archive ends a few bytes earlier, in another entry.
_SAME_CAUSE = "unexpected EOF"


def try_package(seed: int) -> None:
    """Raise AssertionError where Fabric's `peer`, if it is installed, judges a package otherwise."""
    data = make_mutant(seed)
    ours = verdict(data)
    if PEER is None:
        return
    fabrics = peer_verdict(PEER, data)
    if not are_equal(ours, fabrics):
        raise AssertionError(f"peer: {fabrics!r}; here: {ours!r}")


def are_equal(ours: str, fabrics: str) -> bool:
    """Return whether two verdicts are equal, except for the entry in which a truncated archive ends."""
    truncated = ours.endswith(_SAME_CAUSE) and fabrics.endswith(_SAME_CAUSE)
    return truncated or ours == fabrics


def verdict(data: bytes) -> str:
    """Return the id of a package, or the text with which it is refused."""
    try:
        return ChaincodePackage.read(data).package_id
    except PackageError as error:
        return str(error)


def peer_verdict(peer: str, data: bytes) -> str:
    """Return the same from `peer lifecycle chaincode calculatepackageid`."""
    with TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "core.yaml").write_text("{}", encoding="utf-8")
        (folder / "package.tgz").write_bytes(data)
        run = subprocess.run(
            [peer, "lifecycle", "chaincode", "calculatepackageid", folder / "package.tgz"],
            capture_output=True,
            check=False,
            env={**os.environ, "FABRIC_CFG_PATH": name},
        )
    if not run.returncode:
        return run.stdout.decode().strip()
    return run.stderr.decode(errors="replace").partition("install package: ")[2].strip()
