"""A department's CA server as a local process: Fabric's `fabric-ca-server`, in the folder of the server."""

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Final

from pyfabric.errors import NetworkError
from pyfabric.local import files
from pyfabric.local.sockets import listens
from pyfabric.local.waiting import poll
from pyfabric_network.connections import Connections, health
from pyfabric_network.material.ca_server import certificates_digest, server_configs
from pyfabric_network.runtimes.log_files import last_line
from pyfabric_network.runtimes.process import Background
from pyfabric_network.topology.ca_servers import CAServer
from pyfabric_network.topology.departments import DepartmentPlan

_READY_SECONDS: Final = 60.0
_PAUSE: Final = 0.05


@dataclass(frozen=True, slots=True)
class NativeCA:
    """The server of a department's CAs; its process keeps its files in `folder`."""

    folder: Path
    department: DepartmentPlan
    server: CAServer

    @property
    def process(self) -> Background:
        """The server's process."""
        return Background(self.folder / "pid")

    @property
    def log(self) -> Path:
        """What the process printed."""
        return self.folder / "log"

    def runs_as_planned(self, program: Path) -> bool:
        """Return whether the process runs, and as it would be started now."""
        record = self.folder / "launch.json"
        if self.process.pid() is None or not record.exists():
            return False
        if not self.server.registrar_secret.exists():
            return False  # `up` makes another
        return record.read_text(encoding="utf-8") == self._record(program, self._configs())

    def start(self, program: Path) -> None:
        """Start the process; raises NetworkError."""
        home, configs = self._home, self._configs()
        (self.folder / "tmp").mkdir(parents=True, exist_ok=True, mode=0o700)
        for name, text in configs.items():  # private: they hold the registrar's secret
            files.write_private(home / name, text.encode(), error=NetworkError)
        record = self._record(program, configs).encode()
        files.write_public(self.folder / "launch.json", record, error=NetworkError)
        self.process.start(
            (str(program), "start"),
            output=Path(os.devnull),
            log=self.log,
            folder=home,
            environment={
                "FABRIC_CA_SERVER_HOME": str(home),
                "PATH": os.defpath,
                "TMPDIR": str(self.folder / "tmp"),
            },
        )

    def await_health(self, connections: Connections) -> None:
        """Wait until the server is healthy; raises NetworkError with the end of its log."""
        if not poll(lambda: self._is_ready(connections), every=_PAUSE, timeout=_READY_SECONDS):
            raise NetworkError(
                f"{self.server.name} is not healthy after {_READY_SECONDS:.0f} s: {self.log}"
            )

    def _is_ready(self, connections: Connections) -> bool:
        if self.process.pid() is None:
            raise NetworkError(
                f"{self.server.name} terminated at once: {last_line(self.log)} ({self.log})"
            )
        if not all(map(listens, self.server.listening().values())):
            return False
        found = health(connections.ca_operations(self.department, self.server))
        return found is not None and found.is_healthy

    @property
    def _home(self) -> Path:
        return self.server.member.folder

    def _configs(self) -> dict[str, str]:
        server = self.server
        return server_configs(
            server,
            listen=server.address,
            operations=server.operations,
            inside=self._home.parent,
            member=self._home,
        )

    def _record(self, program: Path, configs: Mapping[str, str]) -> str:
        """Return how the server is started: digests of its configurations, which hold a secret, and its certificates."""
        digests = {name: sha256(text.encode()).hexdigest() for name, text in configs.items()}
        started = {
            "program": str(program),
            "read": digests,
            "certificates": certificates_digest(self.server),
        }
        return json.dumps(started, indent=2) + "\n"
