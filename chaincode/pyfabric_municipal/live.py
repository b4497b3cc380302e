"""The index of grants by resource: those that are granted or active."""

from pyfabric_municipal.grants import LIVE_INDEX, Grant
from pyfabric_municipal.ledger_access import LedgerAccess


def live_grants(ledger: LedgerAccess, *resource: str) -> list[Grant]:
    """Return the grants in force now, on one resource or on all."""
    found = [ledger.need(Grant, parts[1]) for parts in ledger.marked(LIVE_INDEX, *resource)]
    return [grant for grant in found if grant.in_force(ledger.now)]


def live_entry(grant: Grant) -> set[tuple[str, ...]]:
    """Return the index entry that a grant has while it is granted or active."""
    return {(LIVE_INDEX, grant.resource, grant.id)}
