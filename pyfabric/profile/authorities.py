"""The certificate authorities of a connection profile."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from pyfabric.local.fields import FieldError, Fields
from pyfabric.profile import pem_fields

_SECTION: Final = "certificateAuthorities"
_PLAIN: Final = "http://"


@dataclass(frozen=True, slots=True)
class AuthorityEntry:
    """One CA of a server: its URL, its name there ("" is the server's first), whose members it makes, and what to trust."""

    url: str
    name: str
    msp_id: str
    tls_roots: bytes = field(repr=False)
    trusted: bytes = field(repr=False)


def authority_entry(
    document: Fields, name: str, names: Sequence[str], msp_id: str, folder: Path
) -> AuthorityEntry:
    """Return a CA; `msp_id` is whose members it makes, unless the entry has another. Raises FieldError."""
    if name not in names:
        known = ", ".join(names) or "none"
        raise FieldError(f"{_SECTION}: no CA is named {name}; there are: {known}")
    entry = document.named(_SECTION).part(name)
    own = entry.part("x-pyfabric", {})
    url = entry.text("url")
    roots = b""
    if not url.startswith(_PLAIN):
        roots = pem_fields.certificates(entry, "tlsCACerts", folder)
    return AuthorityEntry(
        url,
        name=entry.text("caName", ""),
        msp_id=own.text("mspid", msp_id),
        tls_roots=roots,
        trusted=own.text("trusted", "").encode(),
    )
