"""The requests of registrars: identities registered, listed, shown, changed and removed.

Source: lib/serverregister.go and lib/serveridentities.go of Fabric CA 1.5.21.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final
from urllib.parse import quote

from pyfabric.ca.codes import CAErrorCode
from pyfabric.ca.records import Attribute
from pyfabric.ca_server import requests
from pyfabric.ca_server.allowances import granted
from pyfabric.ca_server.attributes import check_attributes
from pyfabric.ca_server.authority import Authority
from pyfabric.ca_server.calls import Call, Result
from pyfabric.ca_server.identities import AFFILIATION, TYPE, Identity, changed, with_defaults
from pyfabric.ca_server.permissions import (
    check_affiliation,
    check_managing,
    check_type,
    list_contains,
    registrar_types,
)
from pyfabric.ca_server.refusals import RefusedError, not_authorized
from pyfabric.ca_server.requests import IdentityRequest

_ROOT: Final = "."
_NONE_LEFT: Final = -2
_CESSATION_OF_OPERATION: Final = 5
_LONGEST_SECRET: Final = 72


def register(call: Call) -> Result:
    """Register an identity, and answer its secret."""
    authority = call.authority
    request = requests.registration(call.body)
    identity, secret = _register(authority, call.caller.identity, request)
    return Result({"secret": secret}, _location(identity))


def list_all(call: Call) -> Result:
    """List the identities of the types and affiliations that the caller may manage."""
    caller, authority = call.caller.identity, call.authority
    allowed = registrar_types(caller)
    if not allowed:
        raise not_authorized("Caller is not a registrar")
    types = None if list_contains(allowed, "*") else {one.strip() for one in allowed.split(",")}
    own = caller.affiliation
    found = [
        replace(one.record(), attributes=one.attributes).json()  # those of one name, too
        for one in authority.registry.identities()
        if (types is None or one.type in types)
        and (not own or one.affiliation == own or one.affiliation.startswith(f"{own}."))
    ]
    return Result({"identities": found, "caname": call.ca_name})


def show(call: Call) -> Result:
    """Show an identity."""
    caller = call.caller.identity
    identity = call.authority.identity(call.variable)
    check_managing(caller, identity)
    return Result({**identity.record().json(), "caname": call.ca_name})


def add(call: Call) -> Result:
    """Register an identity, and answer all of it."""
    caller = call.caller.identity
    request = requests.new_identity(call.body)
    identity, secret = _register(call.authority, caller, request)
    return Result(_answer(call, identity, secret), _location(identity))


def change(call: Call) -> Result:
    """Change what a request gives of an identity."""
    caller, authority = call.caller.identity, call.authority
    identity = _managed(call)
    request = requests.changed_identity(call.body)
    if request.affiliation not in ("", _ROOT, *authority.registry.affiliations()):
        code = CAErrorCode.IDENTITY_NOT_MODIFIED
        raise RefusedError(400, code, f"Affiliation '{request.affiliation}' is not supported")
    if request.affiliation:
        check_affiliation(caller, request.affiliation)
    if request.type:
        check_type(caller, request.type)
    check_attributes(request.attributes, caller, identity)
    after = _changed(authority, identity, request)
    authority.registry.put_identity(after)
    return Result(_answer(call, after, request.secret))


def remove(call: Call) -> Result:
    """Remove an identity, and revoke its certificates."""
    caller, authority = call.caller.identity, call.authority
    if not authority.rules.may_remove:
        raise RefusedError(403, CAErrorCode.IDENTITY_NOT_REMOVED, "Identity removal is disabled")
    force = call.flag("force")
    if call.variable == caller.name and not force:
        raise RefusedError(
            403,
            CAErrorCode.IDENTITY_NOT_REMOVED,
            "Need to use 'force' option to delete your own identity",
        )
    identity = _managed(call)
    with authority.registry.changing():
        authority.registry.remove_identity(identity.name)
        authority.registry.revoke_all(identity.name, _CESSATION_OF_OPERATION, authority.now())
    return Result(_answer(call, identity, ""))


def _register(
    authority: Authority, registrar: Identity, request: IdentityRequest
) -> tuple[Identity, str]:
    """Register an identity whose type and affiliation are the registrar's unless given; return its secret, too."""
    type_ = request.type or registrar.type
    affiliation = request.affiliation or registrar.affiliation
    if affiliation == _ROOT:
        affiliation = ""
    _check_registering(authority, registrar, type_, affiliation, request)
    secret = request.secret or authority.new_secret()
    allowed = granted(request.max_enrollments, authority.rules.max_enrollments)
    if authority.registry.identity(request.name) is not None:
        code = CAErrorCode.ALREADY_REGISTERED
        raise RefusedError(409, code, f"Identity '{request.name}' is already registered")
    attributes = with_defaults(
        request.attributes, name=request.name, type_=type_, affiliation=affiliation
    )
    kept = _kept(authority, secret, failed=f"Registration of '{request.name}' failed: ")
    identity = Identity(request.name, type_, affiliation, attributes, allowed, kept)
    authority.registry.put_identity(identity)
    return identity, secret


def _check_registering(
    authority: Authority,
    registrar: Identity,
    type_: str,
    affiliation: str,
    request: IdentityRequest,
) -> None:
    """Refuse with one text whatever the registrar may not do."""
    try:
        check_type(registrar, type_)
        check_affiliation(registrar, affiliation)
        if affiliation:
            authority.affiliation(affiliation)
        check_attributes(request.attributes, registrar)
    except RefusedError as error:
        raise not_authorized(f"Registration of '{request.name}' failed: {error.reason}") from error


def _managed(call: Call) -> Identity:
    identity = call.authority.identity(call.variable)
    check_managing(call.caller.identity, identity)
    return identity


def _changed(authority: Authority, identity: Identity, request: IdentityRequest) -> Identity:
    changes = list(request.attributes)
    if request.affiliation:
        affiliation = "" if request.affiliation == _ROOT else request.affiliation
        identity = replace(identity, affiliation=affiliation)
        changes.append(Attribute(AFFILIATION, affiliation, ecert=True))
    if request.type:
        identity = replace(identity, type=request.type)
        changes.append(Attribute(TYPE, request.type, ecert=True))
    if request.secret:
        kept = _kept(authority, request.secret)
        identity = replace(identity, secret=kept, wrong_secrets=0)
    if request.max_enrollments:
        allowed = 0 if request.max_enrollments == _NONE_LEFT else request.max_enrollments
        identity = replace(identity, max_enrollments=allowed)
    return replace(identity, attributes=changed(identity.attributes, changes))


def _kept(authority: Authority, secret: str, *, failed: str = "") -> str:
    """Return what the registry keeps of a secret, which bcrypt limits in Fabric CA."""
    if len(secret.encode()) > _LONGEST_SECRET:
        problem = f"bcrypt: password length exceeds {_LONGEST_SECRET} bytes"
        raise RefusedError(500, CAErrorCode.UNKNOWN, f"{failed}Failed to hash password: {problem}")
    return authority.kept(secret)


def _location(identity: Identity) -> str:
    return f"/api/v1/identities/{quote(identity.name, safe='$&+=:@')}"


def _answer(call: Call, identity: Identity, secret: str) -> Mapping[str, Any]:
    """Return an identity that was added, changed or removed: what is empty is left out."""
    whole = {**identity.record(secret).json(), "caname": call.ca_name}
    kept = ("id", "affiliation")
    return {key: value for key, value in whole.items() if value or key in kept}
