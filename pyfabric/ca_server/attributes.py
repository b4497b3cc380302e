"""Which attributes a registrar may give to others, and which go into a certificate. Pure.

Source: lib/attr/attribute.go and lib/attrmgr of Fabric CA 1.5.21; a RefusedError's reason is Fabric's.
"""

from collections.abc import Mapping, Sequence
from typing import Final

from pyfabric.ca.codes import CAErrorCode
from pyfabric.ca.records import Attribute, AttributeRequest
from pyfabric.ca_server.identities import AFFILIATION, ENROLLMENT_ID, TYPE, Identity
from pyfabric.ca_server.permissions import (
    AFFILIATION_MANAGER,
    DELEGATE_ROLES,
    GEN_CRL,
    INTERMEDIATE_CA,
    REGISTRAR_ATTRIBUTES,
    REVOKER,
    ROLES,
    list_contains,
    parse_bool,
)
from pyfabric.ca_server.refusals import RefusedError, not_authorized

_RESERVED: Final = "hf."
_BOOLEANS: Final = frozenset({REVOKER, INTERMEDIATE_CA, GEN_CRL, AFFILIATION_MANAGER})
_FIXED: Final = frozenset({ENROLLMENT_ID, TYPE, AFFILIATION})
_ROLE_LISTS: Final = frozenset({ROLES, DELEGATE_ROLES})


def check_attributes(
    requested: Sequence[Attribute], registrar: Identity, identity: Identity | None = None
) -> None:
    """Check that a registrar may set these attributes of an identity; None is one that is registered."""
    for attribute in requested:
        _Check(attribute, requested, registrar, identity).check()


def chosen_attributes(
    identity: Identity, requests: Sequence[AttributeRequest] | None
) -> Mapping[str, str] | None:
    """Return the attributes of a certificate: those requested, or those meant for every one; None for no extension.

    Raises RefusedError if a required one is missing.
    """
    if requests is None:
        requests = [AttributeRequest(one.name) for one in identity.record().attributes if one.ecert]
        if not requests:
            return None
    held = identity.values
    missing = [one.name for one in requests if not one.optional and one.name not in held]
    if missing:
        text = f"The following required attributes are missing: [{' '.join(missing)}]"
        raise RefusedError(500, CAErrorCode.UNKNOWN, f"Failed to find requested attributes: {text}")
    return {one.name: held[one.name] for one in requests if one.name in held}


class _Check:
    """The check of one attribute among those requested together."""

    def __init__(
        self,
        attribute: Attribute,
        requested: Sequence[Attribute],
        registrar: Identity,
        identity: Identity | None,
    ) -> None:
        self._name, self._value = attribute.name, attribute.value
        self._requested = requested
        self._held = registrar.values
        self._identity = identity

    def check(self) -> None:
        """Raise a RefusedError unless the registrar may set it."""
        allowed = self._held.get(REGISTRAR_ATTRIBUTES)
        if allowed is None:
            raise not_authorized(f"Failed to get attribute '{REGISTRAR_ATTRIBUTES}'")
        if not allowed:
            raise not_authorized(
                f"Registrar does not have any values for '{REGISTRAR_ATTRIBUTES}' thus can't register any attributes"
            )
        _check_listed(self._name, _items(allowed))
        if self._name in _FIXED:
            raise not_authorized(f"Cannot register fixed value attribute '{self._name}'")
        if self._name in _BOOLEANS:
            self._check_boolean(self._own())
        elif self._name in _ROLE_LISTS:
            self._check_roles(self._own())
        elif self._name == REGISTRAR_ATTRIBUTES:
            self._check_registrar_attributes(_items(allowed))
        elif self._name.startswith(_RESERVED):
            raise not_authorized(
                f"Registering attribute '{self._name}' using a reserved prefix 'hf.', "
                "however this not a supported reserved attribute"
            )

    def _own(self) -> str:
        """Return the registrar's own value of the attribute, which it must have."""
        own = self._held.get(self._name)
        if own is None:
            raise not_authorized(
                f"Attribute '{self._name}' requires ownership but the caller does not own this attribute"
            )
        return own

    def _check_boolean(self, own: str) -> None:
        if parse_bool(own) is not True:
            raise not_authorized(
                f"Caller has a value of 'false' for boolean attribute '{self._name}', "
                "can't perform any actions on this attribute"
            )
        if self._value and parse_bool(self._value) is None:
            raise not_authorized(f"Failed to get boolean value of '{self._value}'")

    def _check_roles(self, own: str) -> None:
        if not self._value:
            return
        if not list_contains(own, "*") and not _is_subset(self._value, own):
            raise not_authorized(
                f"The requested values for attribute '{self._name}' is a superset of the caller's attribute value"
            )
        if self._name == DELEGATE_ROLES:
            self._check_delegated()

    def _check_delegated(self) -> None:
        """Check that an identity delegates no roles that it does not have."""
        roles = _first(self._requested, ROLES)
        if not roles and self._identity is not None:
            roles = self._identity.values.get(ROLES, "")
        delegated = _first(self._requested, DELEGATE_ROLES)
        if not list_contains(roles, "*") and not _is_subset(delegated, roles):
            raise not_authorized("The delegateRoles field is a superset of roles")

    def _check_registrar_attributes(self, allowed: Sequence[str]) -> None:
        """Check that an identity may give no attribute to others that this registrar may not give."""
        for name in _items(self._value) if self._value else ():
            _check_listed(name, allowed)
            requested = any(one.name == name for one in self._requested)
            held = self._identity is not None and name in self._identity.values
            if name.startswith(_RESERVED) and not requested and not held:
                raise not_authorized(
                    f"Requesting value of '{name}' for '{REGISTRAR_ATTRIBUTES}', but the identity does not "
                    "possess this attribute nor is it being registered with this attribute"
                )


def _check_listed(name: str, allowed: Sequence[str]) -> None:
    for one in allowed:
        if one.endswith("*") and name.startswith(one.rstrip("*")):
            return
        if one == name:
            return
    raise not_authorized(f"Attribute is not part of caller's '{list(allowed)}' attribute list")


def _items(texts: str) -> list[str]:
    return texts.replace(" ", "").split(",")


def _is_subset(small: str, big: str) -> bool:
    members = {one.lower() for one in big.split(",")}
    return all(one.lower() in members for one in small.split(",") if one)


def _first(attributes: Sequence[Attribute], name: str) -> str:
    return next((one.value for one in attributes if one.name == name), "")
