"""The file of a backup: a tar archive with the digests of all its files, compressed with gzip.

The first member, `backup.json`, describes the network (`Facts`); then come the folders and files of
the network's folder, and last `digests.json`, an object with the SHA-256 of each file. The archive may be encrypted as a
whole (`encryption`).
"""

import gzip
import io
import json
import os
import secrets
import shutil
import tarfile
import zlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path, PurePosixPath
from typing import IO, Final

from pydantic import BaseModel, ConfigDict, ValidationError

from pyfabric.errors import ConfigError
from pyfabric.local import files
from pyfabric_network.backups.encryption import MAGIC, Decrypting, Encrypting
from pyfabric_network.runtimes.runtime import RuntimeName

_FORMAT: Final = 1
_FACTS: Final = "backup.json"
_DIGESTS: Final = "digests.json"
_LIMIT: Final = 64 * 1024 * 1024  # of these two
_GZIP: Final = b"\x1f\x8b"
_SPEED: Final = 1  # of compression: blocks hold certificates and signatures, which more effort makes hardly smaller
_PRIVATE_FOLDER: Final = 0o700


class Facts(BaseModel):
    """Of which network a backup is: its name, its runtime, whose nodes, and when it was made (ISO 8601)."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    format: int = _FORMAT
    network: str
    runtime: RuntimeName
    departments: tuple[str, ...]
    made: str


def write_archive(
    file: Path,
    facts: Facts,
    folder: Path,
    names: Iterable[PurePosixPath],
    *,
    passphrase: str | None,
) -> None:
    """Write what `names` has below `folder` to a new file that is its owner's alone (0600).

    Raises ConfigError, and leaves no file then.
    """
    with files.replacing(file, error=ConfigError, mode=files.PRIVATE) as target:
        encrypting = passphrase and Encrypting(target, passphrase, secrets.token_bytes)
        with (
            gzip.GzipFile("", "wb", _SPEED, fileobj=encrypting or target, mtime=0) as packed,
            tarfile.open(fileobj=packed, mode="w|", format=tarfile.PAX_FORMAT) as archive,
        ):
            _add_text(archive, _FACTS, facts.model_dump_json(indent=2))
            digests = {}
            for name in names:
                path = folder / name
                if path.is_dir():
                    archive.addfile(_member(path, name))
                else:
                    digests[str(name)] = _add_file(archive, path, name)
            _add_text(archive, _DIGESTS, json.dumps(digests, indent=1))
        if encrypting:
            encrypting.finish()


def is_encrypted(file: Path) -> bool:
    """Return whether a backup is encrypted; raises ConfigError for a file that is no backup."""
    with _reading(file), file.open("rb") as source:
        start = source.read(len(MAGIC))
    if start != MAGIC and not start.startswith(_GZIP):
        raise ConfigError(f"{file}: is not a backup of `pyfabric network backup`")
    return start == MAGIC


def read_facts(file: Path, passphrase: str | None) -> Facts:
    """Return of which network a backup is; raises ConfigError."""
    with _reading(file), _opened(file, passphrase) as archive:
        return _facts(archive)


def unpack(file: Path, folder: Path, passphrase: str | None) -> Facts:
    """Write everything in a backup to an empty folder, and check the digest of each file.

    Raises ConfigError for a backup that is damaged or incomplete; what was written is of no use then.
    """
    with _reading(file), _opened(file, passphrase) as archive:
        facts = _facts(archive)
        found: dict[str, str] = {}
        digests = None
        while (member := archive.next()) is not None:  # iterating would begin again
            if digests is not None:
                raise ConfigError(f"{member.name} comes after the digests")
            if member.name == _DIGESTS:
                digests = _digests(_content(archive, member))
            else:
                _unpack_member(archive, member, folder, found)
        if digests is None:
            raise ConfigError("it has no digests: it is incomplete")
        wrong = sorted(name for name, _ in found.items() ^ digests.items())
        if wrong:
            raise ConfigError(f"{wrong[0]} is not what its digest says")
    return facts


def _add_text(archive: tarfile.TarFile, name: str, text: str) -> None:
    content = text.encode() + b"\n"
    member = tarfile.TarInfo(name)
    member.size, member.mode = len(content), files.PRIVATE
    archive.addfile(member, io.BytesIO(content))


def _add_file(archive: tarfile.TarFile, path: Path, name: PurePosixPath) -> str:
    """Add a file, and return its digest."""
    with path.open("rb") as file:
        hashing = _Hashing(file)
        archive.addfile(_member(path, name), hashing)
    return hashing.digest.hexdigest()


def _member(path: Path, name: PurePosixPath) -> tarfile.TarInfo:
    """Return the entry of a file or folder: its owner and times are those of the machine that restores it."""
    found = path.stat()
    member = tarfile.TarInfo(str(name))
    member.mode = found.st_mode & 0o777
    if path.is_dir():
        member.type = tarfile.DIRTYPE
    else:
        member.size = found.st_size
    return member


class _Hashing(io.RawIOBase):
    """A file to read, whose digest is known afterwards."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self.digest = sha256()

    def read(self, size: int = -1, /) -> bytes:
        """Read the next bytes."""
        data = self._file.read(size)
        self.digest.update(data)
        return data


