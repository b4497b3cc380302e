"""PKCS#11 URIs (RFC 7512): where a token is, which key of it is meant, and whence its PIN comes.

In files a URI stands in a PEM block, as OpenSSL's pkcs11-provider writes and reads it.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final
from urllib.parse import quote, unquote_to_bytes

from pyfabric.errors import DecodeError, IdentityError
from pyfabric.identity import pem
from pyfabric.messages import der

PEM_LABEL: Final = "PKCS#11 PROVIDER URI"
"""The label of the PEM block that names a key of a token, where another file has the key."""

_SCHEME: Final = "pkcs11:"
_TOKEN: Final = ("token", "serial", "manufacturer", "model")
_KEY: Final = ("id", "object", "type")
_QUERY: Final = ("module-path", "pin-source")
_DESCRIPTION: Final = b"PKCS#11 Provider URI v1.0"
_VISIBLE_STRING: Final = 0x1A
_UTF8_STRING: Final = 0x0C


@dataclass(frozen=True, slots=True)
class PKCS11URI:
    """A token by what it says of itself (its label, serial, …), and its library; the id or label of a key, if one is named.

    `pin_source` is the file of the PIN; empty: who opens the token gives it.
    """

    module: str
    token: Mapping[str, str]
    pin_source: str = ""
    id: bytes = b""
    label: str = ""

    def __str__(self) -> str:
        path = dict(self.token)
        if self.label:
            path["object"] = self.label
        parts = [f"{name}={quote(value, safe='')}" for name, value in path.items()]
        if self.id:
            parts.append("id=" + "".join(f"%{octet:02X}" for octet in self.id))
        if self.id or self.label:
            parts.append("type=private")
        source = f"file:{self.pin_source}" if self.pin_source else ""
        query = {"module-path": self.module, "pin-source": source}
        rest = [f"{name}={quote(value, safe='/:')}" for name, value in query.items() if value]
        return f"{_SCHEME}{';'.join(parts)}?{'&'.join(rest)}"

    def pem(self) -> bytes:
        """Return the URI as the PEM block that stands in the place of a private key."""
        content = der.encode(_VISIBLE_STRING, _DESCRIPTION)
        content += der.encode(_UTF8_STRING, str(self).encode())
        return pem.encode(PEM_LABEL, der.encode(der.SEQUENCE, content))


def read_uri(text: str) -> PKCS11URI:
    """Return what a URI says.

    Raises IdentityError for one that holds a PIN, names no token or no library, or has parts that are not supported.
    """
    if not text.startswith(_SCHEME):
        raise IdentityError(_bad("it does not begin with pkcs11:"))
    path, _, query = text.removeprefix(_SCHEME).partition("?")
    found = dict[str, bytes]()
    for name, value in (*_pairs(path, ";"), *_pairs(query, "&")):
        if name == "pin-value":
            raise IdentityError(
                "a PKCS#11 URI must not hold the PIN (pin-value), which others could read: name its file with "
                "pin-source=file:PATH, or leave it out to be asked"
            )
        if name in found or name not in (*_TOKEN, *_KEY, *_QUERY):
            raise IdentityError(
                _bad(
                    f"{name} is {'given twice' if name in found else 'not supported'}: use token, serial, manufacturer, "
                    "model, id, object, module-path and pin-source"
                )
            )
        found[name] = value
    return _uri(found)


def read_reference(content: bytes) -> PKCS11URI:
    """Return the URI in a PEM block; raises IdentityError."""
    try:
        parts = der.Reader(der.Reader(content).read(der.SEQUENCE).content)
        parts.read(_VISIBLE_STRING)
        text = parts.read(_UTF8_STRING).content.decode()
    except (DecodeError, UnicodeDecodeError) as error:
        raise IdentityError(f"the PEM block {PEM_LABEL} cannot be read: {error}") from error
    return read_uri(text)


def _uri(found: Mapping[str, bytes]) -> PKCS11URI:
    try:
        texts = {name: value.decode() for name, value in found.items() if name != "id"}
    except UnicodeDecodeError as error:
        raise IdentityError(_bad("it is not UTF-8")) from error
    token: dict[str, str] = {name: texts[name] for name in _TOKEN if name in texts}
    module, source = texts.get("module-path", ""), texts.get("pin-source", "")
    if not module.startswith("/"):
        raise IdentityError(
            _bad("it has no absolute path of the token's library: add ?module-path=/…/lib….so")
        )
    if not token:
        raise IdentityError(_bad("it names no token: add token=LABEL"))
    if texts.get("type", "private") != "private":
        raise IdentityError(_bad(f"it names a {texts['type']}, not a private key"))
    if source.startswith("|"):
        raise IdentityError(_bad("its pin-source is a command, which is not run: name a file"))
    return PKCS11URI(
        module, token, source.removeprefix("file:"), found.get("id", b""), texts.get("object", "")
    )


def _pairs(text: str, separator: str) -> Iterator[tuple[str, bytes]]:
    for part in filter(None, text.split(separator)):
        name, equals, value = part.partition("=")
        if not equals:
            raise IdentityError(_bad(f"{name} has no value"))
        yield name, unquote_to_bytes(value)


def _bad(why: str) -> str:
    return f"not a usable PKCS#11 URI: {why}"
