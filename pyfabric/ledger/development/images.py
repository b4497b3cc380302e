"""All that a ledger process keeps, as one value: taken, put back, written to a file and read from it.

A file is a zip archive: `manifest.json`, `channels/NAME`, `peers/NAME/private` and
`peers/NAME/packages/FILE`. It holds departments' private data, so only its owner may read it.
"""

import json
import re
import sqlite3
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from pyfabric.errors import LedgerError
from pyfabric.ledger.channel import check
from pyfabric.ledger.channel.database import image_format
from pyfabric.ledger.private import store
from pyfabric.local import files

FORMAT: Final = 1
_MANIFEST: Final = "manifest.json"
_NAME: Final = re.compile(r"[0-9A-Za-z][0-9A-Za-z_.+-]*")
# What a zip archive and a manifest raise that were damaged: RuntimeError for a changed flag (encryption, patches) or method.
_DAMAGED: Final = (
    zipfile.BadZipFile,
    zlib.error,
    EOFError,
    LookupError,
    RuntimeError,
    TypeError,
    ValueError,
)


@dataclass(frozen=True, slots=True)
class PeerImage:
    """What a peer keeps for itself; packages are by file name."""

    private_data: bytes
    packages: Mapping[str, bytes]


@dataclass(frozen=True, slots=True)
class Image:
    """The state of a network at one moment; `network` identifies the network by its peers."""

    network: str
    channels: Mapping[str, bytes]
    peers: Mapping[str, PeerImage]

    def save(self, path: Path, *, compressed: bool = True) -> None:
        """Write a file, durably, whole or not at all; raises LedgerError."""
        method = zipfile.ZIP_DEFLATED if compressed else zipfile.ZIP_STORED
        with (
            files.replacing(path, error=LedgerError, mode=files.PRIVATE) as file,
            zipfile.ZipFile(file, "w", method, compresslevel=1) as archive,
        ):
            for name, data in self._parts():
                archive.writestr(name, data)

    @classmethod
    def load(cls, path: Path) -> "Image":
        """Read a file that `save` wrote; raises LedgerError if it is another or damaged."""
        try:
            with zipfile.ZipFile(path) as archive:
                parts = {name: archive.read(name) for name in archive.namelist()}
            manifest = json.loads(parts.pop(_MANIFEST))
            found, network = manifest["format"], str(manifest["network"])
        except OSError as error:
            raise LedgerError(f"{path}: {error.strerror or error}") from error
        except _DAMAGED as error:
            raise LedgerError(f"{path}: not a dump of a development ledger: {error}") from error
        if found != FORMAT:
            raise LedgerError(f"{path}: format {found} is not supported, only {FORMAT}")
        return _image(path, network, parts)

    def _parts(self) -> Iterator[tuple[str, bytes]]:
        manifest = {"format": FORMAT, "network": self.network}
        yield _MANIFEST, json.dumps(manifest).encode()
        for name, data in self.channels.items():
            yield f"channels/{name}", data
        for name, peer in self.peers.items():
            yield f"peers/{name}/private", peer.private_data
            for file_name, data in peer.packages.items():
                yield f"peers/{name}/packages/{file_name}", data


def _image(path: Path, network: str, parts: Mapping[str, bytes]) -> Image:
    channels: dict[str, bytes] = {}
    private_data: dict[str, bytes] = {}
    packages: dict[str, dict[str, bytes]] = {}
    for name, data in parts.items():
        pieces = name.split("/")
        match pieces if all(map(_NAME.fullmatch, pieces)) else ():
            case ["channels", channel_id]:
                channels[channel_id] = _checked(f"{path}: {name}", data, check.FORMAT)
            case ["peers", peer, "private"]:
                private_data[peer] = _checked(f"{path}: {name}", data, store.FORMAT)
            case ["peers", peer, "packages", file]:
                packages.setdefault(peer, {})[file] = data
            case _:
                raise LedgerError(f"{path}: not a dump of a development ledger: it has a {name!r}")
    return Image(
        network,
        channels,
        {name: PeerImage(data, packages.get(name, {})) for name, data in private_data.items()},
    )


def _checked(what: str, data: bytes, expected: int) -> bytes:
    try:
        found = image_format(data)
    except sqlite3.Error as error:
        raise LedgerError(f"{what}: not a database, or a damaged one: {error}") from error
    if found != expected:
        raise LedgerError(f"{what}: format {found} is not supported, only {expected}")
    return data
