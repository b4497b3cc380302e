"""Identities read from the places where Fabric's tools leave them."""

from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from pyfabric.errors import IdentityError
from pyfabric.identity import pem
from pyfabric.identity.certificates import expires_at, load_certificate
from pyfabric.identity.key_files import belongs, load_signer
from pyfabric.identity.signing import Identity, SigningIdentity


def load_identity(
    msp_id: str, certificate_pem: bytes, key_pem: bytes, *, pin: Callable[[], str] | None = None
) -> SigningIdentity:
    """Return a signing identity from PEM; raises IdentityError if the key is not the certificate's.

    `key_pem` may be the reference to a key in a PKCS#11 token: then `pin` gives the token's PIN if the reference names no
    file of it.
    """
    if not belongs(key_pem, certificate_pem):
        raise IdentityError("the private key does not belong to the certificate")
    signer = load_signer(key_pem, certificate_pem, pin)
    return SigningIdentity(Identity(msp_id, certificate_pem), signer)


def load_msp_folder(
    folder: Path, msp_id: str, *, pin: Callable[[], str] | None = None
) -> SigningIdentity:
    """Return the identity of an MSP folder: the first of `signcerts`, with its key from `keystore`.

    Files that are no PEM are skipped, as in Fabric. `keystore` may name a key in a PKCS#11 token, as in `load_identity`.
    Raises IdentityError if either is not there, with the reason why each file of `keystore` is not the key.
    """
    certificate, key = msp_files(folder)
    return load_identity(msp_id, certificate.read_bytes(), key.read_bytes(), pin=pin)


def msp_files(folder: Path) -> tuple[Path, Path]:
    """Return the files of an MSP folder that have its identity: certificate and key. Raises what `load_msp_folder` raises."""
    certificate, certificate_pem = _first_pem(folder / "signcerts")
    reasons = []
    for path in _files(folder / "keystore"):
        try:
            is_key = belongs(path.read_bytes(), certificate_pem)
        except IdentityError as error:
            reasons.append(f"{path.name}: {error}")
            continue
        if is_key:
            return certificate, path
        reasons.append(f"{path.name}: the key of another certificate")
    said = "; ".join(reasons) or "it is empty"
    raise IdentityError(f"no private key for {certificate} in {folder / 'keystore'}: {said}")


def _first_pem(folder: Path) -> tuple[Path, bytes]:
    for path in _files(folder):
        if pem.find(content := path.read_bytes()) is not None:
            return path, content
    raise IdentityError(f"no certificate in {folder}")


def check_not_expired(identity: Identity, moment: datetime) -> None:
    """Raise IdentityError if the identity's certificate has expired at that moment.

    Peers and orderers refuse everything that it signs, each with other words.
    """
    end = expires_at(load_certificate(identity.certificate))
    if end < moment:
        raise IdentityError(
            f"the certificate of this identity ({identity.msp_id}) expired at "
            f"{end:%Y-%m-%d %H:%M:%S} UTC: have it renewed by its CA"
        )


def _files(folder: Path) -> list[Path]:
    if not folder.is_dir():
        return []
    return sorted(path for path in folder.iterdir() if path.is_file())
