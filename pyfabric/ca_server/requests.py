"""What the bodies of requests to a CA hold. Pure.

Source: package api and lib/servergencrl.go of Fabric CA 1.5.21; what is invalid is refused with Go's texts.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from pyfabric.ca.codes import CAErrorCode
from pyfabric.ca.records import Attribute, AttributeRequest
from pyfabric.ca_server.refusals import RefusedError
from pyfabric.messages.go_json import InvalidJsonError
from pyfabric.messages.go_structs import Kind, Slice, Struct, read_struct

_ATTRIBUTE: Final = Struct("api.Attribute", {"name": "string", "value": "string", "ecert": "bool"})
_ATTRIBUTES: Final = Slice(_ATTRIBUTE, "[]api.Attribute")
_ATTRIBUTE_REQUESTS: Final = Slice(
    Struct("api.AttributeRequest", {"name": "string", "optional": "bool"}),
    "[]*api.AttributeRequest",
)
_NAME_PARTS: Final = ("C", "ST", "L", "O", "OU", "SerialNumber")
_SUBJECT: Final = Struct(
    "signer.Subject",
    {
        "CN": "string",
        "names": Slice(Struct("csr.Name", dict.fromkeys(_NAME_PARTS, "string")), "[]csr.Name"),
        "SerialNumber": "string",
    },
)
_ANY: Final = Struct("signer.Extension", {})
UNSUPPORTED: Final = ("crl_override", "serial", "extensions", "ReturnPrecert")
"""What an enrolment may not have here, of what Fabric CA reads."""


def _in(struct: str, fields: Mapping[str, Kind], embedded: str) -> Struct:
    """Return a struct all of whose fields are in an embedded one."""
    return Struct(struct, fields, dict.fromkeys(fields, embedded))


_CA_NAME: Final = Struct("lib.caNameReqBody", {"caname": "string"})
_REGISTRATION: Final = _in(
    "api.RegistrationRequestNet",
    {
        "id": "string",
        "type": "string",
        "secret": "string",
        "max_enrollments": "int",
        "affiliation": "string",
        "attrs": _ATTRIBUTES,
        "caname": "string",
    },
    "RegistrationRequest",
)
_SIGNING: Final[Mapping[str, Kind]] = {
    "hosts": Slice("string", "[]string"),
    "certificate_request": "string",
    "subject": _SUBJECT,
    "profile": "string",
    "crl_override": "string",
    "label": "string",
    "serial": "int",
    "extensions": Slice(_ANY, "[]signer.Extension"),
    "NotBefore": "time.Time",
    "NotAfter": "time.Time",
    "ReturnPrecert": "bool",
}
_ENROLLMENT: Final = Struct(
    "api.EnrollmentRequestNet",
    {**_SIGNING, "CAName": "string", "attr_reqs": _ATTRIBUTE_REQUESTS},
    dict.fromkeys(_SIGNING, "SignRequest"),
)
_REVOCATION: Final = _in(
    "api.RevocationRequestNet",
    {
        "id": "string",
        "serial": "string",
        "aki": "string",
        "reason": "string",
        "caname": "string",
        "gencrl": "bool",
    },
    "RevocationRequest",
)
_CRL: Final = Struct(
    "api.GenCRLRequest",
    {
        "caname": "string",
        "revokedafter": "time.Time",
        "revokedbefore": "time.Time",
        "expireafter": "time.Time",
        "expirebefore": "time.Time",
    },
)
_IDENTITY: Final[Mapping[str, Kind]] = {
    "type": "string",
    "affiliation": "string",
    "attrs": _ATTRIBUTES,
    "max_enrollments": "int",
    "secret": "string",
    "caname": "string",
}
_NEW_IDENTITY: Final = Struct("api.AddIdentityRequest", {"id": "string", **_IDENTITY})
_CHANGED_IDENTITY: Final = Struct("api.ModifyIdentityRequest", {"ID": "string", **_IDENTITY})
_NEW_AFFILIATION: Final = _in(
    "api.AddAffiliationRequestNet",
    {"name": "string", "force": "bool", "caname": "string"},
    "AddAffiliationRequest",
)
_CHANGED_AFFILIATION: Final = _in(
    "api.ModifyAffiliationRequestNet",
    {"Name": "string", "name": "string", "force": "bool", "caname": "string"},
    "ModifyAffiliationRequest",
)


@dataclass(frozen=True, slots=True)
class IdentityRequest:
    """A new identity, or the changes of one; what is empty or 0 was not given."""

    name: str
    type: str
    affiliation: str
    attributes: tuple[Attribute, ...]
    max_enrollments: int
    secret: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class SigningRequest:
    """An enrolment: the signing request (PEM), the profile, and what the certificate shall hold.

    `hosts` None are those of the signing request, `attributes` None those that the registrar meant for every
    certificate. `names` are further parts of the subject, by Fabric CA's short names (C, ST, L, O, SerialNumber).
    """

    csr: bytes
    profile: str
    hosts: tuple[str, ...] | None
    attributes: tuple[AttributeRequest, ...] | None
    common_name: str | None
    names: tuple[Mapping[str, str], ...]
    serial_number: str
    not_before: datetime | None


@dataclass(frozen=True, slots=True)
class RevocationRequest:
    """What shall be revoked: a certificate (`serial`, `key_id` of its issuer), or all of an identity (`name`)."""

    name: str
    serial: str
    key_id: str
    reason: str
    with_crl: bool


@dataclass(frozen=True, slots=True)
class CRLRequest:
    """Which revoked certificates a list holds: all but those outside these times."""

    revoked_after: datetime | None = None
    revoked_before: datetime | None = None
    expire_after: datetime | None = None
    expire_before: datetime | None = None


def ca_name(body: bytes) -> str:
    """Return the CA that a body names; "" for none."""
    return str(_read(body, _CA_NAME)["caname"]) if body else ""


def registration(body: bytes) -> IdentityRequest:
    """Read a registration."""
    return _identity(_required(body, _REGISTRATION), "id")


def new_identity(body: bytes) -> IdentityRequest:
    """Read an identity that shall be added."""
    found = _identity(_required(body, _NEW_IDENTITY), "id")
    if not found.name:
        code = CAErrorCode.IDENTITY_NOT_ADDED
        raise RefusedError(400, code, "Missing 'ID' in request to add a new identity")
    return found


def changed_identity(body: bytes) -> IdentityRequest:
    """Read the changes of an identity."""
    return _identity(_required(body, _CHANGED_IDENTITY), "ID")


def enrollment(body: bytes) -> SigningRequest:
    """Read an enrolment. Raises RefusedError also for what this CA does not do: see `_unsupported`."""
    found = _required(body, _ENROLLMENT)
    _check_supported(found)
    subject = found["subject"]
    requests = found["attr_reqs"]
    return SigningRequest(
        csr=found["certificate_request"].encode(),
        profile=found["profile"],
        hosts=None if found["hosts"] is None else tuple(found["hosts"]),
        attributes=None
        if requests is None
        else tuple(AttributeRequest(one["name"], one["optional"]) for one in requests),
        common_name=None if subject is None else subject["CN"],
        names=() if subject is None else tuple(subject["names"] or ()),
        serial_number="" if subject is None else subject["SerialNumber"],
        not_before=found["NotBefore"],
    )


def revocation(body: bytes) -> RevocationRequest:
    """Read a revocation; numbers in hex lose zeros at their front, and colons."""
    found = _required(body, _REVOCATION)
    return RevocationRequest(
        name=found["id"],
        serial=_hex(found["serial"]),
        key_id=_hex(found["aki"]),
        reason=found["reason"],
        with_crl=found["gencrl"],
    )


def crl(body: bytes) -> CRLRequest:
    """Read a request of a revocation list; Go's zero time is no limit."""
    found = _required(body, _CRL)
    names = ("revokedafter", "revokedbefore", "expireafter", "expirebefore")
    return CRLRequest(*(_limit(found[name]) for name in names))


