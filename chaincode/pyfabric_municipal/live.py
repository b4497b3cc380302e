"""The index of live grants by resource, which the contracts Directory and Sharing read."""

from pyfabric_municipal.grants import Grant
from pyfabric_municipal.ledger_access import LedgerAccess
from pyfabric_municipal.resources import LiveUse

LIVE_INDEX = "live"


def live_grants(ledger: LedgerAccess, *resource: str) -> list[Grant]:
    """Return the grants in force now, on one resource or on all."""
    found = [ledger.need(Grant, parts[1]) for parts in ledger.marked(LIVE_INDEX, *resource)]
    return [grant for grant in found if grant.in_force(ledger.now)]


def live_uses(ledger: LedgerAccess, resource: str) -> tuple[LiveUse, ...]:
    """Return the current users of a resource, with the fields that they use."""
    grants = live_grants(ledger, resource)
    return tuple(LiveUse(grant.id, grant.user, grant.terms.fields) for grant in grants)


def live_entry(grant: Grant) -> set[tuple[str, ...]]:
    """Return the index entry that a grant has while it is active."""
    return {(LIVE_INDEX, grant.resource, grant.id)}
