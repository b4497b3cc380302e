"""Copies of contracts' code in a network's folder, which contract hosts import: a folder for each digest."""

import shutil
from collections.abc import Iterable, Mapping
from pathlib import Path

from pyfabric.chaincode.code import code_digest, read_code
from pyfabric.errors import ConfigError, NetworkError
from pyfabric.local import files
from pyfabric_network.modules import files_of
from pyfabric_network.state_folder import MODULES
from pyfabric_network.topology.spec import Topology


def code_of(topology: Topology, folder: Path) -> dict[str, dict[str, bytes]]:
    """Return the files of each contract whose classes are in modules beside the topology file, in `folder`.

    By contract, and by path below `folder`; see `files_of` for what is taken and the errors.
    """
    found = {name: files_of(folder, spec.classes) for name, spec in topology.contracts.items()}
    return {name: code for name, code in found.items() if code}


def digests(code: Mapping[str, Mapping[str, bytes]]) -> dict[str, str]:
    """Return the digests of contracts' files, by contract."""
    return {name: code_digest(contents) for name, contents in code.items()}


def keep_all(code: Mapping[str, Mapping[str, bytes]], root: Path) -> dict[str, str]:
    """Keep contracts' code in a network's folder `root`; return the digests, by contract."""
    found = digests(code)
    for name, contents in code.items():
        keep(contents, root / MODULES / found[name])
    return found


def keep(code: Mapping[str, bytes], folder: Path) -> None:
    """Make `folder` hold exactly these files; raises NetworkError."""
    if folder.is_dir() and _is_kept(code, folder):
        return
    draft = folder.with_name(f".{folder.name}.new")
    shutil.rmtree(draft, ignore_errors=True)
    write_code(code, draft)
    shutil.rmtree(folder, ignore_errors=True)
    with files.reported(folder, NetworkError):
        files.rename_folder(draft, folder)


def kept_code(root: Path, kept: Iterable[str]) -> dict[str, bytes]:
    """Return all files of the code with these digests that is kept in a network's folder `root`."""
    return {
        name: content
        for digest in sorted(set(kept))
        for name, content in read_code(root / MODULES / digest).items()
    }


def write_code(code: Mapping[str, bytes], folder: Path) -> None:
    """Write files of contracts to a folder; raises NetworkError."""
    for name, content in code.items():
        files.write_public(folder / name, content, error=NetworkError)


def forget(folder: Path, kept: Iterable[str]) -> None:
    """Remove from the folder of all code what has none of these digests."""
    for old in {path.name for path in folder.glob("*")} - {*kept}:
        shutil.rmtree(folder / old, ignore_errors=True)


def _is_kept(code: Mapping[str, bytes], folder: Path) -> bool:
    try:
        return read_code(folder) == code
    except ConfigError:
        return False
