"""What a Fabric CA keeps and answers, and its form as JSON, which client and server share.

The names of JSON are those of Fabric CA 1.5 (its package api, swagger/). A reader raises DecodeError for JSON of another form.
"""

import base64
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, TypeAlias

from pyfabric.errors import DecodeError, IdentityError
from pyfabric.identity.revocation import read_revocation_list

Json: TypeAlias = Mapping[str, Any]
_DEEPEST: Final = 64


@dataclass(frozen=True, slots=True)
class Attribute:
    """An attribute of a registered identity; with `ecert` it is in each certificate that asks for no attributes."""

    name: str
    value: str
    ecert: bool = False

    def json(self) -> Json:
        """Return the attribute as JSON."""
        return {"name": self.name, "value": self.value} | ({"ecert": True} if self.ecert else {})

    @classmethod
    def read(cls, content: object) -> "Attribute":
        """Read an attribute."""
        members = _object(content)
        return cls(_text(members, "name"), _text(members, "value"), _flag(members, "ecert"))


@dataclass(frozen=True, slots=True)
class AttributeRequest:
    """An attribute that shall be in the certificate; without `optional` the CA refuses one who lacks it."""

    name: str
    optional: bool = False

    def json(self) -> Json:
        """Return the request as JSON."""
        return {"name": self.name} | ({"optional": True} if self.optional else {})


@dataclass(frozen=True, slots=True)
class RegisteredIdentity:
    """An identity that a CA knows by name (the enrollment id), with or without certificates.

    `max_enrollments` is how often the secret may be used: -1 without a limit. `secret` is set in the answer to a
    registrar who added the identity or gave it a new secret.
    """

    name: str
    type: str
    affiliation: str
    attributes: tuple[Attribute, ...]
    max_enrollments: int
    secret: str = field(default="", repr=False)

    def json(self) -> Json:
        """Return the identity as JSON, its secret if there is one."""
        return {
            "id": self.name,
            "type": self.type,
            "affiliation": self.affiliation,
            "attrs": [attribute.json() for attribute in self.attributes],
            "max_enrollments": self.max_enrollments,
        } | ({"secret": self.secret} if self.secret else {})

    @classmethod
    def read(cls, content: object) -> "RegisteredIdentity":
        """Read an identity."""
        members = _object(content)
        return cls(
            name=_text(members, "id"),
            type=_text(members, "type"),
            affiliation=_text(members, "affiliation"),
            attributes=tuple(Attribute.read(one) for one in _list(members, "attrs")),
            max_enrollments=_number(members, "max_enrollments"),
            secret=_text(members, "secret"),
        )


@dataclass(frozen=True, slots=True)
class Affiliation:
    """A place in a CA's tree of affiliations: `name` has all parts (city.tax), "" for the root.

    `affiliations` are those directly below, `identities` those that a change of the affiliation changed too.
    """

    name: str
    affiliations: tuple["Affiliation", ...] = ()
    identities: tuple[RegisteredIdentity, ...] = ()

    def json(self) -> Json:
        """Return the affiliation as JSON, with what is below it."""
        lists = {
            "affiliations": [below.json() for below in self.affiliations],
            "identities": [identity.json() for identity in self.identities],
        }
        return {"name": self.name} | {key: items for key, items in lists.items() if items}

    @classmethod
    def read(cls, content: object) -> "Affiliation":
        """Read an affiliation with what is below it."""
        return cls._read(content, _DEEPEST)

    @classmethod
    def _read(cls, content: object, deep: int) -> "Affiliation":
        if deep == 0:
            raise DecodeError(f"the CA's affiliations are deeper than {_DEEPEST}")
        members = _object(content)
        return cls(
            name=_text(members, "name"),
            affiliations=tuple(cls._read(one, deep - 1) for one in _list(members, "affiliations")),
            identities=tuple(RegisteredIdentity.read(one) for one in _list(members, "identities")),
        )


@dataclass(frozen=True, slots=True)
class CAInfo:
    """A CA: its name, the certificates (PEM) from its own to the root, in any order, and its release.

    The release is "" in the answer to an enrollment.
    """

    name: str
    chain: bytes
    version: str = ""

    def json(self) -> Json:
        """Return the CA as JSON, without keys of Idemix."""
        return {
            "CAName": self.name,
            "CAChain": base64.b64encode(self.chain).decode(),
            "IssuerPublicKey": "",
            "IssuerRevocationPublicKey": "",
            "Version": self.version,
        }

    @classmethod
    def read(cls, content: object) -> "CAInfo":
        """Read a CA."""
        members = _object(content)
        chain = decoded(members, "CAChain")
        return cls(_text(members, "CAName"), chain, _text(members, "Version"))


