"""Fabric's own orderers, one process each, on a channel of tests.support.ledger.ordering.

with RealOrderers(folder, council) as real:
    real.join(genesis)
    status, info = real.broadcast(0, envelope)
    config = real.config(0)
"""

import os
import shutil
import ssl
import subprocess
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import httpx
import yaml
from fabric_protos.common import common_pb2, configtx_pb2

from pyfabric._grpc.driver import Driver
from pyfabric.client.effects import Broadcast, Endpoint, broadcast
from pyfabric.identity.folders import write_local_msp, write_tls
from pyfabric.local.waiting import poll
from pyfabric.messages.config_blocks import config_from_block
from tests.support.ledger.ordering import CHANNEL, Council, OrdererMaterial
from tests.support.network.programs import fabric_programs
from tests.support.ports import free_port

CHANNELS = "/participation/v1/channels"
_READY_SECONDS = 60


class RealOrderers:
    """A process for each orderer of a council."""

    def __init__(self, folder: Path, council: Council) -> None:
        self._folder = folder
        self._council = council
        self._driver = Driver()
        self._processes: list[subprocess.Popen[bytes]] = []
        self._clients: list[httpx.Client] = []
        self._operations: list[int] = []

    def __enter__(self) -> Self:
        for one in self._council.orderers:
            self._start(one)
        for client in self._clients:
            self._wait(client)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._driver.close()
        for client in self._clients:
            client.close()
        for process in self._processes:
            process.terminate()
        for process in self._processes:
            process.wait(timeout=30)

    def join(self, genesis: common_pb2.Block) -> None:
        """Join every orderer to the channel, and wait for a leader."""
        for client in self._clients:
            files = {"config-block": ("block", genesis.SerializeToString())}
            answer = client.post(CHANNELS, files=files)
            assert answer.status_code == 201, answer.text

    def broadcast(self, index: int, envelope: bytes) -> tuple[int, str]:
        """Send a message to an orderer; returns its response, once it knows a leader."""
        material = self._council.orderers[index]
        endpoint = Endpoint(
            f"127.0.0.1:{material.consenter.port}", self._council.ordering.tls_ca.certificate_pem
        )
        return poll(
            lambda: self._driver.run(broadcast(Broadcast(endpoint, envelope))),
            until=lambda answer: answer[1] != "no Raft leader",
            every=0.1,
            timeout=_READY_SECONDS,
        )

    def leader(self) -> int:
        """Return the orderer that leads the channel, with Raft; waits for it."""
        wanted = f'consensus_etcdraft_is_leader{{channel="{CHANNEL}"}} 1'

        def leading() -> list[int]:
            pages = [f"http://127.0.0.1:{port}/metrics" for port in self._operations]
            return [
                index
                for index, page in enumerate(pages)
                if wanted in httpx.get(page, trust_env=False).text
            ]

        found = poll(leading, until=bool, every=0.05, timeout=_READY_SECONDS)
        assert found, "no orderer leads"
        return found[0]

    def config(self, index: int, sequence: int = 0) -> configtx_pb2.Config:
        """Return the configuration of the newest configuration block, once it has this sequence."""

        def newest() -> configtx_pb2.Config | str:
            answer = self._clients[index].get(f"{CHANNELS}/{CHANNEL}/blocks/config")
            if answer.status_code != 200:
                return answer.text
            _, config = config_from_block(common_pb2.Block.FromString(answer.content))
            return config if config.sequence >= sequence else f"sequence {config.sequence}"

        found = poll(
            newest,
            until=lambda found: not isinstance(found, str),
            every=0.02,
            timeout=_READY_SECONDS,
        )
        assert not isinstance(found, str), found
        return found

    def get(self, index: int, path: str = f"/{CHANNEL}") -> dict[str, Any]:
        """Return the response of the participation API."""
        return dict(self._clients[index].get(CHANNELS + path).json())

    def _start(self, one: OrdererMaterial) -> None:
        folder = self._folder / one.name
        ordering = self._council.ordering
        certificate = one.identity.identity.certificate
        write_local_msp(folder / "msp", ordering.definition, certificate, ordering.key(certificate))
        root = ordering.tls_ca.certificate_pem
        write_tls(folder / "tls", one.tls_certificate, ordering.key(one.tls_certificate), [root])
        admin_port = free_port()
        operations_port = free_port()
        self._operations.append(operations_port)
        config = self._configuration(folder, one, admin_port, operations_port)
        (folder / "orderer.yaml").write_text(yaml.safe_dump(config))
        program = shutil.which("orderer", path=fabric_programs())
        assert program is not None
        with (folder / "log").open("wb") as log:
            self._processes.append(
                subprocess.Popen(
                    [program],
                    stdout=log,
                    stderr=log,
                    env={"FABRIC_CFG_PATH": str(folder), "PATH": os.environ["PATH"]},
                )
            )
        context = ssl.create_default_context(cafile=folder / "tls" / "ca.crt")
        context.load_cert_chain(folder / "tls" / "server.crt", folder / "tls" / "server.key")
        self._clients.append(
            httpx.Client(
                verify=context,
                base_url=f"https://127.0.0.1:{admin_port}",
                trust_env=False,
                timeout=30,
            )
        )

    def _configuration(
        self, folder: Path, one: OrdererMaterial, admin_port: int, operations_port: int
    ) -> dict[str, Any]:
        tls = {
            "Enabled": True,
            "Certificate": str(folder / "tls" / "server.crt"),
            "PrivateKey": str(folder / "tls" / "server.key"),
        }
        roots = [str(folder / "tls" / "ca.crt")]
        return {
            "General": {
                "ListenAddress": "127.0.0.1",
                "ListenPort": one.consenter.port,
                "TLS": tls | {"RootCAs": roots},
                "LocalMSPID": self._council.ordering.msp_id,
                "LocalMSPDir": str(folder / "msp"),
                "BCCSP": {"Default": "SW", "SW": {"Hash": "SHA2", "Security": 256}},
                "BootstrapMethod": "none",
            },
            "FileLedger": {"Location": str(folder / "ledger")},
            "ChannelParticipation": {"Enabled": True, "MaxRequestBodySize": "1 MB"},
            "Consensus": {"WALDir": str(folder / "wal"), "SnapDir": str(folder / "snapshots")},
            "Admin": {
                "ListenAddress": f"127.0.0.1:{admin_port}",
                "TLS": tls | {"ClientRootCAs": roots, "ClientAuthRequired": True},
            },
            "Operations": {"ListenAddress": f"127.0.0.1:{operations_port}"},
            "Metrics": {"Provider": "prometheus"},
        }

    def _wait(self, client: httpx.Client) -> None:
        def answers() -> bool:
            try:
                client.get(CHANNELS)
            except httpx.TransportError:
                return False
            return True

        assert poll(answers, until=bool, every=0.05, timeout=_READY_SECONDS)
