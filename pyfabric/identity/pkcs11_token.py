"""Keys that never leave a PKCS#11 token (an HSM), named and used as Fabric's own BCCSP does.

A key's id (CKA_ID) is its SKI (bccsp/pkcs11 of Fabric 3.1). Messages are hashed here; the token signs the digest (CKM_ECDSA).
"""

import hashlib
from collections.abc import Callable
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal

from cryptography.hazmat.primitives.asymmetric import ec

from pyfabric.errors import IdentityError
from pyfabric.extras import require
from pyfabric.identity.certificates import load_certificate
from pyfabric.identity.keys import (
    encode_ecdsa,
    low_s_signature,
    subject_key_id,
    verify_signature,
)
from pyfabric.identity.pkcs11_uri import PKCS11URI, read_reference, read_uri
from pyfabric.identity.signing import Identity, SigningIdentity
from pyfabric.local.closing import Closing

if TYPE_CHECKING:  # loads the extra
    from pyfabric.identity.pkcs11_sessions import TokenSession

_CURVES: Final = {"p256": ec.SECP256R1(), "p384": ec.SECP384R1()}
_referenced: "Final[dict[str, PKCS11Token]]" = {}


class PKCS11Token(Closing):
    """A token by its PKCS#11 URI (RFC 7512): `pkcs11:token=LABEL?module-path=LIBRARY&pin-source=file:PATH`.

    `pin` is called for the PIN when the token is logged in to, if the URI names no file of it. Nothing is opened before it
    is used, and a session that the token lost is opened again. Any thread may use it, one after the other. Close it at the
    end, or use `with`. Raises IdentityError for a URI that cannot be used, MissingExtraError without the extra `hsm`.
    """

    def __init__(self, uri: str, *, pin: Callable[[], str] | None = None) -> None:
        require("hsm", "pkcs11")
        self._uri = read_uri(uri)
        if self._uri.pin_source:
            path = str(Path(self._uri.pin_source).absolute())
            self._uri = replace(self._uri, pin_source=path)
        self._pin = pin

    def identity(self, msp_id: str, certificate: bytes) -> SigningIdentity:
        """Return the identity of a certificate (PEM) whose key is in the token; raises what `key` raises."""
        return SigningIdentity(Identity(msp_id, certificate), self.key(certificate))

    def key(self, certificate: bytes) -> "PKCS11Key":
        """Return the key of a certificate (PEM): that which the URI names, or that whose id is its SKI.

        Raises IdentityError if it is not there, is not the only one, or does not belong to the certificate.
        """
        public_key, uri = _public_key(certificate), self._uri
        if not uri.id and not uri.label:
            uri = replace(uri, id=subject_key_id(public_key))
        found = PKCS11Key(self, public_key, uri)
        found.sign(b"")
        return found

    def generate_key(self, kind: Literal["p256", "p384"] = "p256") -> "PKCS11Key":
        """Make a key in the token that cannot be taken out of it (CKA_EXTRACTABLE is false); raises IdentityError."""
        public_key = self.session.generate(_CURVES[kind])
        uri = replace(self._uri, id=subject_key_id(public_key), label="")
        return PKCS11Key(self, public_key, uri)

    @cached_property
    def session(self) -> "TokenSession":
        """The session in which keys are used; internal."""
        from pyfabric.identity.pkcs11_sessions import TokenSession

        return TokenSession(self._uri, self._pin)

    def close(self) -> None:
        """Close the session with the token. Safe to repeat."""
        self.session.close()


class PKCS11Key:
    """A key in a token, as a signer. It blocks: the asyncio surface signs in a thread."""

    def __init__(
        self, token: PKCS11Token, public_key: ec.EllipticCurvePublicKey, uri: PKCS11URI
    ) -> None:
        self._public_key = public_key
        self._token = token
        self._uri = uri

    def public_key(self) -> ec.EllipticCurvePublicKey:
        """Return the public key, as a private key of this process does."""
        return self._public_key

    @property
    def uri(self) -> str:
        """The PKCS#11 URI of the key: no PIN, but where it is."""
        return str(self._uri)

    @property
    def reference_pem(self) -> bytes:
        """The PEM block that stands in files where others have the private key: the URI, which is not secret."""
        return self._uri.pem()

    @property
    def blocking(self) -> bool:
        """True: a token takes its time."""
        return True

    def sign(self, message: bytes) -> bytes:
        """Return the DER signature over the SHA-256 of a message, with low s.

        Raises IdentityError, also for a key that is not that of the certificate: every signature is verified.
        """
        digest = hashlib.sha256(message).digest()
        r, s = self._token.session.sign(self._uri.id, self._uri.label, digest)
        signature = low_s_signature(self._public_key.curve.name, encode_ecdsa(r, s))
        if not verify_signature(self._public_key, message, signature):
            raise IdentityError(
                f"the private key {self.uri} does not belong to the certificate: name the certificate's own key"
            )
        return signature

    def delete(self) -> None:
        """Delete the key from the token, for good; raises IdentityError."""
        self._token.session.delete(self._uri.id, self._uri.label)


def referenced_key(
    reference: bytes, certificate: bytes, pin: Callable[[], str] | None = None
) -> PKCS11Key:
    """Return the key of a certificate that the content of a file's PEM block names, without a look into the token.

    Such tokens stay open until the process stops, one for all keys of a token. Raises IdentityError, MissingExtraError.
    """
    uri = read_reference(reference)
    whole = str(replace(uri, id=b"", label=""))
    token = _referenced.setdefault(whole, PKCS11Token(whole, pin=pin))
    return PKCS11Key(token, _public_key(certificate), uri)


def _public_key(certificate: bytes) -> ec.EllipticCurvePublicKey:
    found = load_certificate(certificate).public_key()
    if not isinstance(found, ec.EllipticCurvePublicKey):
        raise IdentityError(
            "the certificate's key is not ECDSA: of keys in tokens P-256 and P-384 are supported"
        )
    return found
