"""Identities read from the places where Fabric's tools leave them."""

from pathlib import Path

from pyfabric.errors import IdentityError
from pyfabric.identity.certificates import load_certificate
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

    Raises IdentityError if either is not there.
    """
    certificates = _files(folder / "signcerts")
    if not certificates:
        raise IdentityError(f"no certificate in {folder / 'signcerts'}")
    certificate_pem = certificates[0].read_bytes()
    for path in _files(folder / "keystore"):
        try:
            key = load_private_key(path.read_bytes())
        except IdentityError:
            continue
        if _belongs(key, certificate_pem):
            return SigningIdentity(Identity(msp_id, certificate_pem), PrivateKeySigner(key))
    raise IdentityError(f"no private key for {certificates[0]} in {folder / 'keystore'}")


def _belongs(key: PrivateKey, certificate_pem: bytes) -> bool:
    return load_certificate(certificate_pem).public_key() == key.public_key()


def _files(folder: Path) -> list[Path]:
    if not folder.is_dir():
        return []
    return sorted(path for path in folder.iterdir() if path.is_file())
