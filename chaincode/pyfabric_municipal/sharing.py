"""The contract `Sharing`: requests, grants, receipts and error reports between departments."""

from typing import Annotated

from pydantic import Field

from pyfabric.chaincode import Context, Contract, ContractError, query, transaction
from pyfabric_municipal.credit_reading import CreditSnapshot, read_credit
from pyfabric_municipal.description import ShareType
from pyfabric_municipal.grants import Grant, Usage, require_live
from pyfabric_municipal.lifecycle import NEW
from pyfabric_municipal.live import live_entry, live_grants
from pyfabric_municipal.receipts import Delivery, Receipt
from pyfabric_municipal.records import Count, Digest, Model, MspId, Step
from pyfabric_municipal.reports import Fault, Report
from pyfabric_municipal.requests import GRANTED, REFUSED, Application, Offer, Request, require_offer
from pyfabric_municipal.resources import Resource
from pyfabric_municipal.session import PageSize, Session
from pyfabric_municipal.steps import (
    create_grant,
    decide,
    step_grant,
    step_receipt,
    step_report,
    step_request,
    usage_of,
    use_grant,
)
from pyfabric_municipal.timestamps import add_days
from pyfabric_municipal.waiting import Overdue, overdue

OPEN_LICENCE = "unconditional sharing: any purpose of the department's duties"
Days = Annotated[int, Field(ge=1, le=3660)]


class RefusalRate(Model):
    """How many of a department's answered requests it refused, per thousand."""

    department: str
    answered: Count
    refused: Count
    per_thousand: Count


class RequestPage(Model):
    """One page of all requests; `bookmark` starts the next one, "" after the last."""

    items: tuple[Request, ...]
    bookmark: str


