"""Operations of a contract host: health of each package, and counts of transactions."""

import json
import re
import socket
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest
import pytest_asyncio

from pyfabric._grpc.rest import tls_context
from pyfabric.chaincode.host import ContractHost
from pyfabric.errors import NetworkError
from tests.support.chaincode.fake_peer import FakePeer
from tests.support.ledger.ledger import Department, address


@dataclass
class Watched:
    """A host with an operations service, and a client of it."""

    host: ContractHost
    department: Department
    address: str

    async def apply(self, *services: dict[str, Any], watched: bool = True) -> None:
        tls = self.department.tls("host")
        operations = {
            "address": self.address,
            "tls_certificate": str(tls.certificate),
            "tls_key": str(tls.key),
            "client_roots": str(tls.certificate.parent / "ca.crt"),
        }
        wanted = {"services": services, "operations": operations if watched else None}
        await self.host.apply(json.dumps(wanted).encode())

    async def get(self, path: str) -> httpx.Response:
        context = tls_context(self.department.mutual_endpoint(self.address))
        async with httpx.AsyncClient(verify=context, trust_env=False) as client:
            return await client.get(f"https://{self.address}{path}")

    def served_at(self) -> str:
        (server,) = self.host._servers.values()
        return server.address


def service(package_id: str, where: str = "127.0.0.1:0") -> dict[str, Any]:
    contracts = ["pyfabric_municipal.directory:Directory"]
    return {"package_id": package_id, "address": where, "contracts": contracts}


@pytest_asyncio.fixture
async def watched(tmp_path: Path) -> AsyncIterator[Watched]:
    now = datetime.now(UTC).replace(microsecond=0)
    made = Watched(ContractHost(), Department("Tax", tmp_path, "", "", now), address())
    yield made
    await made.host.stop()


@pytest.mark.asyncio
async def test_health_is_that_of_each_package(watched: Watched) -> None:
    await watched.apply(service("a:1"))
    assert (await watched.get("/healthz")).json()["status"] == "OK"
    with socket.create_server(("127.0.0.1", 0)) as taken:
        where = f"127.0.0.1:{taken.getsockname()[1]}"
        with pytest.raises(NetworkError):
            await watched.apply(service("a:1"), service("b:1", where))
    report = await watched.get("/healthz")
    assert report.status_code == 503
    assert report.json()["failed_checks"] == [{"component": "b:1", "reason": "not served"}]
    (server,) = watched.host._servers.values()
    await server.stop()
    await watched.apply(service("a:1"))
    (failed,) = (await watched.get("/healthz")).json()["failed_checks"]
    assert failed["component"] == "a:1"
    assert "does not accept connections" in failed["reason"]


@pytest.mark.asyncio
async def test_transactions_are_counted_by_package(watched: Watched) -> None:
    await watched.apply(service("a:1"))
    async with FakePeer(watched.served_at()) as peer:
        await peer.invoke("org.hyperledger.fabric:GetMetadata")
        await peer.invoke("Nobody:home", transaction_id="other")
        lines = (await watched.get("/metrics")).text.splitlines()
        assert 'contract_peer_streams{package_id="a:1"} 1' in lines
    assert 'contract_transactions_received{package_id="a:1"} 2' in lines
    for success in ("true", "false"):
        labels = f'{{package_id="a:1",success="{success}"}}'
        assert f"contract_transactions_completed{labels} 1" in lines
        assert f"contract_transaction_duration_count{labels} 1" in lines
    assert any(re.match(r"process_open_fds \d+$", line) for line in lines)


@pytest.mark.asyncio
async def test_the_service_comes_and_goes_with_the_lines(watched: Watched) -> None:
    await watched.apply()
    assert (await watched.get("/healthz")).status_code == 200
    await watched.apply(watched=False)
    with pytest.raises(httpx.ConnectError):
        await watched.get("/healthz")
    with socket.create_server(("127.0.0.1", 0)) as taken:
        watched.address = f"127.0.0.1:{taken.getsockname()[1]}"
        with pytest.raises(NetworkError, match=watched.address):
            await watched.apply()
