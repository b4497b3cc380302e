"""The life cycle of a request: filed, checked, granted or refused, negotiated, arbitrated."""

from dataclasses import dataclass
from typing import ClassVar

from pyfabric.chaincode import ContractError
from pyfabric_municipal.common.values import (
    Flag,
    Model,
    MspId,
    Positive,
    ResourceCode,
    ServiceItem,
    Text,
    Timestamp,
    Uscc,
)
from pyfabric_municipal.directory.description import ShareType
from pyfabric_municipal.directory.records import PUBLISHED, Resource
from pyfabric_municipal.lifecycle import MANAGER, NEW, PROVIDER, USER, Lifecycle, Transition
from pyfabric_municipal.terms import Terms
from pyfabric_municipal.waiting import Awaiting

APPLIED = "applied"
CHECKED = "checked"
NEGOTIATING = "negotiating"
ARBITRATED = "arbitrated"
GRANTED = "granted"
REFUSED = "refused"
WITHDRAWN = "withdrawn"


class Application(Model):
    """What a department asks for and on which legal basis; it never changes after it was filed.

    The operator is the company that will handle the data for the department, if there is one.
    """

    resource: ResourceCode
    version: Positive
    purpose: Text
    service_item: ServiceItem | None = None
    legal_basis: Text
    operator: Uscc | None = None
    terms: Terms


class Offer(Model):
    """The terms that a provider offers, and the licence."""

    terms: Terms
    licence: Text


class Request(Awaiting):
    """A request for a resource; its id is that of the transaction that filed it."""

    KIND: ClassVar[str] = "request"

    application: Application
    user: MspId
    provider: MspId
    applied: Timestamp
    offer: Offer | None = None
    ruled: Flag = False
    reason: str = ""

    def parties(self) -> dict[str, str]:
        return {USER: self.user, PROVIDER: self.provider}


@dataclass(frozen=True, slots=True)
class RequestFacts:
    """What a request's guards look at: time, resource, the user's social credit code, the offer."""

    now: str
    resource: Resource
    user_uscc: str
    offer: Offer | None = None


def require_applicable(application: Application, resource: Resource, now: str) -> None:
    """Refuse an application for a resource that is not shared, or has changed since it was filed."""
    description = resource.description
    if resource.state != PUBLISHED:
        raise ContractError(f"resource {resource.id} is {resource.state}, not published")
    if description.share.type is ShareType.NOT_SHARED:
        raise ContractError(f"resource {resource.id} is not shared: {description.share.basis}")
    application.terms.require_possible(description, now)
    if not resource.carries(application.version, application.terms.fields):
        raise ContractError(
            f"resource {resource.id} is at version {resource.version}, not {application.version}, "
            "and does not keep what that gave: file the request again"
        )


def require_offer(request: Request) -> Offer:
    """Return the provider's offer; raises ContractError if there is no offer."""
    if request.offer is None:
        raise ContractError(f"request {request.id}: the provider has offered no terms yet")
    return request.offer


def _is_not_own(record: Request, facts: RequestFacts) -> None:
    if record.user == record.provider:
        raise ContractError(f"resource {facts.resource.id} is the caller's own")


def _names_own_service(record: Request, facts: RequestFacts) -> None:
    """Refuse a service item of another department: an item begins with its department's code."""
    item = record.application.service_item
    if item is not None and not item.startswith(facts.user_uscc):
        raise ContractError(f"service item {item} is not one of {record.user} ({facts.user_uscc})")


def _is_conditional(record: Request, facts: RequestFacts) -> None:
    if facts.resource.description.share.type is ShareType.UNCONDITIONAL:
        raise ContractError(
            f"resource {facts.resource.id} is shared unconditionally: it cannot be refused, "
            "delayed or passed on"
        )


def _is_unconditional(record: Request, facts: RequestFacts) -> None:
    if facts.resource.description.share.type is not ShareType.UNCONDITIONAL:
        raise ContractError(
            f"resource {facts.resource.id} is not shared unconditionally: its provider decides"
        )


