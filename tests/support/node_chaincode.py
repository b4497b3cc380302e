"""The Node chaincode of tests/interop/chaincode, served by the official runtime on the ports of a network."""

import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest
from pyfabric_network.plan import Address
from pyfabric_network.ports import listens

from tests.support.ledger import Department

INTEROP = Path(__file__).parents[1] / "interop"
PROGRAM = INTEROP / "node_modules" / ".bin" / "fabric-chaincode-node"
_START_SECONDS = 60.0

MARKS = [
    pytest.mark.node,
    pytest.mark.skipif(shutil.which("node") is None, reason="there is no node program"),
    pytest.mark.skipif(
        not PROGRAM.exists(),
        reason="tests/interop/node_modules is missing: make pytest installs it",
    ),
]


@contextmanager
def node_chaincodes(departments: list[Department], package_id: str, log: Path) -> Iterator[None]:
    """The chaincode runs for every department, each in a process of its own, with TLS."""
    with ExitStack() as stack:
        output = stack.enter_context(log.open("wb"))
        children = []
        for department in departments:
            child = subprocess.Popen(
                _command(department, package_id),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                env={**os.environ, "CORE_CHAINCODE_LOGGING_LEVEL": "error"},
            )
            stack.callback(_end, child)
            children.append(child)
        for department, child in zip(departments, children, strict=True):
            _await_port(department.contract_address, child, log)
        yield


def _command(department: Department, package_id: str) -> list[str]:
    tls = department.tls("node-contract")
    return [
        "node",
        str(PROGRAM.resolve()),
        "server",
        f"--chaincode-address={department.contract_address}",
        f"--chaincode-id={package_id}",
        f"--chaincode-tls-cert-file={tls.certificate}",
        f"--chaincode-tls-key-file={tls.key}",
        f"--module-path={INTEROP / 'chaincode'}",
    ]


def _await_port(address: str, child: subprocess.Popen[bytes], log: Path) -> None:
    host, _, port = address.rpartition(":")
    deadline = time.monotonic() + _START_SECONDS
    while not listens(Address(host, int(port))):
        assert child.poll() is None, log.read_text()
        assert time.monotonic() < deadline, log.read_text()
        time.sleep(0.05)


def _end(child: subprocess.Popen[bytes]) -> None:
    child.kill()
    child.wait()
