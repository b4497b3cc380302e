"""The requests of Fabric CA's REST API, as bytes.

Source: api/ and lib/identity.go of Fabric CA 1.5.21; the paths are those of its own client. Times are written in UTC.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final
from urllib.parse import quote, urlencode

from pyfabric.ca.records import Attribute, AttributeRequest
from pyfabric.errors import ClientError

_ROOT_AFFILIATION: Final = "."
_NO_ENROLLMENTS: Final = -2


@dataclass(frozen=True, slots=True)
class Request:
    """One request: its method, its path with the query, and its body."""

    method: str
    path: str
    body: bytes = b""


def info(ca_name: str) -> Request:
    """Return the request for a CA's name, chain and release."""
    return _with_body("POST", "/cainfo", {"caname": ca_name})


def enrollment(
    ca_name: str,
    signing_request: bytes,
    *,
    profile: str,
    label: str,
    hosts: Sequence[str],
    attributes: Sequence[AttributeRequest] | None,
    again: bool = False,
) -> Request:
    """Return the request for a certificate; `again` for one who has a certificate already.

    Without `attributes` the certificate gets those that are registered with ecert; an empty sequence asks for none.
    """
    content = {
        "hosts": list(hosts),
        "certificate_request": signing_request.decode(),
        "profile": profile,
        "label": label,
        "CAName": ca_name,
        "attr_reqs": None if attributes is None else [one.json() for one in attributes],
    }
    return _with_body("POST", "/reenroll" if again else "/enroll", content)


def registration(
    ca_name: str,
    name: str,
    *,
    type: str,
    affiliation: str | None,
    attributes: Sequence[Attribute],
    max_enrollments: int,
    secret: str,
) -> Request:
    """Return the request that registers an identity.

    The affiliation "" is the root, None the registrar's own; 0 enrollments stand for what the CA allows.
    """
    _named(name, "identity")
    content = {
        "id": name,
        "type": type,
        "secret": secret,
        "max_enrollments": max_enrollments,
        "affiliation": affiliation or _root(affiliation),
        "attrs": [attribute.json() for attribute in attributes],
        "caname": ca_name,
    }
    return _with_body("POST", "/register", content)


def revocation(
    ca_name: str,
    *,
    name: str = "",
    serial: str = "",
    authority_key_id: str = "",
    reason: str = "",
    with_crl: bool = False,
) -> Request:
    """Return the request that revokes an identity with its certificates, or one certificate.

    Raises ClientError unless a name, or a serial number and a key identifier, are given.
    """
    if not name and not (serial and authority_key_id):
        raise ClientError(
            "nothing to revoke is named: give an identity's name, or a certificate's serial number and "
            "its issuer's key identifier"
        )
    content = {
        "id": name,
        "serial": serial,
        "aki": authority_key_id,
        "reason": reason,
        "caname": ca_name,
        "gencrl": with_crl,
    }
    return _with_body("POST", "/revoke", content)


def crl(
    ca_name: str,
    *,
    revoked_after: datetime | None = None,
    revoked_before: datetime | None = None,
    expire_after: datetime | None = None,
    expire_before: datetime | None = None,
) -> Request:
    """Return the request for a revocation list of what was revoked, and expires, in these times."""
    _in_order(revoked_after, revoked_before, "was revoked")
    _in_order(expire_after, expire_before, "expires")
    content = {
        "caname": ca_name,
        "revokedafter": _time(revoked_after),
        "revokedbefore": _time(revoked_before),
        "expireafter": _time(expire_after),
        "expirebefore": _time(expire_before),
    }
    return _with_body("POST", "/gencrl", content)


def identities(ca_name: str) -> Request:
    """Return the request for the identities that the caller may manage."""
    return Request("GET", _path("/identities", _of_ca(ca_name)))


def identity(ca_name: str, name: str) -> Request:
    """Return the request for one identity."""
    return Request("GET", _path(_place("/identities", name, "identity"), _of_ca(ca_name)))


def new_identity(
    ca_name: str,
    name: str,
    *,
    type: str,
    affiliation: str | None,
    attributes: Sequence[Attribute],
    max_enrollments: int,
    secret: str,
) -> Request:
    """Return the request that adds an identity: a registration whose answer shows all of it."""
    asked = registration(
        ca_name,
        name,
        type=type,
        affiliation=affiliation,
        attributes=attributes,
        max_enrollments=max_enrollments,
        secret=secret,
    )
    return Request("POST", "/identities", asked.body)


