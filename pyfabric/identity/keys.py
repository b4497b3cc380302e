"""Private keys and signatures: the algorithms that Fabric accepts, in the form it accepts them."""

import hashlib
from collections.abc import Callable
from typing import Final, Literal, TypeAlias

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, utils
from cryptography.hazmat.primitives.asymmetric.types import PublicKeyTypes

from pyfabric.errors import DecodeError, IdentityError
from pyfabric.identity import pem as pem_blocks
from pyfabric.messages import der

KeyKind: TypeAlias = Literal["p256", "p384", "ed25519"]
PrivateKey: TypeAlias = ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey

# FIPS 186-4, appendix D.1.2. Fabric takes only signatures whose s is at most half the order.
_ORDERS: Final = {
    "secp224r1": 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFF16A2E0B8F03E13DD29455C5C2A3D,
    "secp256r1": 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551,
    "secp384r1": int(
        "FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF"
        "C7634D81F4372DDF581A0DB248B0A77AECEC196ACCC52973",
        16,
    ),
    "secp521r1": int(
        "1FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF"
        "FA51868783BF2F966B7FCC0148F709A5D03BB5C9B8899C47AEBB6FB71E91386409",
        16,
    ),
}
SIGNING_CURVES: Final = ("secp256r1", "secp384r1")
"""The curves of the ECDSA keys that Fabric signs with."""
_SHA256: Final = ec.ECDSA(utils.Prehashed(hashes.SHA256()))


def generate_private_key(kind: KeyKind = "p256") -> PrivateKey:
    """Return a fresh private key of one of the kinds that Fabric takes (Ed25519: from channel V3_0 on)."""
    if kind == "ed25519":
        return ed25519.Ed25519PrivateKey.generate()
    return ec.generate_private_key(ec.SECP256R1() if kind == "p256" else ec.SECP384R1())


def load_private_key(pem: bytes, password: bytes | None = None) -> PrivateKey:
    """Read a PEM private key (PKCS#8 or SEC 1).

    As in Fabric (derToPrivateKey of its BCCSP), the content decides, whatever the header says. Raises
    IdentityError for anything else: RSA and other curves are refused, because a peer would refuse what
    they sign.
    """
    block = pem_blocks.find(pem)
    if block is None:
        raise IdentityError("not a usable PEM private key: there is no PEM block")
    if "PRIVATE KEY" not in block.label:
        raise IdentityError(f"not a usable PEM private key: the PEM block is a {block.label}")
    try:
        if password is None and b"ENCRYPTED" not in pem:
            return _usable(serialization.load_der_private_key(block.content, None))
        return _usable(serialization.load_pem_private_key(pem, password))
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise IdentityError(
            f"not a usable PEM private key: in the block {block.label}: {error}"
        ) from error


def _usable(key: object) -> PrivateKey:
    if isinstance(key, ed25519.Ed25519PrivateKey):
        return key
    if isinstance(key, ec.EllipticCurvePrivateKey) and key.curve.name in SIGNING_CURVES:
        return key
    kind = getattr(getattr(key, "curve", None), "name", type(key).__name__)
    raise IdentityError(f"Fabric takes P-256, P-384 and Ed25519 keys for signing, not {kind}")


def private_key_pem(key: PrivateKey) -> bytes:
    """Return the key as unencrypted PKCS#8 PEM, the form that peers, orderers and SDKs load."""
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )


def subject_key_id(key: ec.EllipticCurvePublicKey) -> bytes:
    """Return the SKI of a key, by which Fabric's BCCSP names it: the SHA-256 of its uncompressed point."""
    point = key.public_bytes(
        serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint
    )
    return hashlib.sha256(point).digest()


class PrivateKeySigner:
    """Signs with a private key held in this process. Does not block; refuses RSA (IdentityError)."""

    def __init__(self, key: PrivateKey) -> None:
        self.key = _usable(key)

    @property
    def blocking(self) -> bool:
        """False: signing is a short computation."""
        return False

    def sign(self, message: bytes) -> bytes:
        """Sign a message. ECDSA: DER of the SHA-256 signature with low s. Ed25519: 64 bytes over the message."""
        if isinstance(self.key, ed25519.Ed25519PrivateKey):
            return self.key.sign(message)
        signature = self.key.sign(hashlib.sha256(message).digest(), _SHA256)
        r, s = utils.decode_dss_signature(signature)
        order = _ORDERS[self.key.curve.name]
        return signature if s <= order // 2 else encode_ecdsa(r, order - s)


