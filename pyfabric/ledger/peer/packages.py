"""A peer's installed chaincode packages, as files named the way Fabric names them.

Source: core/chaincode/persistence of Fabric 3.1: `<label>.<hash>.tar.gz`, package id `label:hash`.
"""

import re
from collections.abc import Mapping, Sequence
from pathlib import Path

from pyfabric.admin.packages import ChaincodePackage
from pyfabric.errors import LedgerError, PackageError
from pyfabric.local import files

_FILE = re.compile(r"^(.+)\.([0-9a-f]{64})\.tar\.gz$")


class PackageStore:
    """The packages in one folder; each is written whole or not at all."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        self._labels: dict[str, str] = {}
        self._read_names()

    def _read_names(self) -> None:
        for path in sorted(self._folder.iterdir()):
            match = _FILE.match(path.name)
            if match is not None:
                self._labels[f"{match[1]}:{match[2]}"] = match[1]

    def __contains__(self, package_id: str) -> bool:
        return package_id in self._labels

    def listed(self) -> Sequence[tuple[str, str]]:
        """Return (package id, label) of every package, by package id."""
        return sorted(self._labels.items())

    def save(self, package: ChaincodePackage) -> None:
        """Keep a package; it survives the machine's crash when this returns. Raises LedgerError."""
        path = self._path(package.package_id)
        files.write_public(path, package.data, error=LedgerError)
        self._labels[package.package_id] = package.label

    def image(self) -> dict[str, bytes]:
        """Return every package by the name of its file, for `restore`."""
        return {path.name: path.read_bytes() for path in map(self._path, sorted(self._labels))}

    def restore(self, image: Mapping[str, bytes]) -> None:
        """Set the packages back to what they were."""
        present = {path.name for path in map(self._path, self._labels)}
        for name in present - set(image):
            (self._folder / name).unlink()
        for name in set(image) - present:  # a name has the hash of its contents
            files.write_public(self._folder / name, image[name], error=LedgerError)
        self._labels.clear()
        self._read_names()

    def load(self, package_id: str) -> bytes:
        """Return the bytes of a package; raises PackageError with Fabric's text if it is missing."""
        if package_id not in self._labels:
            raise PackageError(f"chaincode install package '{package_id}' not found")
        return self._path(package_id).read_bytes()

    def _path(self, package_id: str) -> Path:
        return self._folder / (package_id.replace(":", ".", 1) + ".tar.gz")
