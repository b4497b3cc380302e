"""What departments agree on: a topology and the code of its contracts, with one fingerprint for both."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any, Self

from pyfabric.chaincode.code import files_digest
from pyfabric.errors import ConfigError
from pyfabric_network.kept_code import code_of, kept_code
from pyfabric_network.state_folder import TOPOLOGY_COPY
from pyfabric_network.topology.loading import load_topology
from pyfabric_network.topology.spec import Topology


@dataclass(frozen=True, slots=True)
class Difference:
    """Something that a bundle would change on this machine: empty where one side has nothing of it."""

    subject: str
    name: str
    here: str
    bundle: str


@dataclass(frozen=True, slots=True)
class Agreement:
    """A topology, its file's content, and the files of contracts beside it, by path below their folder."""

    topology: Topology
    text: bytes
    code: Mapping[str, bytes]

    @classmethod
    def beside(cls, file: Path) -> Self:
        """Return what a topology file and the modules beside it say; raises TopologyError or ConfigError."""
        topology = load_topology(file)
        found = code_of(topology, file.parent).values()
        code = {name: content for files in found for name, content in files.items()}
        return cls(topology, _content(file), code)

    @classmethod
    def kept(cls, root: Path, digests: Mapping[str, str]) -> Self:
        """Return what a network's folder `root` keeps, with the code of these digests, by contract."""
        file = root / TOPOLOGY_COPY
        return cls(load_topology(file), _content(file), kept_code(root, digests.values()))

    def fingerprint(self) -> str:
        """Return the SHA-256 (hex) of what `sha256sum` prints for topology.yaml and the files of code."""
        return files_digest({**self.code, TOPOLOGY_COPY: self.text})

    def differences(self, other: "Agreement") -> Iterator[Difference]:
        """Yield what `other`, of a bundle, has otherwise: keys of the topology, and files."""
        here, there = _flat(self.topology), _flat(other.topology)
        for key in sorted({*here, *there}):
            if here.get(key) != there.get(key):
                yield Difference("topology", key, here.get(key, ""), there.get(key, ""))
        if here == there and self.text != other.text:
            yield Difference("topology", TOPOLOGY_COPY, "", "comments or layout alone")
        for name in sorted({*self.code, *other.code}):
            before, after = self.code.get(name), other.code.get(name)
            if before != after:
                yield Difference("code", name, _digest(before), _digest(after))


def _content(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError as error:
        raise ConfigError(f"{file}: {error.strerror}") from error


def _digest(content: bytes | None) -> str:
    return "" if content is None else sha256(content).hexdigest()


def _flat(topology: Topology) -> dict[str, str]:
    """Return a topology's values as JSON, by their keys ("contracts.deeds.endorsement")."""
    return dict(_values(topology.model_dump(mode="json"), ""))


def _values(part: Any, path: str) -> Iterator[tuple[str, str]]:
    if isinstance(part, Mapping) and part:
        for key, value in part.items():
            yield from _values(value, f"{path}.{key}" if path else str(key))
    else:
        yield path, json.dumps(part, ensure_ascii=False)
