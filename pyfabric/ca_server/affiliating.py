"""The requests about affiliations: listed, shown, added, renamed and removed.

Source: lib/serveraffiliations.go and lib/dbaccessor.go of Fabric CA 1.5.21. Renaming changes all below, too.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

from pyfabric.ca.codes import CAErrorCode
from pyfabric.ca.records import Affiliation, Attribute
from pyfabric.ca_server import requests
from pyfabric.ca_server.affiliations import (
    is_within,
    parent,
    renamed,
    tree_of,
    whole_tree,
    with_parents,
)
from pyfabric.ca_server.authority import Authority
from pyfabric.ca_server.calls import Call, Result
from pyfabric.ca_server.identities import AFFILIATION, Identity, changed
from pyfabric.ca_server.permissions import (
    AFFILIATION_MANAGER,
    check_affiliation,
    check_role,
    registrar_types,
)
from pyfabric.ca_server.refusals import RefusedError, not_authorized

_AFFILIATION_CHANGED: Final = 3


def list_all(call: Call) -> Result:
    """List the affiliations at and below the caller's."""
    caller = _manager(call)
    names = [one for one in call.authority.registry.affiliations() if _sees(caller, one)]
    tree = whole_tree(names)
    if tree is None:
        code = CAErrorCode.AFFILIATION_NOT_READ
        raise RefusedError(404, code, "No affiliations are configured on the CA")
    return Result(_answer(call, tree))


def show(call: Call) -> Result:
    """Show an affiliation and what is below it."""
    check_affiliation(_manager(call), call.variable)
    name = call.authority.affiliation(call.variable)
    return Result(_answer(call, tree_of(name, _within(call.authority, name))))


def add(call: Call) -> Result:
    """Add an affiliation below one that there is; `force` adds those above it, too."""
    caller, authority = _manager(call), call.authority
    name = requests.new_affiliation(call.body)
    if name in authority.registry.affiliations():
        raise RefusedError(409, CAErrorCode.AFFILIATION_NOT_ADDED, "Affiliation already exists")
    check_affiliation(caller, name)
    wanted = with_parents(name) if call.flag("force") else [name]
    if len(wanted) == 1 and parent(name):
        authority.affiliation(parent(name))
    with authority.registry.changing():
        authority.registry.add_affiliations(wanted)
    return Result(_answer(call, Affiliation(name)))


def rename(call: Call) -> Result:
    """Rename an affiliation; `force` moves its identities, too."""
    caller, authority = _manager(call), call.authority
    old, new = call.variable, requests.changed_affiliation(call.body)
    check_affiliation(caller, old)
    check_affiliation(caller, new)
    force = _forced(call)
    roles = registrar_types(caller)
    authority.affiliation(old)
    if new in authority.registry.affiliations():
        raise RefusedError(
            500,
            CAErrorCode.UNKNOWN,
            f"Failed to modify affiliation from '{old}' to '{new}': Affiliation '{new}' already exists",
        )
    members = _members(authority, old)
    if members and not roles:
        raise not_authorized(
            "Modifying affiliation affects identities, but caller is not a registrar"
        )
    if members and not force:
        names = ",".join(one.name for one in members)
        raise RefusedError(
            400,
            CAErrorCode.AFFILIATION_NOT_MODIFIED,
            f"The request to modify affiliation '{old}' has the following identities associated: {names}. "
            "Need to use 'force' to remove identities and affiliation",
        )
    moved = [_moved(one, old, new) for one in members]
    with authority.registry.changing():
        authority.registry.rename_affiliation(old, new)
        for one in moved:
            authority.registry.put_identity(one)
    records = [one.record() for one in sorted(moved, key=lambda one: one.name)]
    return Result(_answer(call, tree_of(new, _within(authority, new), records)))


def remove(call: Call) -> Result:
    """Remove an affiliation; `force` removes what is below it and its identities, and revokes their certificates."""
    caller, authority = _manager(call), call.authority
    name = call.variable
    if not authority.rules.may_remove:
        raise not_authorized("Affiliation removal is disabled")
    if caller.affiliation == name:
        raise not_authorized(
            f"Can't remove affiliation '{name}' because the caller is associated with this affiliation"
        )
    check_affiliation(caller, name)
    force = call.flag("force")
    roles = registrar_types(caller)
    authority.affiliation(name)
    members, below = _members(authority, name), _within(authority, name)
    if members and not roles:
        raise not_authorized(
            "Removing affiliation affects identities, but caller is not a registrar"
        )
    if (members or len(below) > 1) and not force:
        raise not_authorized(
            f"Cannot delete affiliation '{name}': it has identities or sub-affiliations. Need to use 'force'"
        )
    with authority.registry.changing():
        for one in members:
            authority.registry.remove_identity(one.name)
            authority.registry.revoke_all(one.name, _AFFILIATION_CHANGED, authority.now())
        authority.registry.remove_affiliation(name)
    return Result(_answer(call, tree_of(name, below, [one.record() for one in members])))


def _manager(call: Call) -> Identity:
    """Return the caller, who must manage affiliations."""
    caller = call.caller.identity
    check_role(caller, AFFILIATION_MANAGER)
    return caller


def _forced(call: Call) -> bool:
    try:
        return call.flag("force")
    except RefusedError as error:
        problem = error.text.partition("query parameter: ")[2]
        text = f"The 'force' query parameter value must be a boolean: {problem}"
        raise RefusedError(400, CAErrorCode.AFFILIATION_NOT_ADDED, text) from error


def _sees(caller: Identity, name: str) -> bool:
    return not caller.affiliation or is_within(name, caller.affiliation)


def _within(authority: Authority, name: str) -> Sequence[str]:
    return [one for one in authority.registry.affiliations() if is_within(one, name)]


def _members(authority: Authority, name: str) -> Sequence[Identity]:
    return [one for one in authority.registry.identities() if is_within(one.affiliation, name)]


def _moved(identity: Identity, old: str, new: str) -> Identity:
    affiliation = renamed(identity.affiliation, old, new)
    attributes = changed(identity.attributes, [Attribute(AFFILIATION, affiliation)])
    return replace(identity, affiliation=affiliation, attributes=attributes)


def _answer(call: Call, affiliation: Affiliation) -> Mapping[str, Any]:
    return {**affiliation.json(), "caname": call.ca_name}
