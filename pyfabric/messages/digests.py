"""What a key outside this process is asked to sign."""

import hashlib
from functools import lru_cache

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from pyfabric.errors import IdentityError


@lru_cache(maxsize=256)
def _signs_whole_messages(certificate: bytes) -> bool:
    try:
        key = x509.load_pem_x509_certificate(certificate).public_key()
    except ValueError as error:
        raise IdentityError(f"the identity's certificate cannot be read: {error}") from error
    return isinstance(key, Ed25519PublicKey)


def signing_digest(certificate: bytes, message: bytes) -> bytes:
    """SHA-256 of the message for ECDSA keys, the message itself for Ed25519 keys.

    `certificate` (PEM) says which key it is; raises IdentityError when it cannot be read.
    """
    return message if _signs_whole_messages(certificate) else hashlib.sha256(message).digest()
