"""The contract `Sharing`: requests, grants, receipts and error reports between departments."""

from typing import Annotated

from pydantic import Field

from pyfabric.chaincode import Context, Contract, ContractError, query, transaction
from pyfabric_municipal.common.values import Count, Digest, Model, MspId
from pyfabric_municipal.common.values.timestamps import add_days
from pyfabric_municipal.credit_reading import CreditSnapshot, read_credit
from pyfabric_municipal.directory.description import ShareType
from pyfabric_municipal.directory.records import Resource
from pyfabric_municipal.grants import OFFERED, Grant, Usage, require_live
from pyfabric_municipal.ledger_access import LedgerAccess, PageSize
from pyfabric_municipal.lifecycle import NEW
from pyfabric_municipal.live import live_entry, live_grants
from pyfabric_municipal.receipts import Delivery, Receipt
from pyfabric_municipal.records import Step
from pyfabric_municipal.reports import Fault, Report
from pyfabric_municipal.requests import GRANTED, REFUSED, Application, Offer, Request, require_offer
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
from pyfabric_municipal.waiting import Overdue, overdue

OPEN_LICENCE = "unconditional sharing: any purpose of the department's duties"
Days = Annotated[int, Field(ge=1, le=3660)]


class RefusalRate(Model):
    """The share of its decided requests that a department refused, per thousand."""

    department: str
    answered: Count
    refused: Count
    per_thousand: Count


class RequestPage(Model):
    """One page of all requests; `bookmark` starts the next page and is "" after the last."""

    items: tuple[Request, ...]
    bookmark: str