def new_affiliation(body: bytes) -> str:
    """Read an affiliation that shall be added; return its name."""
    return str(_required(body, _NEW_AFFILIATION)["name"])


def changed_affiliation(body: bytes) -> str:
    """Read the change of an affiliation; return its new name."""
    return str(_required(body, _CHANGED_AFFILIATION)["name"])


def _check_supported(found: Mapping[str, Any]) -> None:
    """Refuse what lets a client decide over its own certificate; Fabric's own client sends none of it."""
    for name in UNSUPPORTED:
        if found[name]:
            code = CAErrorCode.BAD_SIGNING_REQUEST
            raise RefusedError(400, code, f"{name} is not supported: leave it out")


def _identity(found: Mapping[str, Any], name: str) -> IdentityRequest:
    attributes = tuple(
        Attribute(one["name"], one["value"], one["ecert"]) for one in found["attrs"] or ()
    )
    return IdentityRequest(
        name=found[name],
        type=found["type"],
        affiliation=found["affiliation"],
        attributes=attributes,
        max_enrollments=found["max_enrollments"],
        secret=found["secret"],
    )


def _hex(text: str) -> str:
    return text.lower().lstrip("0").replace(":", "")


def _limit(time: datetime | None) -> datetime | None:
    return None if time is None or time.year == 1 else time


def _required(body: bytes, struct: Struct) -> dict[str, Any]:
    if not body:
        raise RefusedError(400, CAErrorCode.EMPTY_BODY, "Empty request body")
    return _read(body, struct)


def _read(body: bytes, struct: Struct) -> dict[str, Any]:
    try:
        return read_struct(body, struct)
    except InvalidJsonError as error:
        shown = body.decode(errors="replace")
        text = f"Invalid request body: {error}; body={shown}"
        raise RefusedError(400, CAErrorCode.BAD_BODY, text) from error
