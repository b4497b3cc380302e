"""The index of live grants by resource, which both contracts read."""

from pyfabric_municipal.grants import Grant
from pyfabric_municipal.resources import LiveUse
from pyfabric_municipal.session import Session

LIVE_INDEX = "live"


def live_grants(session: Session, *resource: str) -> list[Grant]:
    """The grants in force now, on one resource or on all; those past their term are left out."""
    found = [session.need(Grant, parts[1]) for parts in session.marked(LIVE_INDEX, *resource)]
    return [grant for grant in found if grant.in_force(session.now)]


def live_uses(session: Session, resource: str) -> tuple[LiveUse, ...]:
    """Who uses which fields of a resource now."""
    grants = live_grants(session, resource)
    return tuple(LiveUse(grant.id, grant.user, grant.terms.fields) for grant in grants)


def live_entry(grant: Grant) -> set[tuple[str, ...]]:
    """The entry of a grant, from its activation until it ends."""
    return {(LIVE_INDEX, grant.resource, grant.id)}