class Sharing(Contract):
    """Requests for data between departments, and the grants, receipts and error reports that follow."""

    name = "Sharing"
    title = "Sharing of government data"

    @transaction
    def apply(self, ctx: Context, application: Application) -> str:
        """File a request for a resource; returns the request's id."""
        ledger = LedgerAccess(ctx)
        resource = ledger.need(Resource, application.resource)
        record = Request(
            state=NEW,
            updated=ledger.now,
            updated_by=ledger.caller,
            id=ledger.transaction_id,
            application=application,
            user=ledger.caller,
            provider=resource.provider,
            applied=ledger.now,
        )
        return step_request(ledger, record, "apply").id

    @transaction
    def check(self, ctx: Context, request: Digest) -> str:
        """Approve the form of a request (manager); returns the request's new state.

        This grants an unconditional resource. Any other request is passed on to the provider.
        """
        ledger = LedgerAccess(ctx)
        record = ledger.need(Request, request)
        resource = ledger.need(Resource, record.application.resource)
        if resource.description.share.type is not ShareType.UNCONDITIONAL:
            return step_request(ledger, record, "pass_on").state
        after = step_request(ledger, record, "grant_open")
        offer = Offer(terms=record.application.terms, licence=OPEN_LICENCE)
        create_grant(ledger, after, resource, offer)
        return after.state

    @transaction
    def reject(self, ctx: Context, request: Digest, reason: str) -> None:
        """Refuse a request whose form is not in order (manager)."""
        decide(LedgerAccess(ctx), request, "reject", reason=reason)

    @transaction
    def withdraw(self, ctx: Context, request: Digest) -> None:
        """Withdraw a request (user)."""
        decide(LedgerAccess(ctx), request, "withdraw")

    @transaction
    def grant(self, ctx: Context, request: Digest, offer: Offer) -> None:
        """Grant a request on its own terms or on narrower ones (provider)."""
        ledger = LedgerAccess(ctx)
        after = decide(ledger, request, "grant", offer=offer)
        resource = ledger.need(Resource, after.application.resource)
        create_grant(ledger, after, resource, offer)

    @transaction
    def refuse(self, ctx: Context, request: Digest, reason: str) -> None:
        """Refuse a request (provider)."""
        decide(LedgerAccess(ctx), request, "refuse", reason=reason)

    @transaction
    def offer(self, ctx: Context, request: Digest, offer: Offer) -> None:
        """Offer narrower terms (provider)."""
        decide(LedgerAccess(ctx), request, "offer", offer=offer)

    @transaction
    def accept(self, ctx: Context, request: Digest) -> None:
        """Accept the offered terms, which grants the request (user)."""
        ledger = LedgerAccess(ctx)
        after = decide(ledger, request, "accept")
        resource = ledger.need(Resource, after.application.resource)
        create_grant(ledger, after, resource, require_offer(after))

    @transaction
    def dispute(self, ctx: Context, request: Digest, reason: str) -> None:
        """Dispute a refusal (user)."""
        decide(LedgerAccess(ctx), request, "dispute", reason=reason)

    @transaction
    def escalate(self, ctx: Context, request: Digest) -> None:
        """Ask the manager to arbitrate because the provider's decision is late (user)."""
        decide(LedgerAccess(ctx), request, "escalate")

    @transaction
    def refer(self, ctx: Context, request: Digest, reason: str) -> None:
        """Ask the manager to arbitrate because the negotiation failed (user, provider)."""
        decide(LedgerAccess(ctx), request, "refer", reason=reason)

    @transaction
    def arbitrate(
        self, ctx: Context, request: Digest, reason: str, offer: Offer | None = None
    ) -> str:
        """Rule on a dispute (manager); the ruling is final. Returns the request's new state.

        With terms the provider has to grant them; without, the request is refused.
        """
        action = "rule_against" if offer is None else "rule_for"
        return decide(LedgerAccess(ctx), request, action, offer=offer, reason=reason).state

    @transaction
    def activate(self, ctx: Context, grant: Digest) -> None:
        """Accept a grant and its licence (user); it may be used from now on."""
        ledger = LedgerAccess(ctx)
        record = ledger.need(Grant, grant)
        after = step_grant(ledger, record, "activate")
        ledger.put(after.model_copy(update={"active_since": ledger.now}))

    @transaction
    def renew(self, ctx: Context, grant: Digest) -> int:
        """Renew a grant, accepted or not, for the resource's new version (provider); returns the grant's version."""
        ledger = LedgerAccess(ctx)
        before = ledger.need(Grant, grant)
        after = step_grant(ledger, before, "renew_offer" if before.state == OFFERED else "renew")
        resource = ledger.need(Resource, after.resource)
        renewed = after.model_copy(
            update={
                "version": after.version + 1,
                "resource_version": resource.version,
                "schema_digest": resource.schema_digest,
            }
        )
        ledger.put(renewed)
        return renewed.version

    @transaction
    def revoke(self, ctx: Context, grant: Digest, reason: str) -> None:
        """Revoke a grant (provider, manager): no receipt counts from now on."""
        ledger = LedgerAccess(ctx)
        record = ledger.need(Grant, grant)
        after = step_grant(ledger, record, "revoke", reason)
        ledger.put(after.model_copy(update={"version": after.version + 1, "reason": reason}))
        ledger.reindex(live_entry(record), set())

    @transaction
    def expire(self, ctx: Context, grant: Digest) -> None:
        """Close a grant whose term is over."""
        ledger = LedgerAccess(ctx)
        record = ledger.need(Grant, grant)
        ledger.put(step_grant(ledger, record, "expire"))
        ledger.reindex(live_entry(record), set())

    @transaction
    def deliver(self, ctx: Context, delivery: Delivery) -> str:
        """Record a delivery under a live grant (provider); returns the receipt's id."""
        ledger = LedgerAccess(ctx)
        grant = ledger.need(Grant, delivery.grant)
        receipt = Receipt(
            state=NEW,
            updated=ledger.now,
            updated_by=ledger.caller,
            id=delivery.receipt_id(),
            delivery=delivery,
            provider=grant.provider,
            user=grant.user,
            transaction_id=ledger.transaction_id,
        )
        resource = ledger.need(Resource, grant.resource)
        require_live(grant, resource, ledger.now)
        known = ledger.get(Receipt, grant.id, receipt.id)
        if known is not None:
            raise ContractError(
                f"receipt {receipt.id} was recorded by transaction {known.transaction_id} already"
            )
        left = use_grant(ledger, grant, resource, delivery)
        ledger.put(step_receipt(ledger, receipt, "deliver", rows_left=left))
        return receipt.id

    @transaction
    def confirm(self, ctx: Context, grant: Digest, receipt: Digest) -> None:
        """Confirm a delivery (user)."""
        ledger = LedgerAccess(ctx)
        record = ledger.need(Receipt, grant, receipt)
        ledger.put(step_receipt(ledger, record, "confirm"))

    @transaction
    def contest(self, ctx: Context, grant: Digest, receipt: Digest, reason: str) -> None:
        """Contest a receipt: the delivery was different (user)."""
        ledger = LedgerAccess(ctx)
        record = ledger.need(Receipt, grant, receipt)
        after = step_receipt(ledger, record, "contest", reason)
        ledger.put(after.model_copy(update={"reason": reason}))

    @transaction
    def raise_error(self, ctx: Context, fault: Fault) -> str:
        """Report a fault in data that the caller has a live grant on; returns the report's id."""
        ledger = LedgerAccess(ctx)
        grant = ledger.need(Grant, fault.grant)
        if not grant.in_force(ledger.now):
            raise ContractError(
                f"grant {grant.id} is not in force: no fault can be raised under it"
            )
        if fault.field not in grant.terms.fields:
            raise ContractError(f"grant {grant.id} does not give field {fault.field}")
        record = Report(
            state=NEW,
            updated=ledger.now,
            updated_by=ledger.caller,
            id=ledger.transaction_id,
            fault=fault,
            resource=grant.resource,
            provider=grant.provider,
            user=grant.user,
        )
        return step_report(ledger, record, "raise").id

    @transaction
    def accept_error(self, ctx: Context, report: Digest) -> None:
        """Accept an error report (provider)."""
        ledger = LedgerAccess(ctx)
        step_report(ledger, ledger.need(Report, report), "accept")

    @transaction
    def correct_error(self, ctx: Context, report: Digest, correction_digest: Digest) -> None:
        """Report that a fault is corrected (provider)."""
        ledger = LedgerAccess(ctx)
        record = ledger.need(Report, report)
        record = record.model_copy(update={"correction_digest": correction_digest})
        step_report(ledger, record, "correct")

    @transaction
    def reject_error(self, ctx: Context, report: Digest, reason: str) -> None:
        """Reject an error report: there is no fault (provider)."""
        ledger = LedgerAccess(ctx)
        record = ledger.need(Report, report).model_copy(update={"reason": reason})
        step_report(ledger, record, "reject", reason)

    @query
    def request(self, ctx: Context, request: Digest) -> Request:
        """Return a request in its current state."""
        return LedgerAccess(ctx).need(Request, request)

    @query
    def operator_credit(self, ctx: Context, request: Digest) -> CreditSnapshot:
        """Return the penalties that count today against the operator named in a request, as the
        credit channel has them: for departments that are in that channel, at a peer that is.
        """
        ledger = LedgerAccess(ctx)
        operator = ledger.need(Request, request).application.operator
        if operator is None:
            raise ContractError(f"request {request} names no operator")
        return read_credit(ctx, operator, ledger.today)

    @query
    def granted(self, ctx: Context, grant: Digest) -> Grant:
        """Return a grant in its current state."""
        return LedgerAccess(ctx).need(Grant, grant)

    @query
    def usage(self, ctx: Context, grant: Digest) -> Usage:
        """Return the rows and receipts that a grant has used."""
        ledger = LedgerAccess(ctx)
        return usage_of(ledger, ledger.need(Grant, grant))

    @query
    def receipt(self, ctx: Context, grant: Digest, receipt: Digest) -> Receipt:
        """Return a receipt in its current state."""
        return LedgerAccess(ctx).need(Receipt, grant, receipt)

    @query
    def receipts(self, ctx: Context, grant: Digest) -> list[Receipt]:
        """Return the receipts of a grant."""
        return list(LedgerAccess(ctx).scan(Receipt, grant))

    @query
    def report(self, ctx: Context, report: Digest) -> Report:
        """Return an error report in its current state."""
        return LedgerAccess(ctx).need(Report, report)

    @query
    def requests(self, ctx: Context, size: PageSize, bookmark: str = "") -> RequestPage:
        """Return one page of all requests."""
        items, after = LedgerAccess(ctx).page(Request, size, bookmark)
        return RequestPage(items=tuple(items), bookmark=after)

    @query
    def history(self, ctx: Context, record: Digest) -> list[Step]:
        """Return all steps of a request and its grant, or of a report, oldest first."""
        ledger = LedgerAccess(ctx)
        kinds = (Request.KIND, Grant.KIND, Report.KIND)
        steps = [step for kind in kinds for step in ledger.scan(Step, kind, record)]
        return sorted(steps, key=lambda step: step.at)

    @query
    def overdue(self, ctx: Context, department: MspId | None = None) -> list[Overdue]:
        """Return what departments (or one) should have decided by now, in the order of due times."""
        prefix = () if department is None else (department,)
        return list(overdue(LedgerAccess(ctx), *prefix))

    @query
    def expiring(self, ctx: Context, days: Days) -> list[Grant]:
        """Return the grants in force that expire within `days` days."""
        ledger = LedgerAccess(ctx)
        limit = add_days(ledger.now, days)
        return [grant for grant in live_grants(ledger) if grant.terms.valid_until <= limit]

    @query
    def refusals(self, ctx: Context) -> list[RefusalRate]:
        """Return each department's share of refused requests among those it decided."""
        answers: dict[str, list[str]] = {}
        for request in LedgerAccess(ctx).scan(Request):
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
