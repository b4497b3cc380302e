"""Steps of requests, grants, receipts and reports: applied, written, and announced by an event."""

from typing import TypeVar

from pyfabric_municipal.departments import Department
from pyfabric_municipal.grants import GRANT_LIFECYCLE, Grant, GrantFacts, Usage
from pyfabric_municipal.lifecycle import NEW, Lifecycle
from pyfabric_municipal.live import live_entry, live_uses
from pyfabric_municipal.receipts import RECEIPT_LIFECYCLE, Delivery, Receipt, require_covered
from pyfabric_municipal.records import Tracked
from pyfabric_municipal.reports import REPORT_LIFECYCLE, Report
from pyfabric_municipal.requests import REQUEST_LIFECYCLE, Offer, Request, RequestFacts
from pyfabric_municipal.resources import Resource
from pyfabric_municipal.session import Session
from pyfabric_municipal.waiting import put_awaiting

T = TypeVar("T", bound=Tracked)
F = TypeVar("F")


def decide(
    session: Session, request: str, action: str, *, offer: Offer | None = None, reason: str = ""
) -> Request:
    """The request of that id after a step, written."""
    record = session.need(Request, request)
    return step_request(session, record, action, offer=offer, reason=reason)


def step_request(
    session: Session, before: Request, action: str, *, offer: Offer | None = None, reason: str = ""
) -> Request:
    """The request after a step, written with who must answer next."""
    resource = session.need(Resource, before.application.resource)
    uscc = session.need(Department, before.user).uscc
    facts = RequestFacts(session.now, resource, uscc, offer)
    after = session.advance(REQUEST_LIFECYCLE, before, action, facts, reason)
    brought = {
        "reason": reason,
        "offer": offer or before.offer,
        "ruled": before.ruled or action in ("rule_for", "rule_against"),
    }
    after = after.model_copy(update=brought)
    after = put_awaiting(session, REQUEST_LIFECYCLE, before, after, action, resource)
    _announce(session, REQUEST_LIFECYCLE, after, action, waiting_for=after.waiting_for or "")
    return after


def create_grant(session: Session, request: Request, resource: Resource, offer: Offer) -> None:
    """Write the grant that a request led to; the user has still to accept its licence."""
    record = Grant(
        state=NEW,
        updated=session.now,
        updated_by=session.caller,
        id=request.id,
        version=1,
        resource=resource.code,
        resource_version=resource.version,
        schema_digest=resource.schema_digest,
        provider=request.provider,
        user=request.user,
        terms=offer.terms,
        licence=offer.licence,
    )
    facts = GrantFacts(session.now, resource)
    session.put(session.advance(GRANT_LIFECYCLE, record, "offer", facts))


def step_grant(session: Session, before: Grant, action: str, reason: str = "") -> Grant:
    """The grant after a step; the caller adds to it and writes it."""
    facts = GrantFacts(session.now, session.need(Resource, before.resource))
    after = session.advance(GRANT_LIFECYCLE, before, action, facts, reason)
    _announce(session, GRANT_LIFECYCLE, after, action, resource=after.resource)
    return after


def step_receipt(
    session: Session, before: Receipt, action: str, reason: str = "", **facts: int
) -> Receipt:
    """The receipt after a step, announced with these facts; the caller adds to it and writes it."""
    after = session.advance(RECEIPT_LIFECYCLE, before, action, None, reason)
    _announce(session, RECEIPT_LIFECYCLE, after, action, grant=before.delivery.grant, **facts)
    return after


def usage_of(session: Session, grant: Grant) -> Usage:
    """What is used of a grant."""
    return session.get(Usage, grant.id) or Usage(grant=grant.id)


def use_grant(session: Session, grant: Grant, resource: Resource, delivery: Delivery) -> int:
    """Count a delivery that the grant covers; returns how many rows are left, and the last one ends
    the grant."""
    used = usage_of(session, grant)
    require_covered(delivery, grant, used, session.now)
    used = Usage(
        grant=grant.id,
        rows=used.rows + delivery.rows,
        receipts=used.receipts + 1,
        last=session.now,
    )
    session.put(used)
    left = grant.terms.quota - used.rows
    if left == 0:
        facts = GrantFacts(session.now, resource)
        session.put(session.advance(GRANT_LIFECYCLE, grant, "exhaust", facts))
        session.reindex(live_entry(grant), set())
    return left


def step_report(session: Session, before: Report, action: str, reason: str = "") -> Report:
    """The report after a step, written; everybody with a grant on the resource is told."""
    after = session.advance(REPORT_LIFECYCLE, before, action, None, reason)
    resource = session.need(Resource, before.resource)
    after = put_awaiting(session, REPORT_LIFECYCLE, before, after, action, resource)
    users = sorted({use.user for use in live_uses(session, before.resource)})
    _announce(session, REPORT_LIFECYCLE, after, action, resource=before.resource, users=users)
    return after


def _announce(
    session: Session, table: Lifecycle[T, F], after: T, action: str, **facts: str | int | list[str]
) -> None:
    """Set the event of a step: which record, its new state, and the parties."""
    session.emit(
        table.transitions[action].event,
        id=after.key()[-1],
        state=after.state,
        **after.parties(),
        **facts,
    )