@contextmanager
def _opened(file: Path, passphrase: str | None) -> Iterator[tarfile.TarFile]:
    with file.open("rb") as source:
        if is_encrypted(file):
            if passphrase is None:
                raise ConfigError("it is encrypted: a passphrase is needed")
            source.seek(len(MAGIC))
            packed: IO[bytes] = io.BufferedReader(Decrypting(source, passphrase))
        else:
            packed = source
        with (
            gzip.GzipFile(fileobj=packed) as plain,
            tarfile.open(fileobj=plain, mode="r|") as archive,
        ):
            yield archive


@contextmanager
def _reading(file: Path) -> Iterator[None]:
    """Name the file in errors about what is in it."""
    try:
        yield
    except (tarfile.TarError, EOFError, zlib.error, gzip.BadGzipFile, ValueError) as error:
        raise ConfigError(
            f"{file}: is damaged or incomplete ({error}): use another copy"
        ) from error
    except OSError as error:
        raise ConfigError(f"{error.filename or file}: {error.strerror}") from error
    except ConfigError as error:
        named = str(error).startswith(str(file))
        raise error if named else ConfigError(f"{file}: {error}") from error


def _facts(archive: tarfile.TarFile) -> Facts:
    member = archive.next()
    if member is None or member.name != _FACTS:
        raise ConfigError("is not a backup of `pyfabric network backup`")
    content = json.loads(_content(archive, member))
    if content.get("format", 0) > _FORMAT:
        raise ConfigError("was made by a later version: restore it with that version")
    try:
        return Facts.model_validate(content)
    except ValidationError as error:
        raise ConfigError(f"{_FACTS} in it is damaged") from error


def _digests(content: bytes) -> dict[str, str]:
    found = json.loads(content)
    if not isinstance(found, dict) or not all(isinstance(one, str) for one in found.values()):
        raise ConfigError(f"{_DIGESTS} in it is damaged")
    return found


def _content(archive: tarfile.TarFile, member: tarfile.TarInfo) -> bytes:
    file = archive.extractfile(member) if member.size <= _LIMIT else None
    if file is None:
        raise ConfigError(f"{member.name} in it is damaged")
    return file.read()


def _unpack_member(
    archive: tarfile.TarFile, member: tarfile.TarInfo, folder: Path, found: dict[str, str]
) -> None:
    """Write a file or folder, and note the digest of a file; raises ConfigError for anything else."""
    path = _below(folder, member.name)
    if member.isdir():
        path.mkdir(mode=_PRIVATE_FOLDER, parents=True, exist_ok=True)
        path.chmod(member.mode & 0o777 | _PRIVATE_FOLDER)
        return
    source = archive.extractfile(member) if member.isreg() else None
    if source is None or member.name in found:
        raise ConfigError(f"{member.name} in it is no file, or is there twice")
    path.parent.mkdir(parents=True, exist_ok=True)
    hashing = _Hashing(source)
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW
    with os.fdopen(os.open(path, flags, member.mode & 0o777), "wb") as target:
        shutil.copyfileobj(hashing, target, 1024 * 1024)
    found[member.name] = hashing.digest.hexdigest()


def _below(folder: Path, name: str) -> Path:
    pure = PurePosixPath(name)
    if pure.is_absolute() or ".." in pure.parts or str(pure) != name or not pure.parts:
        raise ConfigError(f"{name} in it is not below the network's folder")
    return folder / pure