@dataclass(frozen=True, slots=True)
class RevokedCertificate:
    """A certificate that was revoked: its serial number, and its issuer's key identifier, in hex."""

    serial: str
    authority_key_id: str

    def json(self) -> Json:
        """Return the certificate as JSON."""
        return {"Serial": self.serial, "AKI": self.authority_key_id}

    @classmethod
    def read(cls, content: object) -> "RevokedCertificate":
        """Read a certificate."""
        members = _object(content)
        return cls(_text(members, "Serial"), _text(members, "AKI"))


@dataclass(frozen=True, slots=True)
class Revocation:
    """What one request revoked; `crl` is the CA's list (PEM) with it, empty if none was asked for or nothing revoked."""

    certificates: tuple[RevokedCertificate, ...]
    crl: bytes = b""

    def json(self) -> Json:
        """Return the revocation as JSON."""
        return {
            "RevokedCerts": [one.json() for one in self.certificates] or None,
            "CRL": base64.b64encode(self.crl).decode(),
        }

    @classmethod
    def read(cls, content: object) -> "Revocation":
        """Read a revocation."""
        members = _object(content)
        listed = _list(members, "RevokedCerts")
        return cls(tuple(RevokedCertificate.read(one) for one in listed), decoded(members, "CRL"))


def read_identities(content: object) -> tuple[RegisteredIdentity, ...]:
    """Read the answer that lists identities."""
    return tuple(RegisteredIdentity.read(one) for one in _list(_object(content), "identities"))


def read_certificates(content: object) -> tuple[bytes, ...]:
    """Read the answer that lists certificates; return them in PEM."""
    return tuple(_text(_object(one), "PEM").encode() for one in _list(_object(content), "certs"))


def read_secret(content: object) -> str:
    """Read the answer to a registration; return the secret."""
    secret = _text(_object(content), "secret")
    if not secret:
        raise DecodeError("the CA answered a registration without a secret")
    return secret


def read_crl(content: object) -> bytes:
    """Read the answer with a revocation list; return the list (PEM)."""
    crl = decoded(_object(content), "CRL")
    try:
        read_revocation_list(crl)
    except IdentityError as error:
        raise DecodeError(f"the CA's answer is invalid: {error}") from error
    return crl


def read_issued(content: object) -> tuple[bytes, CAInfo]:
    """Read the answer to an enrollment; return the certificate (PEM) and the CA."""
    members = _object(content)
    return decoded(members, "Cert"), CAInfo.read(members.get("ServerInfo"))


def decoded(members: Json, key: str) -> bytes:
    """Return the bytes of a member in base64."""
    try:
        return base64.b64decode(_text(members, key), validate=True)
    except ValueError as error:
        raise DecodeError(f"the CA's answer is invalid: {key} is not base64") from error


def _object(content: object) -> Json:
    if not isinstance(content, dict):
        raise DecodeError(f"the CA's answer is invalid: {_kind(content)} where an object belongs")
    return content


def _list(members: Json, key: str) -> Iterable[object]:
    found = members.get(key)
    if found is None:
        return ()
    if not isinstance(found, list):
        raise DecodeError(f"the CA's answer is invalid: {key} is {_kind(found)}, not a list")
    return found


def _text(members: Json, key: str) -> str:
    found = members.get(key)
    if found is None:
        return ""
    if not isinstance(found, str):
        raise DecodeError(f"the CA's answer is invalid: {key} is {_kind(found)}, not a text")
    return found


def _flag(members: Json, key: str) -> bool:
    found = members.get(key)
    if found is not None and not isinstance(found, bool):
        raise DecodeError(f"the CA's answer is invalid: {key} is {_kind(found)}, not true or false")
    return bool(found)


def _number(members: Json, key: str) -> int:
    found = members.get(key, 0)
    if isinstance(found, bool) or not isinstance(found, int):
        raise DecodeError(f"the CA's answer is invalid: {key} is {_kind(found)}, not a number")
    return found


def _kind(content: object) -> str:
    names = {dict: "an object", list: "a list", str: "a text", bool: "true or false"}
    return "null" if content is None else names.get(type(content), "a number")
