"""Certificate signing requests (PKCS#10, RFC 2986), for keys in this process and for keys kept elsewhere.

Only the part to be signed is made here; the one who holds the key signs it. Left out: extensions in the request, because a
Fabric CA takes hosts from its own request, and decides the rest by its profiles.
"""

from dataclasses import dataclass
from typing import Final, TypeAlias

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509.oid import NameOID

from pyfabric.ca.options import SubjectNames
from pyfabric.errors import ClientError, IdentityError
from pyfabric.identity import pem
from pyfabric.identity.keys import PrivateKey, PrivateKeySigner, check_signature
from pyfabric.identity.signing import Signer
from pyfabric.messages import der

PublicKey: TypeAlias = ec.EllipticCurvePublicKey | ed25519.Ed25519PublicKey
PUBLIC_KEYS: Final = (ec.EllipticCurvePublicKey, ed25519.Ed25519PublicKey)

_ATTRIBUTES: Final = 0xA0
# AlgorithmIdentifiers: ecdsa-with-SHA256 and Ed25519, both without parameters (RFC 5758, RFC 8410).
_ECDSA_SHA256: Final = bytes.fromhex("300a06082a8648ce3d040302")
_ED25519: Final = bytes.fromhex("300506032b6570")


@dataclass(frozen=True, slots=True)
class SigningKey:
    """A key that may be kept elsewhere, as in an HSM: its public part, and a signer that reaches it."""

    public_key: PublicKey
    signer: Signer

    @classmethod
    def of(cls, key: PrivateKey) -> "SigningKey":
        """Return a key that is in this process."""
        return cls(key.public_key(), PrivateKeySigner(key))

    @property
    def public_key_info(self) -> bytes:
        """The public part as it stands in certificates (DER of SubjectPublicKeyInfo)."""
        return self.public_key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def request_to_sign(common_name: str, names: SubjectNames, key: SigningKey) -> bytes:
    """Return the part of a signing request that the key signs; raises ClientError for an impossible subject."""
    parts = (
        (NameOID.COUNTRY_NAME, names.country),
        (NameOID.STATE_OR_PROVINCE_NAME, names.state),
        (NameOID.LOCALITY_NAME, names.locality),
        (NameOID.ORGANIZATION_NAME, names.organization),
        (NameOID.COMMON_NAME, common_name),
        (NameOID.SERIAL_NUMBER, names.serial_number),
    )
    try:
        subject = x509.Name([x509.NameAttribute(type_, text) for type_, text in parts if text])
        encoded = subject.public_bytes()
    except ValueError as error:
        raise ClientError(f"{common_name!r} cannot be a certificate's subject: {error}") from error
    content = der.encode_integer(0) + encoded + key.public_key_info + der.encode(_ATTRIBUTES, b"")
    return der.encode(der.SEQUENCE, content)


def signing_request(to_sign: bytes, key: SigningKey, signature: bytes) -> bytes:
    """Return the signing request (PEM); raises IdentityError unless the signature is the key's."""
    try:
        check_signature(key.public_key, to_sign, signature)
    except IdentityError as error:
        raise IdentityError(
            f"the signer does not sign with the given public key: {error}"
        ) from error
    algorithm = _ED25519 if isinstance(key.public_key, ed25519.Ed25519PublicKey) else _ECDSA_SHA256
    content = to_sign + algorithm + der.encode(der.BIT_STRING, b"\0" + signature)
    return pem.encode("CERTIFICATE REQUEST", der.encode(der.SEQUENCE, content))
