"""A contract host as a local process of its own, that outlives the command that started it."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pyfabric.errors import NetworkError
from pyfabric_network.runtimes.contract_hosts import HOST_COMMAND, serves
from pyfabric_network.runtimes.process import Background
from pyfabric_network.runtimes.reloading import ReloadingProcess


@dataclass(frozen=True, slots=True)
class NativeHost:
    """A host that keeps its files in `folder` and imports contract classes from `modules`."""

    folder: Path
    modules: Path

    @property
    def process(self) -> Background:
        """The host's process."""
        return Background(self.folder / "pid")

    @property
    def services(self) -> Path:
        """The file with what the host serves."""
        return self.folder / "services.json"

    def serve(self, services: Mapping[str, Any]) -> None:
        """Serve exactly these services; the host is started if it does not run.

        Raises NetworkError with the host's own text if it cannot.
        """
        host = ReloadingProcess(
            what=f"contract host {self.folder.name}",
            error=NetworkError,
            process=self.process,
            wanted=self.services,
            answers=self.folder / "answers",
            log=self.folder / "log",
        )
        content = json.dumps(services).encode()
        until = serves(services)
        if self.process.pid() is not None:
            host.reload(content, until=until)
            return
        command = (*HOST_COMMAND, str(self.services.absolute()))
        host.start(content, command, folder=self.modules, until=until)
