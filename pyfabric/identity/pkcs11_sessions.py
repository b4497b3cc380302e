"""The session with a PKCS#11 token, and what is done in it with keys; opened when it is used, and again after it was lost.

What a token's library reports becomes an IdentityError here. Needs the extra `hsm`.
"""

import os
from collections.abc import Callable
from pathlib import Path
from threading import RLock
from typing import Any, Final, TypeVar

import pkcs11
from cryptography.hazmat.primitives.asymmetric import ec
from pkcs11 import (
    Attribute,
    KeyType,
    Mechanism,
    MechanismFlag,
    ObjectClass,
    Session,
    Token,
)
from pkcs11 import exceptions as reported
from pkcs11.types import SignMixin
from pkcs11.util.ec import encode_named_curve_parameters

from pyfabric.errors import IdentityError
from pyfabric.identity.keys import subject_key_id
from pyfabric.identity.pkcs11_uri import PKCS11URI

T = TypeVar("T")

# python-pkcs11 initialises libraries without locks, after which one thread alone may call them (PKCS#11, C_Initialize).
_ONE_AT_A_TIME: Final = RLock()
_LOST: Final = (
    reported.DeviceError,
    reported.DeviceRemoved,
    reported.KeyHandleInvalid,
    reported.ObjectHandleInvalid,
    reported.SessionClosed,
    reported.SessionHandleInvalid,
    reported.TokenNotPresent,
    reported.UserNotLoggedIn,
)
"""What is reported of a session, or of a handle in it, that is there no longer: in another session it may work."""

_KEPT: Final = {Attribute.PRIVATE: True, Attribute.SENSITIVE: True, Attribute.EXTRACTABLE: False}
"""What Fabric's BCCSP demands of private keys that it makes."""