class Sharing(Contract):
    """How departments ask one another for data, and what came of it."""

    name = "Sharing"
    title = "Sharing of government data"

    @transaction
    def apply(self, ctx: Context, application: Application) -> str:
        """Ask for a resource; returns the request's id."""
        session = Session(ctx)
        resource = session.need(Resource, application.resource)
        record = Request(
            state=NEW,
            updated=session.now,
            updated_by=session.caller,
            id=session.transaction_id,
            application=application,
            user=session.caller,
            provider=resource.provider,
            applied=session.now,
        )
        return step_request(session, record, "apply").id

    @transaction
    def check(self, ctx: Context, request: Digest) -> str:
        """Find a request in order (manager): an unconditional resource is granted by that, any
        other goes to its provider. Returns the request's new state."""
        session = Session(ctx)
        record = session.need(Request, request)
        resource = session.need(Resource, record.application.resource)
        if resource.description.share.type is not ShareType.UNCONDITIONAL:
            return step_request(session, record, "pass_on").state
        after = step_request(session, record, "grant_open")
        offer = Offer(terms=record.application.terms, licence=OPEN_LICENCE)
        create_grant(session, after, resource, offer)
        return after.state

    @transaction
    def reject(self, ctx: Context, request: Digest, reason: str) -> None:
        """Refuse a request that is not in order (manager)."""
        decide(Session(ctx), request, "reject", reason=reason)

    @transaction
    def withdraw(self, ctx: Context, request: Digest) -> None:
        """Take a request back (user)."""
        decide(Session(ctx), request, "withdraw")

    @transaction
    def grant(self, ctx: Context, request: Digest, offer: Offer) -> None:
        """Grant a request, on its terms or narrower ones (provider)."""
        session = Session(ctx)
        after = decide(session, request, "grant", offer=offer)
        resource = session.need(Resource, after.application.resource)
        create_grant(session, after, resource, offer)

    @transaction
    def refuse(self, ctx: Context, request: Digest, reason: str) -> None:
        """Refuse a request (provider)."""
        decide(Session(ctx), request, "refuse", reason=reason)

    @transaction
    def offer(self, ctx: Context, request: Digest, offer: Offer) -> None:
        """Offer narrower terms (provider)."""
        decide(Session(ctx), request, "offer", offer=offer)

    @transaction
    def accept(self, ctx: Context, request: Digest) -> None:
        """Accept the terms offered, which grants the request (user)."""
        session = Session(ctx)
        after = decide(session, request, "accept")
        resource = session.need(Resource, after.application.resource)
        create_grant(session, after, resource, require_offer(after))

    @transaction
    def dispute(self, ctx: Context, request: Digest, reason: str) -> None:
        """Contest a refusal (user)."""
        decide(Session(ctx), request, "dispute", reason=reason)

    @transaction
    def escalate(self, ctx: Context, request: Digest) -> None:
        """Ask the manager to arbitrate, since the provider's answer is late (user)."""
        decide(Session(ctx), request, "escalate")

    @transaction
    def refer(self, ctx: Context, request: Digest, reason: str) -> None:
        """Ask the manager to arbitrate, since the negotiation came to nothing (user, provider)."""
        decide(Session(ctx), request, "refer", reason=reason)

    @transaction
    def arbitrate(
        self, ctx: Context, request: Digest, reason: str, offer: Offer | None = None
    ) -> str:
        """Rule (manager): with terms, that the provider grants them; without, that it need not.
        The ruling is final. Returns the request's new state."""
        action = "rule_against" if offer is None else "rule_for"
        return decide(Session(ctx), request, action, offer=offer, reason=reason).state

    @transaction
    def activate(self, ctx: Context, grant: Digest) -> None:
        """Accept a grant and its licence: from now on it may be used (user)."""
        session = Session(ctx)
        record = session.need(Grant, grant)
        after = step_grant(session, record, "activate")
        session.put(after.model_copy(update={"active_since": session.now}))
        session.reindex(set(), live_entry(record))

    @transaction
    def renew(self, ctx: Context, grant: Digest) -> int:
        """Carry a grant over to the resource's new version (provider); returns the grant's."""
        session = Session(ctx)
        after = step_grant(session, session.need(Grant, grant), "renew")
        resource = session.need(Resource, after.resource)
        renewed = after.model_copy(
            update={
                "version": after.version + 1,
                "resource_version": resource.version,
                "schema_digest": resource.schema_digest,
            }
        )
        session.put(renewed)
        return renewed.version

    @transaction
    def revoke(self, ctx: Context, grant: Digest, reason: str) -> None:
        """End a grant (provider, manager): no receipt counts from now on."""
        session = Session(ctx)
        record = session.need(Grant, grant)
        after = step_grant(session, record, "revoke", reason)
        session.put(after.model_copy(update={"version": after.version + 1, "reason": reason}))
        session.reindex(live_entry(record), set())

    @transaction
    def expire(self, ctx: Context, grant: Digest) -> None:
        """Close a grant whose term is over; it could not be used any more anyway."""
        session = Session(ctx)
        record = session.need(Grant, grant)
        session.put(step_grant(session, record, "expire"))
        session.reindex(live_entry(record), set())

    @transaction
    def deliver(self, ctx: Context, delivery: Delivery) -> str:
        """Record a delivery under a live grant (provider); returns the receipt's id."""
        session = Session(ctx)
        grant = session.need(Grant, delivery.grant)
        receipt = Receipt(
            state=NEW,
            updated=session.now,
            updated_by=session.caller,
            id=delivery.receipt_id(),
            delivery=delivery,
            provider=grant.provider,
            user=grant.user,
            transaction_id=session.transaction_id,
        )
        resource = session.need(Resource, grant.resource)
        require_live(grant, resource, session.now)
        known = session.get(Receipt, grant.id, receipt.id)
        if known is not None:
            raise ContractError(
                f"receipt {receipt.id} was recorded by transaction {known.transaction_id} already"
            )
        left = use_grant(session, grant, resource, delivery)
        session.put(step_receipt(session, receipt, "deliver", rows_left=left))
        return receipt.id

    @transaction
    def confirm(self, ctx: Context, grant: Digest, receipt: Digest) -> None:
        """Sign for a delivery (user)."""
        session = Session(ctx)
        record = session.need(Receipt, grant, receipt)
        session.put(step_receipt(session, record, "confirm"))

    @transaction
    def contest(self, ctx: Context, grant: Digest, receipt: Digest, reason: str) -> None:
        """Say that a delivery was not as the receipt says (user)."""
        session = Session(ctx)
        record = session.need(Receipt, grant, receipt)
        after = step_receipt(session, record, "contest", reason)
        session.put(after.model_copy(update={"reason": reason}))

    @transaction
    def raise_error(self, ctx: Context, fault: Fault) -> str:
        """Report a fault in data that the caller has a live grant on; returns the report's id."""
        session = Session(ctx)
        grant = session.need(Grant, fault.grant)
        if not grant.in_force(session.now):
            raise ContractError(
                f"grant {grant.id} is not in force: no fault can be raised under it"
            )
        if fault.field not in grant.terms.fields:
            raise ContractError(f"grant {grant.id} does not give field {fault.field}")
        record = Report(
            state=NEW,
            updated=session.now,
            updated_by=session.caller,
            id=session.transaction_id,
            fault=fault,
            resource=grant.resource,
            provider=grant.provider,
            user=grant.user,
        )
        return step_report(session, record, "raise").id

    @transaction
    def accept_error(self, ctx: Context, report: Digest) -> None:
        """Admit a fault (provider)."""
        session = Session(ctx)
        step_report(session, session.need(Report, report), "accept")

    @transaction
    def correct_error(self, ctx: Context, report: Digest, correction_digest: Digest) -> None:
        """Say that a fault is mended (provider)."""
        session = Session(ctx)
        record = session.need(Report, report)
        record = record.model_copy(update={"correction_digest": correction_digest})
        step_report(session, record, "correct")

    @transaction
    def reject_error(self, ctx: Context, report: Digest, reason: str) -> None:
        """Say that there is no fault (provider)."""
        session = Session(ctx)
        record = session.need(Report, report).model_copy(update={"reason": reason})
        step_report(session, record, "reject", reason)

    @query
    def request(self, ctx: Context, request: Digest) -> Request:
        """A request as it is now."""
        return Session(ctx).need(Request, request)

    @query
    def operator_credit(self, ctx: Context, request: Digest) -> CreditSnapshot:
        """The penalties that count today against the operator named in a request, as the credit channel
        has them: for departments that are in that channel, at a peer that is."""
        session = Session(ctx)
        operator = session.need(Request, request).application.operator
        if operator is None:
            raise ContractError(f"request {request} names no operator")
        return read_credit(ctx, operator, session.today)

    @query
    def granted(self, ctx: Context, grant: Digest) -> Grant:
        """A grant as it is now."""
        return Session(ctx).need(Grant, grant)

    @query
    def usage(self, ctx: Context, grant: Digest) -> Usage:
        """How much of a grant is used."""
        session = Session(ctx)
        return usage_of(session, session.need(Grant, grant))

    @query
    def receipt(self, ctx: Context, grant: Digest, receipt: Digest) -> Receipt:
        """A receipt as it is now."""
        return Session(ctx).need(Receipt, grant, receipt)

    @query
    def receipts(self, ctx: Context, grant: Digest) -> list[Receipt]:
        """The receipts of a grant."""
        return list(Session(ctx).scan(Receipt, grant))

    @query
    def report(self, ctx: Context, report: Digest) -> Report:
        """An error report as it is now."""
        return Session(ctx).need(Report, report)

    @query
    def requests(self, ctx: Context, size: PageSize, bookmark: str = "") -> RequestPage:
        """One page of all requests."""
        items, after = Session(ctx).page(Request, size, bookmark)
        return RequestPage(items=tuple(items), bookmark=after)

    @query
    def history(self, ctx: Context, record: Digest) -> list[Step]:
        """Every step of a request and its grant, or of a report, oldest first."""
        session = Session(ctx)
        kinds = (Request.KIND, Grant.KIND, Report.KIND)
        steps = [step for kind in kinds for step in session.scan(Step, kind, record)]
        return sorted(steps, key=lambda step: step.at)

    @query
    def overdue(self, ctx: Context, department: MspId | None = None) -> list[Overdue]:
        """Answers that departments (or one) owe, by the time they were due."""
        prefix = () if department is None else (department,)
        return list(overdue(Session(ctx), *prefix))

    @query
    def expiring(self, ctx: Context, days: Days) -> list[Grant]:
        """Grants in force that end within so many days."""
        session = Session(ctx)
        limit = add_days(session.now, days)
        return [grant for grant in live_grants(session) if grant.terms.valid_until <= limit]

    @query
    def refusals(self, ctx: Context) -> list[RefusalRate]:
        """What share of the requests that it answered each department refused."""
        answers: dict[str, list[str]] = {}
        for request in Session(ctx).scan(Request):
            if request.state in (GRANTED, REFUSED):
                answers.setdefault(request.provider, []).append(request.state)
        return [_rate(provider, states) for provider, states in sorted(answers.items())]


def _rate(provider: str, states: list[str]) -> RefusalRate:
    refused = states.count(REFUSED)
    return RefusalRate(
        department=provider,
        answered=len(states),
        refused=refused,
        per_thousand=refused * 1000 // len(states),
    )