def changed_identity(
    ca_name: str,
    name: str,
    *,
    type: str = "",
    affiliation: str | None = None,
    attributes: Sequence[Attribute] = (),
    max_enrollments: int | None = None,
    secret: str = "",
) -> Request:
    """Return the request that changes what is given of an identity.

    An attribute without a value is removed. The affiliation "" is the root; 0 enrollments forbid further ones.
    """
    content = {
        "type": type,
        "affiliation": affiliation or _root(affiliation),
        "attrs": [attribute.json() for attribute in attributes],
        "max_enrollments": _NO_ENROLLMENTS if max_enrollments == 0 else max_enrollments,
        "secret": secret,
        "caname": ca_name,
    }
    return _with_body("PUT", _place("/identities", name, "identity"), content)


def removed_identity(ca_name: str, name: str, *, force: bool) -> Request:
    """Return the request that removes an identity; `force` for one's own."""
    query = {"ca": ca_name, "force": json.dumps(force)}
    return Request("DELETE", _path(_place("/identities", name, "identity"), query))


def affiliations(ca_name: str) -> Request:
    """Return the request for all affiliations at and below the caller's."""
    return Request("GET", _path("/affiliations", _of_ca(ca_name)))


def affiliation(ca_name: str, name: str) -> Request:
    """Return the request for an affiliation and what is below it."""
    return Request("GET", _path(_place("/affiliations", name, "affiliation"), _of_ca(ca_name)))


def new_affiliation(ca_name: str, name: str, *, force: bool) -> Request:
    """Return the request that adds an affiliation; `force` adds those above it, too."""
    _named(name, "affiliation")
    content = {"name": name, "force": force, "caname": ca_name}
    return _with_body("POST", _path("/affiliations", {"force": json.dumps(force)}), content)


def renamed_affiliation(ca_name: str, name: str, new_name: str, *, force: bool) -> Request:
    """Return the request that renames an affiliation; `force` moves its identities, too."""
    _named(new_name, "affiliation")
    path = _path(_place("/affiliations", name, "affiliation"), {"force": json.dumps(force)})
    return _with_body("PUT", path, {"name": new_name, "force": force, "caname": ca_name})


def removed_affiliation(ca_name: str, name: str, *, force: bool) -> Request:
    """Return the request that removes an affiliation; `force` removes what is below it and its identities, too."""
    query = {"ca": ca_name, "force": json.dumps(force)}
    return Request("DELETE", _path(_place("/affiliations", name, "affiliation"), query))


def certificates(
    ca_name: str,
    *,
    name: str = "",
    serial: str = "",
    authority_key_id: str = "",
    revoked_after: datetime | None = None,
    revoked_before: datetime | None = None,
    expire_after: datetime | None = None,
    expire_before: datetime | None = None,
    not_revoked: bool = False,
    not_expired: bool = False,
) -> Request:
    """Return the request for certificates that meet all of these conditions."""
    _in_order(revoked_after, revoked_before, "was revoked")
    _in_order(expire_after, expire_before, "expires")
    conditions = {
        "id": name,
        "aki": authority_key_id,
        "serial": serial,
        "revoked_start": _time(revoked_after),
        "revoked_end": _time(revoked_before),
        "expired_start": _time(expire_after),
        "expired_end": _time(expire_before),
        "notrevoked": json.dumps(not_revoked),
        "notexpired": json.dumps(not_expired),
        "ca": ca_name,
    }
    return Request("GET", _path("/certificates", {k: v for k, v in conditions.items() if v}))


def _root(affiliation: str | None) -> str | None:
    return None if affiliation is None else _ROOT_AFFILIATION


def _with_body(method: str, path: str, content: Mapping[str, Any]) -> Request:
    members = {key: value for key, value in content.items() if value is not None}
    return Request(method, path, json.dumps(members, separators=(",", ":")).encode())


def _of_ca(ca_name: str) -> Mapping[str, str]:
    return {"ca": ca_name} if ca_name else {}


def _path(path: str, query: Mapping[str, str]) -> str:
    return f"{path}?{urlencode(sorted(query.items()))}" if query else path


def _place(path: str, name: str, what: str) -> str:
    _named(name, what)
    if "/" in name or name in (".", ".."):
        raise ClientError(f"{name!r} cannot name an {what} in a request: the CA reads it as a path")
    return f"{path}/{quote(name, safe='')}"


def _named(name: str, what: str) -> None:
    if not name:
        raise ClientError(f"the {what} has no name")


def _time(moment: datetime | None) -> str | None:
    if moment is None:
        return None
    if moment.tzinfo is None:
        raise ClientError(f"{moment} has no time zone: give one")
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")


def _in_order(after: datetime | None, before: datetime | None, what: str) -> None:
    if after is None or before is None:
        return
    begin, end = _time(after), _time(before)
    if after > before:
        raise ClientError(
            f"no certificate {what} after {begin} and before {end}: exchange the times"
        )