class TokenSession:
    """A session with the token of a URI; keys are named by id and label, either of which may be empty.

    `pin` gives the PIN, if the URI names no file of it. A PIN that the token refused is not shown to it again: a few wrong
    ones lock it.
    """

    def __init__(self, uri: PKCS11URI, pin: Callable[[], str] | None) -> None:
        self._uri = uri
        self._pin = pin
        self._process = os.getpid()
        self._session: Session | None = None
        self._keys: dict[tuple[bytes, str], SignMixin] = {}
        self._refusal = ""
        self._closed = False

    @property
    def name(self) -> str:
        """What errors call the token."""
        return f"the token {', '.join(self._uri.token.values())}"

    def sign(self, id: bytes, label: str, digest: bytes) -> tuple[int, int]:
        """Return r and s of the ECDSA signature over a digest by a private key of the token; raises IdentityError."""

        def work(session: Session) -> bytes:
            return bytes(
                self._private_key(session, id, label).sign(digest, mechanism=Mechanism.ECDSA)
            )

        both = self._run(work)
        half = len(both) // 2
        return int.from_bytes(both[:half]), int.from_bytes(both[half:])

    def generate(self, curve: ec.EllipticCurve) -> ec.EllipticCurvePublicKey:
        """Make a key pair in the token, named as Fabric names its own, and return the public key; raises IdentityError."""

        def work(session: Session) -> ec.EllipticCurvePublicKey:
            parameters = {Attribute.EC_PARAMS: encode_named_curve_parameters(curve.name)}
            domain = session.create_domain_parameters(KeyType.EC, parameters, local=True)
            pair = domain.generate_keypair(
                store=True,
                capabilities=MechanismFlag.SIGN | MechanismFlag.VERIFY,
                private_template=_KEPT,
            )
            made = _public_key(curve, pair[0][Attribute.EC_POINT])
            for key in pair:
                key[Attribute.ID] = subject_key_id(made)
                key[Attribute.LABEL] = subject_key_id(made).hex()
            return made

        return self._run(work, writes=True)

    def delete(self, id: bytes, label: str) -> None:
        """Delete a private key of the token, and its public key; raises IdentityError."""

        def work(session: Session) -> None:
            self._private_key(session, id, label).destroy()
            for other in list(session.get_objects(_named(ObjectClass.PUBLIC_KEY, id, label))):
                other.destroy()
            self._keys.clear()

        self._run(work, writes=True)

    def close(self) -> None:
        """Close the session, which logs out. Safe to repeat."""
        with _ONE_AT_A_TIME:
            self._closed = True
            if os.getpid() == self._process:
                self._drop()

    def _run(self, work: Callable[[Session], T], *, writes: bool = False) -> T:
        """Return what `work` does in the session; if that turns out to be lost, it is done once more, in a new one."""
        with _ONE_AT_A_TIME:
            self._check()
            try:
                if self._session is not None and not writes:
                    try:
                        return work(self._session)
                    except _LOST:
                        pass
                self._drop()
                return work(self._open(writes=writes))
            except _LOST as error:
                self._drop()
                raise IdentityError(
                    f"{self.name} is gone: {_said(error)}; connect it, and try again"
                ) from error
            except reported.PKCS11Error as error:
                raise IdentityError(f"{self.name} refused: {_said(error)}") from error

    def _private_key(self, session: Session, id: bytes, label: str) -> SignMixin:
        if (id, label) not in self._keys:
            found = list(session.get_objects(_named(ObjectClass.PRIVATE_KEY, id, label)))
            what = f"the id {id.hex()}" if id else f"the label {label!r}"
            if not found:
                raise IdentityError(
                    f"{self.name} has no private key with {what}: check the token, and the id (CKA_ID), which Fabric makes "
                    "the SHA-256 of the public key's point"
                )
            if len(found) > 1 or not isinstance(found[0], SignMixin):
                raise IdentityError(
                    f"{self.name} has {len(found)} private keys with {what}: name one by id and object in its URI"
                )
            self._keys[id, label] = found[0]
        return self._keys[id, label]

    def _check(self) -> None:
        if self._closed:
            raise IdentityError(f"{self.name} is closed: open it again")
        if os.getpid() != self._process:
            raise IdentityError(
                f"{self.name} was opened in process {self._process}, this is its fork {os.getpid()}: open it after the fork"
            )

    def _drop(self) -> None:
        session, self._session = self._session, None
        self._keys.clear()
        if session is not None:
            try:
                session.close()
            except reported.PKCS11Error:
                return  # it was lost, and is closed already

    def _open(self, *, writes: bool) -> Session:
        token = self._token()
        try:
            self._session = token.open(rw=writes, user_pin=self._read_pin())
        except reported.UserAlreadyLoggedIn:
            # By somebody else in this process: all sessions of a process with a token are logged in, or none.
            self._session = token.open(rw=writes)
        except (reported.PinIncorrect, reported.PinInvalid, reported.PinLenRange) as error:
            self._refusal = (
                f"{self.name} refused the PIN: it is wrong; it is not tried again, because a token is locked after a few "
                "wrong ones: correct it, and start again"
            )
            raise IdentityError(self._refusal) from error
        except (reported.PinLocked, reported.PinExpired, reported.UserPinNotInitialized) as error:
            raise IdentityError(
                f"{self.name} takes no PIN: {_said(error)}; have its security officer set a new one"
            ) from error
        return self._session

    def _token(self) -> Token:
        wanted = dict(self._uri.token)
        try:
            every = list(pkcs11.lib(self._uri.module).get_tokens())
        except reported.PKCS11Error as error:
            raise IdentityError(
                f"the library {self._uri.module} cannot be used: {_said(error)}; name that of the token in module-path"
            ) from error
        found = [token for token in every if wanted.items() <= _facts(token).items()]
        if len(found) != 1:
            known = ", ".join(f"{one.label!r} (serial {_facts(one)['serial']})" for one in every)
            raise IdentityError(
                f"{self.name} is {'not there' if not found else 'not the only one'}: {self._uri.module} shows "
                f"{known or 'none'}; connect it, or name it by label and serial number"
            )
        return found[0]

    def _read_pin(self) -> str:
        if self._refusal:
            raise IdentityError(self._refusal)
        file = self._uri.pin_source
        if not file:
            if self._pin is None:
                raise IdentityError(
                    f"{self.name} needs its PIN: name its file in the URI (pin-source=file:PATH), or give `pin`"
                )
            return self._pin()
        try:
            return Path(file).read_text(encoding="utf-8").strip("\r\n")
        except (OSError, UnicodeDecodeError) as error:
            raise IdentityError(
                f"the PIN of {self.name} cannot be read from {file}: {error}"
            ) from error


def _named(kind: ObjectClass, id: bytes, label: str) -> dict[Attribute, Any]:
    names = {Attribute.ID: id, Attribute.LABEL: label}
    return {Attribute.CLASS: kind, **{name: value for name, value in names.items() if value}}


def _public_key(curve: ec.EllipticCurve, point: bytes) -> ec.EllipticCurvePublicKey:
    """Return the key of an EC_POINT: the point in an OCTET STRING or, by some tokens, the point alone."""
    size = 1 + 2 * ((curve.key_size + 7) // 8)
    return ec.EllipticCurvePublicKey.from_encoded_point(curve, point[-size:])


def _facts(token: Token) -> dict[str, str]:
    return {
        "token": token.label,
        "serial": token.serial.decode(errors="replace"),
        "manufacturer": token.manufacturer_id,
        "model": token.model,
    }


def _said(error: reported.PKCS11Error) -> str:
    return str(error) or type(error).__name__
