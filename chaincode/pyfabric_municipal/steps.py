"""Steps of requests, grants, receipts and reports: applied, written, and announced by an event.

Each function returns the record after the step.
"""

from typing import TypeVar

from pyfabric_municipal.directory.records import Resource
from pyfabric_municipal.grants import GRANT_LIFECYCLE, Grant, GrantFacts, Usage
from pyfabric_municipal.ledger_access import LedgerAccess
from pyfabric_municipal.lifecycle import NEW, Lifecycle
from pyfabric_municipal.live import live_entry, live_grants
from pyfabric_municipal.receipts import RECEIPT_LIFECYCLE, Delivery, Receipt, require_covered
from pyfabric_municipal.records import Tracked
from pyfabric_municipal.reports import REPORT_LIFECYCLE, Report
from pyfabric_municipal.requests import REQUEST_LIFECYCLE, Offer, Request, RequestFacts
from pyfabric_municipal.waiting import put_awaiting

T = TypeVar("T", bound=Tracked)
F = TypeVar("F")


def decide(
    ledger: LedgerAccess, request: str, action: str, *, offer: Offer | None = None, reason: str = ""
) -> Request:
    """Apply a step to the request with that id, and write it."""
    record = ledger.need(Request, request)
    return step_request(ledger, record, action, offer=offer, reason=reason)


def step_request(
    ledger: LedgerAccess,
    before: Request,
    action: str,
    *,
    offer: Offer | None = None,
    reason: str = "",
) -> Request:
    """Apply a step to a request, and write it with who must act next."""
    resource = ledger.need(Resource, before.application.resource)
    uscc = ledger.department(before.user).uscc
    facts = RequestFacts(ledger.now, resource, uscc, offer)
    after = ledger.advance(REQUEST_LIFECYCLE, before, action, facts, reason)
    brought = {
        "reason": reason,
        "offer": offer or before.offer,
        "ruled": before.ruled or action in ("rule_for", "rule_against"),
    }
    after = after.model_copy(update=brought)
    after = put_awaiting(ledger, REQUEST_LIFECYCLE, before, after, action, resource)
    _announce(ledger, REQUEST_LIFECYCLE, after, action, waiting_for=after.waiting_for or "")
    return after


def create_grant(ledger: LedgerAccess, request: Request, resource: Resource, offer: Offer) -> None:
    """Write the grant of a request; the user must accept its licence before it is active."""
    record = Grant(
        state=NEW,
        updated=ledger.now,
        updated_by=ledger.caller,
        id=request.id,
        version=1,
        resource=resource.id,
        resource_version=resource.version,
        schema_digest=resource.schema_digest,
        provider=request.provider,
        user=request.user,
        terms=offer.terms,
        licence=offer.licence,
    )
    facts = GrantFacts(ledger.now, resource)
    ledger.put(ledger.advance(GRANT_LIFECYCLE, record, "offer", facts))
    ledger.reindex(set(), live_entry(record))


def step_grant(ledger: LedgerAccess, before: Grant, action: str, reason: str = "") -> Grant:
    """Apply a step to a grant and set its event; the calling function writes the grant."""
    facts = GrantFacts(ledger.now, ledger.need(Resource, before.resource))
    after = ledger.advance(GRANT_LIFECYCLE, before, action, facts, reason)
    _announce(ledger, GRANT_LIFECYCLE, after, action, resource=after.resource)
    return after


def step_receipt(
    ledger: LedgerAccess, before: Receipt, action: str, reason: str = "", **facts: int
) -> Receipt:
    """Apply a step to a receipt and set its event; the calling function writes the receipt."""
    after = ledger.advance(RECEIPT_LIFECYCLE, before, action, None, reason)
    _announce(ledger, RECEIPT_LIFECYCLE, after, action, grant=before.delivery.grant, **facts)
    return after


def usage_of(ledger: LedgerAccess, grant: Grant) -> Usage:
    """Return the usage of a grant so far."""
    return ledger.get(Usage, grant.id) or Usage(grant=grant.id)


def use_grant(ledger: LedgerAccess, grant: Grant, resource: Resource, delivery: Delivery) -> int:
    """Count a delivery that the grant covers; returns the number of rows left.

    A grant without any rows left becomes exhausted.
    """
    used = usage_of(ledger, grant)
    require_covered(delivery, grant, resource, used, ledger.now)
    used = Usage(
        grant=grant.id,
        rows=used.rows + delivery.rows,
        receipts=used.receipts + 1,
        last=ledger.now,
    )
    ledger.put(used)
    left = grant.terms.quota - used.rows
    if left == 0:
        facts = GrantFacts(ledger.now, resource)
        ledger.put(ledger.advance(GRANT_LIFECYCLE, grant, "exhaust", facts))
        ledger.reindex(live_entry(grant), set())
    return left


def step_report(ledger: LedgerAccess, before: Report, action: str, reason: str = "") -> Report:
    """Apply a step to a report, write it, and set an event that names all users of the resource."""
    after = ledger.advance(REPORT_LIFECYCLE, before, action, None, reason)
    resource = ledger.need(Resource, before.resource)
    after = put_awaiting(ledger, REPORT_LIFECYCLE, before, after, action, resource)
    users = sorted({grant.user for grant in live_grants(ledger, before.resource)})
    _announce(ledger, REPORT_LIFECYCLE, after, action, resource=before.resource, users=users)
    return after


def _announce(
    ledger: LedgerAccess,
    table: Lifecycle[T, F],
    after: T,
    action: str,
    **facts: str | int | list[str],
) -> None:
    """Set the event of a step: which record, its new state, and the parties."""
    ledger.emit(
        table.transitions[action].event,
        id=after.key()[-1],
        state=after.state,
        **after.parties(),
        **facts,
    )
