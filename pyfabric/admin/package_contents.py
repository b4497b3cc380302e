"""What a chaincode package holds of a folder, by the type of the chaincode, as `peer` packages it.

Source: core/chaincode/platforms of Fabric 3.1, and its builder for chaincode services.
"""

import json
import posixpath
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from pyfabric.admin.index_files import check_index_file
from pyfabric.errors import PackageError

SERVICE: Final = "ccaas"
GO: Final = "golang"
JAVA: Final = "java"
NODE: Final = "node"

_METADATA: Final = "META-INF/"
_GO_MODULE: Final = "go.mod"
_MODULE: Final = re.compile(r"^module[ \t]+\"?([^\s\"]+)", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Contents:
    """The files of a code archive by name, and the path that a package's metadata gives."""

    files: Mapping[str, bytes]
    path: str = ""


def skips_folder(kind: str) -> Callable[[str], bool]:
    """Return which folders, by their own name, are left out of a package of that type."""
    if kind == GO:
        return lambda name: name.startswith(".")
    made = {NODE: ("node_modules",), JAVA: ("target", "build", "out")}.get(kind, ())
    return lambda name: name in (".git", *made)


def package_contents(kind: str, files: Mapping[str, bytes], chaincode: str = "") -> Contents:
    """Return what a package of `kind` holds of a folder's files, given by their paths below it.

    `kind` is golang, java, node or ccaas, or the name that an external builder detects. `chaincode` is the
    folder of a Go chaincode within its module. Raises PackageError for a folder that is no such chaincode.
    """
    if not files:
        raise PackageError("the folder has no files to package")
    if kind == GO:
        return _go_module(files, chaincode)
    if kind == JAVA:
        sources = {name: files[name] for name in files if not name.endswith(".class")}
        return Contents(_with_source(sources, _METADATA))
    if kind == NODE:
        if "package.json" not in files:
            raise PackageError("a node chaincode needs a package.json at the root of its folder")
        return Contents(_with_source(files, _METADATA))
    if kind == SERVICE:
        _check_connection(files)
    _check_metadata(files)
    return Contents(files)


def _go_module(files: Mapping[str, bytes], chaincode: str) -> Contents:
    module = _MODULE.search(files.get(_GO_MODULE, b"").decode(errors="replace"))
    if module is None:
        raise PackageError("a Go chaincode needs a go.mod that names its module")
    metadata = posixpath.join(chaincode, _METADATA)
    return Contents(_with_source(files, metadata), posixpath.join(module[1], chaincode).rstrip("/"))


def _with_source(files: Mapping[str, bytes], metadata: str) -> dict[str, bytes]:
    """Return sources below src/, and the metadata folder's files below META-INF/ without the hidden ones."""
    sources = {f"src/{name}": files[name] for name in files if not name.startswith(metadata)}
    indexes = {
        _METADATA + name.removeprefix(metadata): files[name]
        for name in files
        if name.startswith(metadata) and not posixpath.basename(name).startswith(".")
    }
    _check_metadata(indexes)
    return sources | indexes


def _check_metadata(files: Mapping[str, bytes]) -> None:
    for name, content in files.items():
        if name.startswith(_METADATA):
            check_index_file(name, content)


def _check_connection(files: Mapping[str, bytes]) -> None:
    try:
        connection = json.loads(files["connection.json"])
    except KeyError as error:
        raise PackageError("a chaincode service needs a connection.json in its folder") from error
    except ValueError as error:
        raise PackageError(f"connection.json is not a valid JSON: {error}") from error
    if not isinstance(connection, dict) or not isinstance(connection.get("address"), str):
        raise PackageError("connection.json must be an object with the address of the service")
