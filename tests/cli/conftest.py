"""The command as a user runs it, in this process, on a network that is started once for all tests."""

import json
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

import pytest
from pyfabric_cli.main import main
from pyfabric_network.network import Network

from tests.support.network.network import running_network


@dataclass(frozen=True)
class Ended:
    """How a command ended."""

    code: int
    out: str
    err: str

    def json(self) -> Any:
        """Return standard output as JSON."""
        return json.loads(self.out)


Run: TypeAlias = Callable[..., Ended]


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Run:
    """Run `pyfabric` with these arguments."""

    def run(*arguments: str) -> Ended:
        monkeypatch.setattr(sys, "argv", ["pyfabric", *arguments])
        capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            main()
        said = capsys.readouterr()
        return Ended(int(ended.value.code or 0), said.out, said.err)

    return run


@pytest.fixture(scope="session")
def network(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Network]:
    """Provide a running network with the contract `sample`."""
    with running_network(tmp_path_factory.mktemp("cli")) as network:
        yield network


@pytest.fixture
def state(network: Network, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Point the command at the running network's state folder."""
    monkeypatch.setenv("PYFABRIC_STATE", str(network.folder))
    return network.folder
