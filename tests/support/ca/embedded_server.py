"""The CA server of the development ledger with two CAs over TLS, in a thread of the test."""

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from random import SystemRandom

from pyfabric.ca.records import Attribute
from pyfabric.ca_server.authority import Authority, Rules
from pyfabric.ca_server.server import (
    Authorities,
    AuthorityFiles,
    CAServer,
    Registrar,
    open_authority,
)
from pyfabric.identity.folders import write_ca
from pyfabric.identity.issuing import CertificateAuthority
from tests.support.ca.running import REGISTRAR, SECOND_CA, SECRET, RunningCA
from tests.support.transport.tls import tls_material

# Those of `fabric-ca-server init`.
AFFILIATIONS = ("org1", "org1.department1", "org1.department2", "org2", "org2.department1")


@contextmanager
def embedded_ca(folder: Path) -> Iterator[RunningCA]:
    """Run a server in a new folder, and stop it afterwards."""
    folder.mkdir()
    tls = tls_material(folder / "tls", "ca-server")
    tax = _authority(folder, "tax", Registrar(REGISTRAR, SECRET))
    rights = (*tax.identity(REGISTRAR).attributes, Attribute("hf.IntermediateCA", "1"))
    tax.registry.put_identity(replace(tax.identity(REGISTRAR), attributes=rights))
    tax.registry.add_affiliations(AFFILIATIONS)
    land = _authority(folder, SECOND_CA, Registrar("landlord", "landpw"))
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    authorities = Authorities({one.name: partial(_same, one) for one in (tax, land)})
    starting = CAServer.start("127.0.0.1:0", tls.certificate, tls.key, authorities)
    server = asyncio.run_coroutine_threadsafe(starting, loop).result()
    try:
        yield RunningCA(f"https://127.0.0.1:{server.port}", tls.root.read_bytes(), "tax")
    finally:
        asyncio.run_coroutine_threadsafe(server.stop(), loop).result()
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


def _same(authority: Authority) -> Authority:
    return authority


def _authority(folder: Path, name: str, registrar: Registrar) -> Authority:
    made = CertificateAuthority.create(f"ca.{name}", name, now=datetime.now(UTC))
    write_ca(folder / name, made)
    certificate, key = folder / name / "ca.pem", folder / name / "ca.key"
    files = AuthorityFiles(name, certificate, key, certificate, folder / f"{name}.db")
    return open_authority(
        files,
        registrar,
        now=lambda: datetime.now(UTC),
        random=SystemRandom(),
        rules=Rules(wrong_secrets=3),
    )
