"""Signatures on certificates and revocation lists, checked as Fabric does it (Go's crypto/x509).

Left out, and refused: RSA-PSS, DSA and MD5.
"""

from dataclasses import dataclass
from typing import Final, Literal, cast

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa

from pyfabric.errors import IdentityError
from pyfabric.identity.parsing import AlgorithmIdentifier, Certificate


@dataclass(frozen=True, slots=True)
class _Algorithm:
    name: str
    key: Literal["RSA", "ECDSA", "Ed25519"]
    hash: hashes.HashAlgorithm
    secure: bool = True


_SHA1: Final = hashes.SHA1()  # noqa: S303 - Fabric takes it on revocation lists, and there alone
_ALGORITHMS: Final = {
    "1.2.840.113549.1.1.5": _Algorithm("SHA1-RSA", "RSA", _SHA1, secure=False),
    "1.2.840.113549.1.1.11": _Algorithm("SHA256-RSA", "RSA", hashes.SHA256()),
    "1.2.840.113549.1.1.12": _Algorithm("SHA384-RSA", "RSA", hashes.SHA384()),
    "1.2.840.113549.1.1.13": _Algorithm("SHA512-RSA", "RSA", hashes.SHA512()),
    "1.2.840.10045.4.1": _Algorithm("ECDSA-SHA1", "ECDSA", _SHA1, secure=False),
    "1.2.840.10045.4.3.2": _Algorithm("ECDSA-SHA256", "ECDSA", hashes.SHA256()),
    "1.2.840.10045.4.3.3": _Algorithm("ECDSA-SHA384", "ECDSA", hashes.SHA384()),
    "1.2.840.10045.4.3.4": _Algorithm("ECDSA-SHA512", "ECDSA", hashes.SHA512()),
    # The hash is not used: Ed25519 signs the message.
    "1.3.101.112": _Algorithm("Ed25519", "Ed25519", hashes.SHA512()),
}
_GO_TYPES: Final = {
    "RSA": "*rsa.PublicKey",
    "ECDSA": "*ecdsa.PublicKey",
    "Ed25519": "ed25519.PublicKey",
}


def is_ecdsa_signed(identifier: AlgorithmIdentifier) -> bool:
    """Return whether an AlgorithmIdentifier names an ECDSA signature."""
    algorithm = _algorithm(identifier)
    return algorithm is not None and algorithm.key == "ECDSA"


def check_issued_by(certificate: Certificate, issuer: Certificate) -> None:
    """Raise IdentityError unless `issuer` is a CA and signed the certificate."""
    constraints = issuer.basic_constraints
    may_sign = issuer.version < 3 if constraints is None else constraints.ca
    if not (may_sign and issuer.may_sign_certificates):
        raise IdentityError(
            "x509: invalid signature: parent certificate cannot sign this kind of certificate"
        )
    check_sealed(issuer, certificate.signature_algorithm, certificate.tbs, certificate.signature)


def check_sealed(
    signer: Certificate,
    identifier: AlgorithmIdentifier,
    signed: bytes,
    signature: bytes,
    *,
    allow_sha1: bool = False,
) -> None:
    """Raise IdentityError unless `signature` over `signed` was made with the signer's key."""
    algorithm = _algorithm(identifier)
    if algorithm is None:
        raise IdentityError("x509: cannot verify signature: algorithm unimplemented")
    if not (algorithm.secure or allow_sha1):
        raise IdentityError(f"x509: cannot verify signature: insecure algorithm {algorithm.name}")
    if signer.key_algorithm != algorithm.key:
        raise IdentityError(
            f"x509: signature algorithm specifies an {algorithm.key} public key, "
            f"but have public key of type {_GO_TYPES.get(signer.key_algorithm, signer.key_algorithm)}"
        )
    try:
        _verify(signer, algorithm.hash, signed, signature)
    except InvalidSignature as error:
        raise IdentityError(
            "crypto/rsa: verification error"
            if algorithm.key == "RSA"
            else f"x509: {algorithm.key} verification failure"
        ) from error


def _verify(
    signer: Certificate, digest: hashes.HashAlgorithm, signed: bytes, signature: bytes
) -> None:
    key = signer.public_key
    if isinstance(key, ec.EllipticCurvePublicKey):
        key.verify(signature, signed, ec.ECDSA(digest))
    elif isinstance(key, rsa.RSAPublicKey):
        key.verify(signature, signed, padding.PKCS1v15(), digest)
    else:
        cast("ed25519.Ed25519PublicKey", key).verify(signature, signed)


def _algorithm(identifier: AlgorithmIdentifier) -> _Algorithm | None:
    algorithm = _ALGORITHMS.get(identifier.type)
    if algorithm is not None and algorithm.key == "Ed25519" and identifier.parameters:
        return None
    return algorithm