class FunctionSigner:
    """Signs by a function that reaches a key elsewhere (an HSM, a key service). Blocks."""

    def __init__(self, function: Callable[[bytes], bytes]) -> None:
        self._function = function

    @property
    def blocking(self) -> bool:
        """True: the asyncio surface calls the function in a thread."""
        return True

    def sign(self, message: bytes) -> bytes:
        """Return what the function answers for the whole message (it hashes, if its algorithm does)."""
        return self._function(message)


def low_s_signature(curve: str, signature: bytes) -> bytes:
    """Return the DER signature with s brought to the lower half of the curve's order.

    Raises IdentityError for a signature that is not DER.
    """
    r, s = ecdsa_integers(signature)
    order = _ORDERS[curve]
    return encode_ecdsa(r, order - s if s > order // 2 else s)


def encode_ecdsa(r: int, s: int) -> bytes:
    """Return a signature as DER."""
    return utils.encode_dss_signature(r, s)


def ecdsa_integers(signature: bytes) -> tuple[int, int]:
    """Return (r, s) of a DER signature; further bytes are ignored, as in Fabric.

    Raises IdentityError with Fabric's text.
    """
    try:
        r, s = der.integers(signature, 2)
    except DecodeError as error:
        raise IdentityError(f"failed unmashalling signature [{error}]") from error
    if r <= 0:
        raise IdentityError("invalid signature, R must be larger than zero")
    if s <= 0:
        raise IdentityError("invalid signature, S must be larger than zero")
    return r, s


def require_strict_der(signature: bytes) -> None:
    """Raise IdentityError unless an ECDSA signature is spelt in the only way that DER has for it."""
    if encode_ecdsa(*ecdsa_integers(signature)) != signature:
        raise IdentityError("the signature is followed by further bytes, or is not DER")


def check_signature(public_key: PublicKeyTypes | None, message: bytes, signature: bytes) -> None:
    """Raise IdentityError, with Fabric's text, unless `signature` is right for `message`.

    ECDSA is over SHA-256 with low s; Ed25519 is over the message. Other keys verify nothing.
    """
    problem = "could not determine the validity of the signature: "
    if not signature:
        raise IdentityError(problem + "Invalid signature. Cannot be empty.")
    if not message and isinstance(public_key, ed25519.Ed25519PublicKey):
        raise IdentityError(problem + "Invalid digest. Cannot be empty.")
    problem += "Failed verifing with opts [<nil>]: "
    try:
        if isinstance(public_key, ed25519.Ed25519PublicKey):
            public_key.verify(signature, message)
        elif isinstance(public_key, ec.EllipticCurvePublicKey):
            _check_ecdsa(public_key, message, signature, problem)
        else:
            raise IdentityError(problem + "Invalid options. It must not be nil.")
    except InvalidSignature as error:
        raise IdentityError("The signature is invalid") from error


def _check_ecdsa(
    public_key: ec.EllipticCurvePublicKey, message: bytes, signature: bytes, problem: str
) -> None:
    try:
        r, s = ecdsa_integers(signature)
    except IdentityError as error:
        raise IdentityError(f"{problem}Failed unmashalling signature [{error}]") from error
    half = _ORDERS.get(public_key.curve.name, 0) // 2
    if s > half:
        raise IdentityError(
            f"{problem}Invalid S. Must be smaller than half the order [{s}][{half}]."
        )
    public_key.verify(encode_ecdsa(r, s), hashlib.sha256(message).digest(), _SHA256)


def verify_signature(public_key: PublicKeyTypes, message: bytes, signature: bytes) -> bool:
    """Return whether Fabric would take `signature` over `message` for this key (high s is refused)."""
    try:
        check_signature(public_key, message, signature)
    except IdentityError:
        return False
    return True
