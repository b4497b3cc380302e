"""Fabric's own fabric-ca-server, for tests that have the program."""

import os
import shutil
import signal
import socket
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest

from pyfabric.local.waiting import poll
from tests.support.ca.running import REGISTRAR, SECOND_CA, SECRET, RunningCA
from tests.support.network.programs import fabric_programs
from tests.support.ports import free_port
from tests.support.transport.tls import tls_material


def ca_program(name: str) -> str:
    """Return the path of fabric-ca-server or fabric-ca-client, or skip the test."""
    found = shutil.which(name, path=fabric_programs() or os.environ.get("PATH"))
    if found is None:
        pytest.skip(f"Fabric's {name} is neither in FABRIC_BIN nor on PATH")
    return found


@contextmanager
def real_ca(folder: Path) -> Iterator[RunningCA]:
    """Run a server of two CAs in a new folder, and stop it afterwards."""
    folder.mkdir()
    tls = tls_material(folder / "tls", "fabric-ca")
    (folder / SECOND_CA).mkdir()
    (folder / SECOND_CA / "fabric-ca-server-config.yaml").write_text(
        f"ca: {{ name: {SECOND_CA} }}\ncsr: {{ cn: ca-{SECOND_CA} }}\n"
        "registry: { maxenrollments: -1, identities: [ { name: landlord, pass: landpw, type: client,"
        " attrs: { hf.Registrar.Roles: '*' } } ] }\n"
    )
    options = [
        *("--ca.name", "tax", "--cafiles", f"{SECOND_CA}/fabric-ca-server-config.yaml"),
        *("--tls.enabled", "--tls.certfile", str(tls.certificate), "--tls.keyfile", str(tls.key)),
        *("--cfg.identities.allowremove", "--cfg.affiliations.allowremove"),
        *("--cfg.identities.passwordattempts", "3"),
    ]
    with _started(folder, options) as port:
        yield RunningCA(f"https://127.0.0.1:{port}", tls.root.read_bytes(), "tax")


@contextmanager
def real_intermediate(folder: Path, parent: RunningCA, client_roots: Path) -> Iterator[RunningCA]:
    """Run a CA below another one; its server accepts clients with a certificate of these roots alone."""
    folder.mkdir()
    tls = tls_material(folder / "tls", "fabric-ca-below")
    (folder / "parent.pem").write_bytes(parent.tls_roots)
    address = parent.url.removeprefix("https://")
    options = [
        *("-u", f"https://{REGISTRAR}:{SECRET}@{address}", "--ca.name", "office"),
        *("--intermediate.tls.certfiles", "parent.pem"),
        *("--tls.enabled", "--tls.certfile", str(tls.certificate), "--tls.keyfile", str(tls.key)),
        *("--tls.clientauth.type", "requireandverifyclientcert"),
        *("--tls.clientauth.certfiles", str(client_roots)),
    ]
    with _started(folder, options) as port:
        yield RunningCA(f"https://127.0.0.1:{port}", tls.root.read_bytes(), "office")


@contextmanager
def real_plain_ca(folder: Path) -> Iterator[RunningCA]:
    """Run a server without TLS."""
    folder.mkdir()
    with _started(folder, []) as port:
        yield RunningCA(f"http://127.0.0.1:{port}", b"", "")


@contextmanager
def _started(folder: Path, options: Sequence[str]) -> Iterator[int]:
    program, port = ca_program("fabric-ca-server"), free_port()
    command = [
        *(program, "start", "-b", f"{REGISTRAR}:{SECRET}"),
        *("--address", "127.0.0.1", "--port", str(port), *options),
    ]
    environment = {
        "PATH": os.environ["PATH"],
        "FABRIC_CA_SERVER_OPERATIONS_LISTENADDRESS": f"127.0.0.1:{free_port()}",
        # Lists come in many pieces.
        "FABRIC_CA_SERVER_MAX_IDS_PER_CHUNK": "2",
        "FABRIC_CA_SERVER_MAX_CERTS_PER_CHUNK": "2",
    }
    with (folder / "log").open("wb") as log:
        server = subprocess.Popen(
            command, cwd=folder, env=environment, stdout=log, stderr=subprocess.STDOUT
        )
    try:
        _await_listening(port, server, folder / "log")
        yield port
    finally:
        server.send_signal(signal.SIGTERM)
        server.wait(20)


def _await_listening(port: int, server: "subprocess.Popen[bytes]", log: Path) -> None:
    def listens() -> bool:
        assert server.poll() is None, log.read_text()
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", port)) == 0

    assert poll(listens, until=bool, every=0.05, timeout=60), log.read_text()