def _still_applies(record: Request, facts: RequestFacts) -> None:
    require_applicable(record.application, facts.resource, facts.now)


def _offer_within_application(record: Request, facts: RequestFacts) -> None:
    if facts.offer is None:
        raise ContractError(f"request {record.id}: no terms are named")
    facts.offer.terms.require_within(record.application.terms)
    facts.offer.terms.require_possible(facts.resource.description, facts.now)


def _offer_as_ruled(record: Request, facts: RequestFacts) -> None:
    if record.state == ARBITRATED and facts.offer != record.offer:
        raise ContractError(f"request {record.id}: the terms are not those of the arbitration")


def _has_offer(record: Request, facts: RequestFacts) -> None:
    require_offer(record)


def _is_not_ruled(record: Request, facts: RequestFacts) -> None:
    if record.ruled:
        raise ContractError(f"request {record.id} was arbitrated: the ruling is final")


def _is_overdue(record: Request, facts: RequestFacts) -> None:
    if record.due is None or facts.now <= record.due:
        raise ContractError(f"request {record.id}: the provider has time until {record.due}")


REQUEST_LIFECYCLE: Lifecycle[Request, RequestFacts] = Lifecycle(
    Transition(
        "apply",
        (NEW,),
        APPLIED,
        (USER,),
        (_is_not_own, _still_applies, _names_own_service),
        awaits=MANAGER,
        event="RequestApplied",
    ),
    Transition(
        "pass_on",
        (APPLIED,),
        CHECKED,
        (MANAGER,),
        (_is_conditional, _still_applies),
        awaits=PROVIDER,
        event="RequestChecked",
    ),
    Transition(
        "grant_open",
        (APPLIED,),
        GRANTED,
        (MANAGER,),
        (_is_unconditional, _still_applies),
        event="RequestGranted",
    ),
    Transition(
        "reject",
        (APPLIED,),
        REFUSED,
        (MANAGER,),
        (_is_conditional,),
        needs_reason=True,
        event="RequestRefused",
    ),
    Transition(
        "withdraw", (APPLIED, CHECKED, NEGOTIATING), WITHDRAWN, (USER,), event="RequestWithdrawn"
    ),
    Transition(
        "grant",
        (CHECKED, ARBITRATED),
        GRANTED,
        (PROVIDER,),
        (_still_applies, _offer_within_application, _offer_as_ruled),
        event="RequestGranted",
    ),
    Transition(
        "refuse",
        (CHECKED,),
        REFUSED,
        (PROVIDER,),
        (_is_conditional,),
        needs_reason=True,
        event="RequestRefused",
    ),
    Transition(
        "offer",
        (CHECKED, NEGOTIATING),
        NEGOTIATING,
        (PROVIDER,),
        (_is_conditional, _still_applies, _offer_within_application),
        event="TermsOffered",
    ),
    Transition(
        "accept",
        (NEGOTIATING,),
        GRANTED,
        (USER,),
        (_has_offer, _still_applies),
        event="RequestGranted",
    ),
    Transition(
        "dispute",
        (REFUSED,),
        NEGOTIATING,
        (USER,),
        (_is_not_ruled,),
        needs_reason=True,
        awaits=PROVIDER,
        event="RefusalDisputed",
    ),
    Transition(
        "escalate",
        (CHECKED, NEGOTIATING),
        NEGOTIATING,
        (USER,),
        (_is_overdue,),
        awaits=MANAGER,
        event="ArbitrationAsked",
    ),
    Transition(
        "refer",
        (NEGOTIATING,),
        NEGOTIATING,
        (USER, PROVIDER),
        needs_reason=True,
        awaits=MANAGER,
        event="ArbitrationAsked",
    ),
    Transition(
        "rule_for",
        (NEGOTIATING,),
        ARBITRATED,
        (MANAGER,),
        (_still_applies, _offer_within_application),
        needs_reason=True,
        awaits=PROVIDER,
        event="RequestArbitrated",
    ),
    Transition(
        "rule_against",
        (NEGOTIATING,),
        REFUSED,
        (MANAGER,),
        needs_reason=True,
        event="RequestRefused",
    ),
)
