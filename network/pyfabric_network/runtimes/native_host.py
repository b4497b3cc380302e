"""A contract host as a local process of its own, that outlives the command that started it."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from pyfabric.errors import NetworkError
from pyfabric_network.runtimes.contract_hosts import HOST_COMMAND, serves
from pyfabric_network.runtimes.process import Background
from pyfabric_network.runtimes.reloading import ReloadingProcess

# A host answers once its contracts have started, for which it gives them twenty seconds.
_SILENT_SECONDS: Final = 25.0
_STOP_SECONDS: Final = 5.0


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
        """Serve exactly these services; the host is started if it does not run, and again if it hangs.

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
            if host.reload_in_time(content, until=until, seconds=_SILENT_SECONDS):
                return
            self.process.stop(timeout=_STOP_SECONDS)
        command = (*HOST_COMMAND, str(self.services.absolute()))
        host.start(content, command, folder=self.modules, until=until)
