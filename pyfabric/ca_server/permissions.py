"""What a caller may do at a CA, by its own attributes, type and affiliation. Pure.

Source: lib/serverrequestcontext.go of Fabric CA 1.5.21. Each check raises a RefusedError, whose reason is Fabric's.
"""

from pyfabric.ca.codes import CAErrorCode
from pyfabric.ca_server.identities import Identity
from pyfabric.ca_server.refusals import RefusedError, not_authorized

_TRUE = frozenset({"1", "t", "T", "TRUE", "true", "True"})
_FALSE = frozenset({"0", "f", "F", "FALSE", "false", "False"})

ROLES = "hf.Registrar.Roles"
DELEGATE_ROLES = "hf.Registrar.DelegateRoles"
REGISTRAR_ATTRIBUTES = "hf.Registrar.Attributes"
REVOKER = "hf.Revoker"
INTERMEDIATE_CA = "hf.IntermediateCA"
GEN_CRL = "hf.GenCRL"
AFFILIATION_MANAGER = "hf.AffiliationMgr"


def parse_bool(text: str) -> bool | None:
    """Return a truth value as Go writes it (strconv.ParseBool); None for another text."""
    if text in _TRUE:
        return True
    return False if text in _FALSE else None


def list_contains(texts: str, wanted: str) -> bool:
    """Return whether a list with commas, and a blank after them, has an item."""
    return wanted in [item.removeprefix(" ") for item in texts.split(",")]


def registrar_types(caller: Identity) -> str:
    """Return the types that a registrar may act on, as its attribute lists them; "" if there are none."""
    roles = caller.values.get(ROLES)
    if roles is None:
        raise not_authorized(f"'{caller.name}' is not a registrar")
    return roles


def check_affiliation(caller: Identity, affiliation: str) -> None:
    """Check that an affiliation is the caller's own or below it."""
    own = caller.affiliation
    if own and affiliation != own and not affiliation.startswith(f"{own}."):
        raise not_authorized(
            f"Caller does not have authority to act on affiliation '{affiliation}'"
        )


def check_type(caller: Identity, type_: str) -> None:
    """Check that the caller is a registrar of a type; none is client."""
    allowed = registrar_types(caller)
    if not allowed:
        raise not_authorized(f"'{caller.name}' is not allowed to manage users")
    if list_contains(allowed, "*"):
        return
    if (type_ or "client").lower() not in [one.lower() for one in allowed.split(",")]:
        raise not_authorized(f"Registrar does not have authority to act on type '{type_}'")


def check_managing(caller: Identity, identity: Identity) -> None:
    """Check that the caller may change or see an identity."""
    check_affiliation(caller, identity.affiliation)
    check_type(caller, identity.type)


def check_role(caller: Identity, role: str) -> None:
    """Check that an attribute of the caller is true."""
    value = caller.values.get(role)
    if value is None:
        reason = f"User does not have attribute '{role}'"
        raise not_authorized(f"Invoker does not have following role'{role}': '{reason}'")
    meant = parse_bool(value)
    if meant is None:
        problem = f'strconv.ParseBool: parsing "{value}": invalid syntax'
        raise RefusedError(
            400,
            CAErrorCode.BAD_BOOLEAN_ATTRIBUTE,
            f"Failed to get boolean value of '{role}': '{problem}'",
        )
    if not meant:
        raise not_authorized(f"Caller has a value of 'false' for attribute/role '{role}'")


def is_true(caller: Identity, name: str) -> bool:
    """Return whether an attribute of the caller is there and true."""
    return parse_bool(caller.values.get(name, "")) is True


def check_certificates(caller: Identity) -> None:
    """Check that the caller may list certificates: a registrar, or who may revoke."""
    if ROLES not in caller.values and not is_true(caller, REVOKER):
        raise not_authorized(
            "Caller does not posses either hf.Registrar.Roles or hf.Revoker attribute"
        )
