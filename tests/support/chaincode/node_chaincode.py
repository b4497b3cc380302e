"""The Node chaincode of tests/interop/chaincode, served by the official runtime on the ports of a network."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from pyfabric.local.sockets import listens
from pyfabric.local.waiting import poll
from pyfabric.messages.addresses import Address
from tests.support.ledger.ledger import Department
from tests.support.paths import TESTS

INTEROP = TESTS / "interop"
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


@dataclass(frozen=True)
class NodeService:
    """Where a department's own service listens, with which TLS certificate, and whose clients it takes."""

    address: str
    certificate: Path
    key: Path
    client_roots: Path | None = None


@contextmanager
def node_chaincodes(departments: list[Department], package_id: str, log: Path) -> Iterator[None]:
    """Run the chaincode for every department, each in a process of its own, with TLS."""
    services = []
    for department in departments:
        tls = department.tls("node-contract")
        services.append(NodeService(department.contract_address, tls.certificate, tls.key))
    with node_services(services, package_id, log):
        yield


@contextmanager
def node_services(services: list[NodeService], package_id: str, log: Path) -> Iterator[None]:
    """Run the chaincode as each of these services."""
    with ExitStack() as stack:
        output = stack.enter_context(log.open("wb"))
        children = []
        for service in services:
            child = subprocess.Popen(
                _command(service, package_id),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                env={**os.environ, "CORE_CHAINCODE_LOGGING_LEVEL": "error"},
            )
            stack.callback(_end, child)
            children.append(child)
        for service, child in zip(services, children, strict=True):
            _await_port(service.address, child, log)
        yield


def _command(service: NodeService, package_id: str) -> list[str]:
    clients = service.client_roots
    return [
        "node",
        str(PROGRAM.resolve()),
        "server",
        f"--chaincode-address={service.address}",
        f"--chaincode-id={package_id}",
        f"--chaincode-tls-cert-file={service.certificate}",
        f"--chaincode-tls-key-file={service.key}",
        f"--module-path={INTEROP / 'chaincode'}",
        *([] if clients is None else [f"--chaincode-tls-client-cacert-file={clients}"]),
    ]


def _await_port(address: str, child: subprocess.Popen[bytes], log: Path) -> None:
    def is_there() -> bool:
        assert child.poll() is None, log.read_text()
        return listens(Address.parse(address))

    assert poll(is_there, until=bool, every=0.05, timeout=_START_SECONDS), log.read_text()


def _end(child: subprocess.Popen[bytes]) -> None:
    child.kill()
    child.wait()
