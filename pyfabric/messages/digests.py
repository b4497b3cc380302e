"""What a key outside this process is asked to sign."""

import hashlib
from functools import lru_cache

from pyfabric.errors import IdentityError


@lru_cache(maxsize=256)
def _signs_whole_messages(certificate: bytes) -> bool:
    # A client that signs its own requests never comes here: it need not load X.509.
    from cryptography import x509
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    try:
        key = x509.load_pem_x509_certificate(certificate).public_key()
    except ValueError as error:
        raise IdentityError(f"the identity's certificate cannot be read: {error}") from error
    return isinstance(key, Ed25519PublicKey)


def signing_digest(certificate: bytes, message: bytes) -> bytes:
    """Return SHA-256 of the message for an ECDSA key, and the message itself for an Ed25519 key.

    `certificate` (PEM) holds the public key. Raises IdentityError when it cannot be read.
    """
    return message if _signs_whole_messages(certificate) else hashlib.sha256(message).digest()
