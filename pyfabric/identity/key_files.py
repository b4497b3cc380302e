"""The key of an identity as files hold it: a private key, or the reference to one that a PKCS#11 token keeps."""

from collections.abc import Callable
from typing import TypeAlias

from pyfabric.errors import IdentityError
from pyfabric.identity import pem
from pyfabric.identity.certificates import load_certificate
from pyfabric.identity.keys import (
    PrivateKey,
    PrivateKeySigner,
    load_private_key,
    private_key_pem,
)
from pyfabric.identity.pkcs11_token import PKCS11Key, referenced_key
from pyfabric.identity.pkcs11_uri import PEM_LABEL
from pyfabric.identity.signing import Signer, SigningIdentity

FileKey: TypeAlias = PrivateKey | PKCS11Key


def key_of(identity: SigningIdentity) -> FileKey:
    """Return the key of an identity; raises IdentityError for one that no file can hold or name."""
    signer = identity.signer
    if isinstance(signer, PKCS11Key):
        return signer
    if isinstance(signer, PrivateKeySigner):
        return signer.key
    raise IdentityError(
        "the key of this identity is kept by another signer, and cannot be written: use one whose key is in this process "
        "or in a PKCS#11 token"
    )


def private_key_of(identity: SigningIdentity) -> PrivateKey:
    """Return the private key of an identity; raises IdentityError for one that is kept outside this process."""
    return private_key(key_of(identity))


def private_key(key: FileKey) -> PrivateKey:
    """Return a key that is in this process; raises IdentityError for one that its token keeps."""
    if isinstance(key, PKCS11Key):
        raise IdentityError(f"the private key does not leave its token: {key.uri}")
    return key


def key_pem(key: FileKey) -> bytes:
    """Return what a file holds for a key (PEM)."""
    return key.reference_pem if isinstance(key, PKCS11Key) else private_key_pem(key)


def load_key(content: bytes, certificate: bytes, pin: Callable[[], str] | None = None) -> FileKey:
    """Return the key of a certificate that a file holds or names (both PEM); raises IdentityError.

    Whether it is the certificate's is not looked at: a token is not opened before its key signs.
    """
    reference = _reference(content)
    if reference is not None:
        return referenced_key(reference, certificate, pin)
    return load_private_key(content)


def load_signer(content: bytes, certificate: bytes, pin: Callable[[], str] | None) -> Signer:
    """Return a signer with the key that `load_key` returns."""
    key = load_key(content, certificate, pin)
    return key if isinstance(key, PKCS11Key) else PrivateKeySigner(key)


def belongs(content: bytes, certificate: bytes) -> bool:
    """Return whether what a file holds is the key of a certificate (both PEM), for a key in a token without looking.

    Raises IdentityError for what is neither a key nor the reference to one.
    """
    if _reference(content) is not None:
        return True
    return load_certificate(certificate).public_key() == load_private_key(content).public_key()


def _reference(content: bytes) -> bytes | None:
    """Return what a file holds in the place of a key that its token keeps; None for any other content."""
    block = pem.find(content)
    return block.content if block is not None and block.label == PEM_LABEL else None
