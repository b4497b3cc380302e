"""Identities read from the places where Fabric's tools leave them."""

from datetime import datetime
from pathlib import Path

from pyfabric.errors import IdentityError
from pyfabric.identity import pem
from pyfabric.identity.certificates import expires_at, load_certificate
from pyfabric.identity.keys import PrivateKey, PrivateKeySigner, load_private_key
from pyfabric.identity.signing import Identity, SigningIdentity


def load_identity(msp_id: str, certificate_pem: bytes, key_pem: bytes) -> SigningIdentity:
    """Return a signing identity from PEM; raises IdentityError if the key is not the certificate's."""
    key = load_private_key(key_pem)
    if not _belongs(key, certificate_pem):
        raise IdentityError("the private key does not belong to the certificate")
    return SigningIdentity(Identity(msp_id, certificate_pem), PrivateKeySigner(key))


def load_msp_folder(folder: Path, msp_id: str) -> SigningIdentity:
    """Return the identity of an MSP folder: the first of `signcerts`, with its key from `keystore`.

    Files that are no PEM are skipped, as in Fabric. Raises IdentityError if either is not there, with
    the reason why each file of `keystore` is not the key.
    """
    certificate, certificate_pem = _first_pem(folder / "signcerts")
    reasons = []
    for path in _files(folder / "keystore"):
        try:
            key = load_private_key(path.read_bytes())
        except IdentityError as error:
            reasons.append(f"{path.name}: {error}")
            continue
        if _belongs(key, certificate_pem):
            return SigningIdentity(Identity(msp_id, certificate_pem), PrivateKeySigner(key))
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


def _belongs(key: PrivateKey, certificate_pem: bytes) -> bool:
    return load_certificate(certificate_pem).public_key() == key.public_key()


def _files(folder: Path) -> list[Path]:
    if not folder.is_dir():
        return []
    return sorted(path for path in folder.iterdir() if path.is_file())
