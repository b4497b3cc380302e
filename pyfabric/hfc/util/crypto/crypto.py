"""Keys, signatures and certificate requests, by the curves that Fabric takes."""

import hashlib
import secrets
from collections.abc import Callable, Iterable
from typing import Any, Final

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec

from pyfabric.errors import IdentityError
from pyfabric.hfc._gone import attributes, gone
from pyfabric.identity.keys import low_s_signature

DEFAULT_NONCE_SIZE: Final = 24
CURVE_P_256_Size: Final = 256
CURVE_P_384_Size: Final = 384
SHA2: Final = "SHA2"
SHA3: Final = "SHA3"

__all__ = [
    "DEFAULT_NONCE_SIZE",
    "SHA2",
    "SHA3",
    "CURVE_P_256_Size",
    "CURVE_P_384_Size",
    "Ecies",
    "ecies",
    "generate_nonce",
]

__getattr__ = attributes(__name__)

_HASHES: Final[dict[tuple[str, int], Callable[..., Any]]] = {
    (SHA3, CURVE_P_256_Size): hashlib.sha3_256,
    (SHA3, CURVE_P_384_Size): hashlib.sha3_384,
}


def generate_nonce(size: int) -> bytes:
    """Return fresh random bytes."""
    return secrets.token_bytes(size)


class Ecies:
    """ECDSA over P-256 with SHA-256, or over P-384 with SHA-384, with signatures of low s.

    Transactions and requests are signed by the client itself, with SHA-256 whatever the curve, as Fabric verifies.
    """

    def __init__(self, security_level: int = CURVE_P_256_Size, hash_algorithm: str = SHA2) -> None:
        small = security_level == CURVE_P_256_Size
        self.curve: type[ec.EllipticCurve] = ec.SECP256R1 if small else ec.SECP384R1
        self.sign_hash_algorithm = hashes.SHA256() if small else hashes.SHA384()
        size = CURVE_P_256_Size if small else CURVE_P_384_Size
        self._hash = _HASHES.get((hash_algorithm, size), hashlib.sha256)

    @property
    def hash(self) -> Callable[..., Any]:
        """The hash function, of the module hashlib."""
        return self._hash

    def sign(self, private_key: ec.EllipticCurvePrivateKey, message: bytes) -> bytes:
        """Return the signature over a message, DER with low s."""
        signature = private_key.sign(message, ec.ECDSA(self.sign_hash_algorithm))
        return low_s_signature(private_key.curve.name, signature)

    def verify(
        self, public_key: ec.EllipticCurvePublicKey, message: bytes, signature: bytes
    ) -> bool:
        """Return whether a signature of low s is right for a message."""
        try:
            if signature != low_s_signature(public_key.curve.name, signature):
                return False
            public_key.verify(signature, message, ec.ECDSA(self.sign_hash_algorithm))
        except (InvalidSignature, IdentityError):
            return False
        return True

    def generate_private_key(self) -> ec.EllipticCurvePrivateKey:
        """Return a fresh private key."""
        return ec.generate_private_key(self.curve())

    def generate_csr(
        self,
        private_key: ec.EllipticCurvePrivateKey,
        subject_name: x509.Name,
        extensions: Iterable[x509.Extension[Any]] | None = None,
    ) -> x509.CertificateSigningRequest:
        """Return a certificate request for a subject, with the extensions given."""
        builder = x509.CertificateSigningRequestBuilder(subject_name)
        for one in extensions or ():
            builder = builder.add_extension(one.value, critical=one.critical)
        return builder.sign(private_key, self.sign_hash_algorithm)

    generate_nonce = staticmethod(generate_nonce)
    encrypt = gone("util.crypto.crypto.Ecies.encrypt")
    decrypt = gone("util.crypto.crypto.Ecies.decrypt")


def ecies(security_level: int = CURVE_P_256_Size, hash_algorithm: str = SHA2) -> Ecies:
    """Return the keys and signatures of a curve."""
    return Ecies(security_level, hash_algorithm)
