"""Public keys as Multikeys (W3C Controlled Identifiers 1.0, §2.2.2): Ed25519, P-256 and, to agree on keys, X25519."""

from typing import Annotated, Final

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, x25519
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from pydantic import AfterValidator

from pyfabric_municipal.common.values.kinds import Kind

MULTIKEY: Final = Kind("multikey", "public key", "公钥")
SigningKey = ed25519.Ed25519PublicKey | ec.EllipticCurvePublicKey
PublicKey = SigningKey | x25519.X25519PublicKey

_ALPHABET: Final = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
_MOST: Final = 256
_ED25519: Final = b"\xed\x01"
_P256: Final = b"\x80\x24"
_X25519: Final = b"\xec\x01"


def base58(data: bytes) -> str:
    """Return bytes as base58btc with the multibase prefix `z`."""
    number, text = int.from_bytes(data), ""
    while number:
        number, digit = divmod(number, 58)
        text = _ALPHABET[digit] + text
    return "z" + "1" * (len(data) - len(data.lstrip(b"\x00"))) + text


def from_base58(text: str) -> bytes:
    """Return the bytes of a base58btc text with its prefix `z`; raises ContractError for any other text."""
    digits = text[1:]
    if text[:1] != "z" or not digits or len(text) > _MOST or not set(digits) <= set(_ALPHABET):
        raise MULTIKEY.refusal(
            "base58", text, "is not base58btc after z", "不是以z开头的base58btc文本"
        )
    number = 0
    for digit in digits:
        number = number * 58 + _ALPHABET.index(digit)
    body = number.to_bytes((number.bit_length() + 7) // 8)
    return b"\x00" * (len(digits) - len(digits.lstrip("1"))) + body


def public_key(multikey: str) -> PublicKey:
    """Return the key of a Multikey; raises ContractError for another kind of key, or one that is no point."""
    data = from_base58(multikey)
    kind, raw = data[:2], data[2:]
    try:
        if kind == _ED25519:
            return ed25519.Ed25519PublicKey.from_public_bytes(raw)
        if kind == _X25519:
            return x25519.X25519PublicKey.from_public_bytes(raw)
        if kind == _P256 and raw[:1] in (b"\x02", b"\x03"):
            return ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), raw)
    except (ValueError, UnsupportedAlgorithm) as error:
        raise MULTIKEY.refusal(
            "point", multikey, f"is no key: {error}", "不是有效的密钥"
        ) from error
    raise MULTIKEY.refusal(
        "kind", multikey, "is neither Ed25519, P-256 nor X25519", "不是Ed25519、P-256或X25519公钥"
    )


def multikey_of(key: PublicKey) -> str:
    """Return a public key as Multikey."""
    if isinstance(key, ec.EllipticCurvePublicKey):
        return base58(_P256 + key.public_bytes(Encoding.X962, PublicFormat.CompressedPoint))
    kind = _ED25519 if isinstance(key, ed25519.Ed25519PublicKey) else _X25519
    return base58(kind + key.public_bytes_raw())


def can_sign(multikey: str) -> bool:
    """Return whether signatures are made with the key."""
    return not isinstance(public_key(multikey), x25519.X25519PublicKey)


def der_hex(multikey: str) -> str:
    """Return a Multikey as the frame keeps holders' keys: SubjectPublicKeyInfo in DER, hexadecimal."""
    key = public_key(multikey)
    return key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo).hex()


def _require(multikey: str) -> str:
    if multikey_of(public_key(multikey)) != multikey:
        raise MULTIKEY.refusal("spelling", multikey, "has another spelling", "的写法不唯一")
    return multikey


Multikey = Annotated[str, AfterValidator(_require), MULTIKEY.described]
"""A public key: `z6Mk…` (Ed25519), `zDn…` (P-256), `z6LS…` (X25519)."""
