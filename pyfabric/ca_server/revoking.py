"""The requests that revoke: a certificate or an identity, and the list of what was revoked.

Source: lib/serverrevoke.go and lib/servergencrl.go of Fabric CA 1.5.21.
"""

import base64
from collections.abc import Mapping
from datetime import datetime
from typing import Final

from pyfabric.ca.codes import CAErrorCode
from pyfabric.ca.records import RevokedCertificate
from pyfabric.ca_server import requests
from pyfabric.ca_server.authority import Authority, Caller
from pyfabric.ca_server.calls import Call, Result
from pyfabric.ca_server.identities import Identity
from pyfabric.ca_server.permissions import (
    GEN_CRL,
    REVOKER,
    check_managing,
    is_true,
)
from pyfabric.ca_server.refusals import RefusedError, not_authorized
from pyfabric.ca_server.registry import IssuedCertificate, issuer_of, serial_of
from pyfabric.ca_server.requests import CRLRequest, RevocationRequest

# RFC 5280, 5.3.1; a reason that is not among them is unspecified.
_REASONS: Final[Mapping[str, int]] = {
    "unspecified": 0,
    "keycompromise": 1,
    "cacompromise": 2,
    "affiliationchanged": 3,
    "superseded": 4,
    "cessationofoperation": 5,
    "certificatehold": 6,
    "removefromcrl": 8,
    "privilegewithdrawn": 9,
    "aacompromise": 10,
}


def revoke(call: Call) -> Result:
    """Revoke one certificate, or an identity with all of its certificates."""
    authority = call.authority
    request = requests.revocation(call.body)
    caller = call.caller
    reason = _REASONS.get(request.reason, 0)
    with authority.registry.changing():
        if request.serial and request.key_id:
            revoked = [_revoke_certificate(authority, caller, request, reason)]
        elif request.name:
            revoked = _revoke_identity(authority, caller.identity, request.name, reason)
        else:
            raise RefusedError(
                400,
                CAErrorCode.NOTHING_TO_REVOKE_NAMED,
                "Either Name or Serial and AKI are required for a revoke request",
            )
    crl = _crl(authority, CRLRequest()) if request.with_crl and revoked else b""
    listed = [RevokedCertificate(one.serial, one.key_id).json() for one in revoked]
    return Result({"RevokedCerts": listed or None, "CRL": base64.b64encode(crl).decode()})


def make_crl(call: Call) -> Result:
    """Make a revocation list."""
    authority = call.authority
    request = requests.crl(call.body)
    caller = call.caller.identity
    if not is_true(caller, GEN_CRL):
        raise not_authorized(
            f"The identity '{caller.name}' does not have authority to generate a CRL"
        )
    return Result({"CRL": base64.b64encode(_crl(authority, request)).decode()})


def _revoke_certificate(
    authority: Authority, caller: Caller, request: RevocationRequest, reason: int
) -> IssuedCertificate:
    serial, key_id = request.serial, request.key_id
    which = f"Certificate with serial {serial} and AKI {key_id}"
    found = authority.registry.certificate(serial, key_id)
    if found is None:
        code = CAErrorCode.CERTIFICATE_TO_REVOKE_NOT_FOUND
        problem = "Failed to get Certificate: sql: no rows in result set"
        raise RefusedError(404, code, f"{which} was not found: {problem}")
    _check_revoker(caller.identity, found.name)
    if found.revoked is not None:
        raise RefusedError(404, CAErrorCode.ALREADY_REVOKED, f"{which} was already revoked")
    if request.name not in ("", found.name):
        code = CAErrorCode.CERTIFICATE_OF_ANOTHER
        raise RefusedError(400, code, f"{which} is not owned by {request.name}")
    owner = _owner(authority, found.name)
    own = caller.certificate
    if own is None or (serial, key_id) != (serial_of(own), issuer_of(own)):
        check_managing(caller.identity, owner)
    authority.registry.revoke_certificate(found, reason, authority.now())
    return found


def _revoke_identity(
    authority: Authority, caller: Identity, name: str, reason: int
) -> list[IssuedCertificate]:
    _check_revoker(caller, name)
    identity = _owner(authority, name)
    if caller.name != identity.name:
        check_managing(caller, identity)
    authority.registry.revoke_identity(identity)
    return authority.registry.revoke_all(name, reason, authority.now())


def _check_revoker(caller: Identity, name: str) -> None:
    """Check that the caller may revoke; everybody may revoke what is their own."""
    if caller.name != name and not is_true(caller, REVOKER):
        raise not_authorized("Caller does not have authority to revoke")


def _owner(authority: Authority, name: str) -> Identity:
    found = authority.registry.identity(name)
    if found is None:
        problem = "Failed to get User: sql: no rows in result set"
        raise RefusedError(
            404,
            CAErrorCode.IDENTITY_TO_REVOKE_NOT_FOUND,
            f"Identity {name} was not found: {problem}",
        )
    return found


def _crl(authority: Authority, request: CRLRequest) -> bytes:
    for after, before, kind, code in (
        (request.revoked_after, request.revoked_before, "revoked", CAErrorCode.BAD_REVOKED_AFTER),
        (request.expire_after, request.expire_before, "expire", CAErrorCode.BAD_EXPIRE_AFTER),
    ):
        if after is not None and before is not None and after > before:
            raise RefusedError(
                400,
                code,
                f"Invalid '{kind}after' value. It must not be a timestamp greater than '{kind}before'",
            )
    listed = [
        one
        for one in authority.registry.certificates()
        if one.revoked is not None
        and _between(one.revoked, request.revoked_after, request.revoked_before)
        and _between(one.expires, request.expire_after, request.expire_before)
    ]
    return authority.revocation_list(listed)


def _between(moment: datetime, after: datetime | None, before: datetime | None) -> bool:
    return (after is None or moment > after) and (before is None or moment < before)
