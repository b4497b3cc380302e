"""Certificates and keys in a connection profile, in every form that tools write them.

They are text in PEM, base64 of PEM or of DER, or the path of a file with either; one, or a list of them. A field
is an object with `pem` or `path`, or such a text itself.
"""

import binascii
import re
from collections.abc import Callable, Iterator, Mapping
from os.path import expandvars
from pathlib import Path
from typing import Final

from pyfabric.errors import IdentityError
from pyfabric.identity import pem
from pyfabric.identity.certificates import load_certificate
from pyfabric.identity.pkcs11_uri import PEM_LABEL
from pyfabric.local.fields import FieldError, Fields

_PATH: Final = re.compile(r"[^\n]{1,4096}")
_SEQUENCE: Final = 0x30
_SEC1_VERSION: Final = b"\x02\x01\x01"
"""An elliptic curve's key begins with version 1; PKCS #8, the other form, with 0."""


def certificates(owner: Fields, name: str, folder: Path) -> bytes:
    """Return the certificates (PEM) of a field, one after the other; raise FieldError.

    A relative path is looked for in `folder`, then in the working directory, where Fabric's own SDKs look.
    """
    found = list(_each(owner, name, folder, _certificate_from_der))
    for at, content in found:
        problem = pem.not_certificates(content)
        if problem is not None:
            raise FieldError(f"{at}: {problem}")
    return b"\n".join(content for _, content in found)


def private_key(owner: Fields, name: str, folder: Path) -> bytes:
    """Return the private key (PEM) of a field, or the reference to one in a PKCS#11 token; raise FieldError.

    A path may be that of a keystore with one key.
    """
    found = list(_each(owner, name, folder, _key_from_der))
    if len(found) != 1:
        raise FieldError(f"{owner.at(name)}: must be one private key")
    at, content = found[0]
    block = pem.find(content)
    if block is None or not block.label.endswith(("PRIVATE KEY", PEM_LABEL)):
        what = "no private key in PEM" if block is None else f"the PEM block is a {block.label}"
        raise FieldError(f"{at}: {what}")
    return content


def _each(
    owner: Fields, name: str, folder: Path, from_der: Callable[[bytes], bytes]
) -> Iterator[tuple[str, bytes]]:
    """Yield each PEM of a field, with where it stands."""
    value = owner.value(name)
    if isinstance(value, Mapping):
        inner = owner.part(name)
        given = next((key for key in ("pem", "path") if value.get(key)), None)
        if given is None:
            raise FieldError(f"{owner.at(name)}: needs pem or path")
        where, texts, is_path = inner.at(given), value[given], given == "path"
    else:
        where, texts, is_path = owner.at(name), value, None
    for text in texts if isinstance(texts, list) else [texts]:
        if not isinstance(text, str) or not text.strip():
            raise FieldError(f"{where}: must be a string")
        content = _decoded(text.encode(), from_der)
        if is_path or (is_path is None and content is None and _PATH.fullmatch(text)):
            for path in _paths(text, folder):
                yield f"{where}: {path}", _read(path, folder, where, from_der)
        else:
            yield where, content or text.encode()


def _paths(text: str, folder: Path) -> list[str]:
    """Return the paths in a text, which may be several with commas between them, as the Java SDK has them."""
    expanded = expandvars(text)  # the Go SDK's ${NAME}
    if _find(expanded, folder) is not None:
        return [expanded]
    return [part.strip() for part in expanded.split(",") if part.strip()]


def _find(path: str, folder: Path) -> Path | None:
    return next((one for one in (folder / path, Path(path)) if one.exists()), None)


def _read(path: str, folder: Path, where: str, from_der: Callable[[bytes], bytes]) -> bytes:
    found = _find(path, folder) or folder / path
    try:
        if found.is_dir():
            found = _only_file(found, where)
        content = found.read_bytes()
    except OSError as error:
        raise FieldError(f"{where}: {path}: {error.strerror}") from error
    return _decoded(content, from_der) or content


def _only_file(folder: Path, where: str) -> Path:
    files = [one for one in sorted(folder.iterdir()) if one.is_file()]
    if len(files) != 1:
        raise FieldError(f"{where}: {folder} is a folder with {len(files)} files: name one")
    return files[0]


def _decoded(given: bytes, from_der: Callable[[bytes], bytes]) -> bytes | None:
    """Return PEM for PEM, base64 of it, DER, and base64 of that; None for anything else."""
    for content in (given, _from_base64(given)):
        if pem.find(content) is not None:
            return content
        if content[:1] == bytes([_SEQUENCE]) and (made := from_der(content)):
            return made
    return None


def _from_base64(text: bytes) -> bytes:
    try:
        return binascii.a2b_base64(b"".join(text.split()), strict_mode=True)
    except binascii.Error:
        return b""


def _certificate_from_der(content: bytes) -> bytes:
    """Return a certificate as PEM; empty if it is not a certificate."""
    made = pem.encode("CERTIFICATE", content)
    try:
        load_certificate(made)
    except IdentityError:
        return b""
    return made


def _key_from_der(content: bytes) -> bytes:
    sec1 = _SEC1_VERSION in content[2:7]
    return pem.encode("EC PRIVATE KEY" if sec1 else "PRIVATE KEY", content)
