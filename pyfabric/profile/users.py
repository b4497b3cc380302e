"""The users of a connection profile: MSP folders, or certificates and keys in one of its forms."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Final

from pyfabric.identity.loading import load_identity
from pyfabric.identity.signing import SigningIdentity
from pyfabric.local.fields import Fields
from pyfabric.profile import pem_fields

ADMIN: Final = "Admin"
_CERTIFICATES: Final = ("cert", "signedCert", "signedCertPEM")
_KEYS: Final = ("key", "private_key", "adminPrivateKey", "adminPrivateKeyPEM")
_USER: Final = re.compile(r"\{user_?name\}", re.IGNORECASE)


def user_folders(document: Fields, file: Path, key: str = "users") -> dict[str, Path]:
    """Return the MSP folders of users, which this project writes under `x-pyfabric`."""
    folders = document.part("x-pyfabric", {}).pairs(key)
    return {name: file.parent.absolute() / folder for name, folder in folders.items()}


def organization_users(organization: Fields) -> list[str]:
    """Return the names of the users whose certificates and keys an organisation's entry has or names."""
    names = organization.named("users").names()
    has_admin = _first(organization, _CERTIFICATES) and _first(organization, _KEYS)
    return [*names, ADMIN] if has_admin and ADMIN not in names else names


def load_user(
    organization: Fields, name: str, msp_id: str, folder: Path, pin: Callable[[], str] | None
) -> SigningIdentity:
    """Return one of `organization_users`; raise FieldError or IdentityError. `pin` is that of `load_identity`."""
    users = organization.named("users")
    entry = users.part(name) if name in users.names() else organization
    certificate = _first(entry, _CERTIFICATES) or _CERTIFICATES[0]
    key = _first(entry, _KEYS) or _KEYS[0]
    return load_identity(
        msp_id,
        pem_fields.certificates(entry, certificate, folder),
        pem_fields.private_key(entry, key, folder),
        pin=pin,
    )


def crypto_folder(document: Fields, organization: Fields, name: str, file: Path) -> Path | None:
    """Return the MSP folder of a user by the Go SDK's `cryptoPath`, if it is there."""
    pattern = organization.optional_text("cryptoPath")
    if pattern is None:
        return None
    base = document.part("client", {}).part("cryptoconfig", {}).optional_text("path") or ""
    path = Path(base) / _USER.sub(lambda _: name, pattern)
    return next((one for one in (file.parent / path, path) if one.is_dir()), None)


def _first(entry: Fields, names: tuple[str, ...]) -> str | None:
    return next((name for name in names if entry.holds(name)), None)
