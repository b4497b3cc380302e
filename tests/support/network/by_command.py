"""A network that is administered by the command alone, and a program that writes to it all the while."""

import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pyfabric_network.ports import free_base
from pyfabric_network.profile import load_profile

from pyfabric.errors import CommitError, EndorseError, FabricError, StatusCode, SubmitError
from pyfabric.gateway import Retry, connect


@dataclass(frozen=True)
class Done:
    """What a command printed, and how it ended."""

    code: int
    out: str
    err: str

    def json(self) -> Any:
        """Return standard output as JSON."""
        return json.loads(self.out)


@dataclass(frozen=True)
class CommandLine:
    """The command in a folder of its own, which is the state folder's too."""

    folder: Path
    runtime: str
    _environments: dict[str, dict[str, str]] = field(default_factory=dict)

    def __call__(self, *arguments: str, fails: int = 0) -> Done:
        """Run `pyfabric` with these arguments, and compare its exit code."""
        ran = subprocess.run(
            [sys.executable, "-m", "pyfabric_cli", *arguments],
            cwd=self.folder,
            env={**os.environ, "PYFABRIC_RUNTIME": self.runtime},
            capture_output=True,
            text=True,
            timeout=180,
            check=False,
        )
        assert ran.returncode == fails, f"{arguments}\n{ran.stdout}{ran.stderr}"
        return Done(ran.returncode, ran.stdout, ran.stderr)

    def environment(self, department: str) -> dict[str, str]:
        """Return the environment in which Fabric's own `peer` acts as the department's administrator."""
        if department not in self._environments:
            exports = self("network", "env", department).out.splitlines()
            pairs = [line.removeprefix("export ").partition("=") for line in exports]
            self._environments[department] = {name: value.strip("'\"") for name, _, value in pairs}
        return self._environments[department]


@contextmanager
def network_by_command(folder: Path, topology: str, runtime: str) -> Iterator[CommandLine]:
    """Provide a network of the topology, up with its contracts; files beside it must be there already."""
    departments = 50 * 4
    (folder / "city.yaml").write_text(f"{topology}base_port: {free_base(range(departments))}\n")
    pyfabric = CommandLine(folder, runtime)
    pyfabric("network", "up", "city.yaml")
    try:
        pyfabric("chaincode", "deploy")
        yield pyfabric
    finally:
        pyfabric("network", "down")


@dataclass
class Writer:
    """A program that writes one key after the other, with a pause in seconds, and keeps which were committed.

    With `again` it sends again what did not become valid, as applications do: a member that came meanwhile may have been
    needed to endorse. So it does with what no orderer has accepted in time, while one that was lost had led them, and with
    what nobody can endorse while peers do not know yet what the others serve, since a definition was committed.
    """

    profile: Path
    channel: str
    chaincode: str
    user: str
    pause: float = 0.0
    again: bool = False
    committed: list[str] = field(default_factory=list)
    faults: list[FabricError] = field(default_factory=list)

    @contextmanager
    def writing(self, at_least: int = 10) -> Iterator[None]:
        """Write while the block runs, and at least `at_least` keys before it and after it."""
        stop, wanted = threading.Event(), len(self.committed) + at_least
        thread = threading.Thread(target=self._write, args=(stop,))
        thread.start()
        try:
            self._await(wanted)
            yield
            self._await(len(self.committed) + at_least)
        finally:
            stop.set()
            thread.join(60)
        assert not self.faults, [str(one) for one in self.faults]

    def lost(self) -> list[str]:
        """Return the keys that were committed and are not on the ledger."""
        profile = load_profile(self.profile)
        with connect(profile.user(self.user), profile.peers) as gateway:
            contract = gateway.network(self.channel).contract(self.chaincode)
            return [key for key in self.committed if contract.evaluate("get", key) != key.encode()]

    def _await(self, count: int) -> None:
        for _ in range(3000):
            if len(self.committed) >= count or self.faults:
                return
            threading.Event().wait(0.02)
        raise AssertionError(f"{len(self.committed)} of {count} keys within a minute")

    def _write(self, stop: threading.Event) -> None:
        profile = load_profile(self.profile)
        with connect(profile.user(self.user), profile.peers) as gateway:
            contract = gateway.network(self.channel).contract(self.chaincode)
            while not stop.is_set():
                key = f"key {len(self.committed)}"
                try:
                    contract.submit("put", key, key, retry=Retry(attempts=10))
                except FabricError as error:
                    if self.again and _passes(error):
                        stop.wait(0.1)
                        continue
                    self.faults.append(error)
                    return
                self.committed.append(key)
                stop.wait(self.pause)


def _passes(error: FabricError) -> bool:
    """Return whether the same may be sent again, and be committed."""
    if isinstance(error, EndorseError):
        return error.code is StatusCode.FAILED_PRECONDITION
    return isinstance(error, (CommitError, SubmitError))
