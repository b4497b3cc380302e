"""Steps of a request: filed, checked, granted or refused, negotiated, arbitrated."""

from dataclasses import replace
from typing import Any, Final

from pyfabric_municipal.common.call import Call
from pyfabric_municipal.common.records import NEW
from pyfabric_municipal.common.refusals import Example, Verdict
from pyfabric_municipal.common.roles import ANYBODY
from pyfabric_municipal.common.steps import Changes, Move, Wait, guard, step
from pyfabric_municipal.common.totals import COUNTER_MOVES, add
from pyfabric_municipal.common.waiting import Days
from pyfabric_municipal.directory.description import ShareType
from pyfabric_municipal.directory.records import Resource
from pyfabric_municipal.sharing.guards import (
    CHANGE,
    CHANGE_BACK,
    JUST_OVER,
    UNTIL_ITS_END,
    after,
    brief,
    carried,
    past_hope,
    requested,
    resource_of,
    share_of,
    term_open,
)
from pyfabric_municipal.sharing.records import Grant, Origin, Request, platform_of
from pyfabric_municipal.sharing.roles import APPLICANT, ARBITER, MANAGER, PROVIDER, USER
from pyfabric_municipal.sharing.terms import Application, Offer, missing

OPEN_LICENCE: Final = "unconditional sharing: any purpose of the department's duties"

FOR_MANAGER: Final = Wait(MANAGER, Days("manager-days"), exit="deem_checked")
FOR_PROVIDER: Final = Wait(PROVIDER, Days("provider-days-{record.platform}"), exit="escalate")
FOR_USER: Final = Wait(USER, Days("user-days"), exit="lapse_offer")
FOR_ARBITER: Final = Wait(ARBITER, Days("arbiter-days"), exit="leave_unresolved")
GRANTS: Final = (Move(Grant, (NEW,), "granted", waits=(UNTIL_ITS_END,)), *COUNTER_MOVES)
ANSWERABLE: Final = ("checked", "disputed")


@guard(
    "own-resource",
    "资源 {resource} 由本部门提供，无须申请",
    "resource {resource} is the caller's own",
    example=Example(by="provider"),
)
def of_another(call: Call[Request]) -> Verdict:
    """Hold if another department provides the resource."""
    resource = resource_of(call)
    return resource.provider != call.caller or {"resource": resource.id}


@guard(
    "not-shared",
    "资源 {resource} 不予共享：{basis}",
    "resource {resource} is not shared: {basis}",
    example=Example(
        first=("Directory:enter#secret",), arguments={"application": {"resource": "102001/000002"}}
    ),
)
def shared(call: Call[Request]) -> Verdict:
    """Hold if the resource is shared at all."""
    resource = resource_of(call)
    basis = resource.description.share.basis
    return share_of(resource) is not ShareType.NOT_SHARED or {
        "resource": resource.id,
        "basis": basis,
    }


@guard(
    "unknown-field",
    "资源 {resource} 没有数据项 {field}",
    "resource {resource} has no field {field}",
    example=Example(arguments={"application": {"terms": {"fields": ["phone"]}}}),
)
def known_fields(call: Call[Request]) -> Verdict:
    """Hold if the resource has the fields that are asked for."""
    resource = resource_of(call)
    field = missing(call.after.application.terms.fields, resource.description.field_names())
    return not field or {"resource": resource.id, "field": field}


@guard(
    "foreign-service",
    "事项编码 {item} 不属于 {user}",
    "service item {item} is not one of {user}",
    example=Example(arguments={"application": {"service_item": "11110000MB9K20022C3370117002011"}}),
)
def own_service(call: Call[Request]) -> Verdict:
    """Hold if the service item is the caller's: it begins with the department's social credit code."""
    item = call.after.application.service_item
    if item is None:
        return True
    found = call.governance.department(call.caller)
    own = found is not None and item.startswith(found.uscc)
    return own or {"item": item, "user": call.caller}


@guard(
    "another-resource",
    "本申请针对资源 {resource}，请另行申请 {other}",
    "the request is for resource {resource}: file another one for {other}",
    example=Example(
        first=("Directory:enter#kept",), arguments={"application": {"resource": "102001/000003"}}
    ),
)
def same_resource(call: Call[Request]) -> Verdict:
    """Hold if the new application is for the same resource."""
    before, after = call.record.resource, call.after.resource
    return before == after or {"resource": before, "other": after}


@guard(
    "shared-unconditionally",
    "资源 {resource} 无条件共享，不得拒绝或拖延",
    "resource {resource} is shared unconditionally: it cannot be refused or delayed",
    example=Example(first=("apply", CHANGE)),
)
def conditional(call: Call[Request]) -> Verdict:
    """Hold if the resource is shared on a condition."""
    resource = resource_of(call)
    return share_of(resource) is ShareType.CONDITIONAL or {"resource": resource.id}


@guard(
    "shared-on-condition",
    "资源 {resource} 为有条件共享，由提供部门决定",
    "resource {resource} is shared on a condition: its provider decides",
    example=Example(),
)
def unconditional(call: Call[Request]) -> Verdict:
    """Hold if the resource is shared unconditionally."""
    resource = resource_of(call)
    return share_of(resource) is ShareType.UNCONDITIONAL or {"resource": resource.id}


@guard(
    "not-asked-for",
    "超出申请范围：{extra}",
    "{extra} was not asked for",
    example=Example(arguments={"offer": {"terms": {"quota": 101}}}),
)
def within(call: Call[Request]) -> Verdict:
    """Hold if the offer has nothing that was not asked for."""
    offer = call.after.offer
    extra = "" if offer is None else offer.terms.beyond(call.after.application.terms)
    return not extra or {"extra": extra}


offer_open: Final = replace(
    term_open, example=Example(arguments={"offer": {"terms": {"valid_until": JUST_OVER}}})
)
application_open: Final = replace(
    term_open, example=Example(arguments={"application": {"terms": {"valid_until": JUST_OVER}}})
)
_NO_LONGER_SHARED: Final = Example(
    first=("reject", "Directory:change#secret"), arguments={"application": {"version": 2}}
)
APPLICABLE: Final = (
    of_another,
    shared,
    known_fields,
    carried(requested),
    application_open,
    own_service,
)


class Requests:
    """What is done with requests."""

    @step(
        Request, NEW, "applied", by=APPLICANT, guards=APPLICABLE, waits=FOR_MANAGER, event=("user",)
    )
    def apply(self, call: Call[Request], application: Application) -> Changes:
        """File a request for a resource of another department.

        申请使用其他部门的数据资源。
        """
        return {"user": call.caller} | _filed(call, application)

    @step(
        Request,
        (
            "applied",
            "checked",
            "offered",
            "refused",
            "disputed",
            "rejected",
            "unresolved",
            "lapsed",
        ),
        "applied",
        by=USER,
        guards=(
            same_resource,
            replace(shared, example=_NO_LONGER_SHARED),
            known_fields,
            carried(requested, "reject"),
            application_open,
            own_service,
        ),
        waits=FOR_MANAGER,
    )
    def refile(self, call: Call[Request], application: Application) -> Changes:
        """File the application again, such as under the resource's new version: it is checked again.

        重新提交申请（例如针对资源的新版本），须重新审核。
        """
        return {"offer": None, "answered": False} | _filed(call, application)

    @step(
        Request,
        "applied",
        "checked",
        by=MANAGER,
        guards=(conditional, carried(requested, "apply"), brief("apply#brief")),
        waits=FOR_PROVIDER,
    )
    def check(self, call: Call[Request]) -> Changes:
        """Find the form of a request in order, and pass it on to the provider.

        确认申请形式合规并转交提供部门。
        """

    @step(Request, "applied", "checked", by=ANYBODY, when_due=True, waits=FOR_PROVIDER)
    def deem_checked(self, call: Call[Request]) -> Changes:
        """Pass a request on because the manager is silent.

        目录管理部门逾期未审核，视为通过并转交提供部门。
        """

    @step(
        Request,
        "applied",
        "granted",
        by=MANAGER,
        guards=(
            after(unconditional, "apply", CHANGE_BACK),
            carried(requested, "apply", CHANGE),
            brief("apply#brief", CHANGE),
        ),
        moves=GRANTS,
    )
    def grant_open(self, call: Call[Request]) -> Changes:
        """Grant what is shared unconditionally, because the form of the request is in order.

        申请形式合规，准予使用无条件共享的资源。
        """
        return _give_open(call)

    @step(
        Request,
        ("checked", "offered", "refused", "disputed", "arbitration", "unresolved"),
        "granted",
        by=USER,
        guards=(
            after(unconditional, "check", CHANGE_BACK),
            carried(requested, "check", CHANGE),
            brief("check#brief"),
        ),
        moves=GRANTS,
    )
    def take_open(self, call: Call[Request]) -> Changes:
        """Take what is shared unconditionally, once the manager has looked at the request or has been silent.

        申请经审核或逾期未审核后，直接取得无条件共享的资源。
        """
        return _give_open(call)

    @step(
        Request,
        "applied",
        "rejected",
        by=MANAGER,
        guards=(conditional,),
        reason=True,
        moves=COUNTER_MOVES,
    )
    def reject(self, call: Call[Request]) -> Changes:
        """Return a request whose form is not in order; the user may file it again.

        退回形式不合规的申请，使用部门可以重新提交。
        """
        _count(call, "rejected")
        return None

    @step(Request, ("applied", "checked", "offered", "disputed"), "withdrawn", by=USER)
    def withdraw(self, call: Call[Request]) -> Changes:
        """Withdraw a request.

        撤回申请。
        """

    @step(
        Request,
        ("applied", "checked", "offered", "refused", "disputed", "arbitration"),
        "lapsed",
        by=(USER, PROVIDER, MANAGER),
        guards=(past_hope(requested, Example(first=("apply#kept",), id="@apply#kept")),),
    )
    def lapse(self, call: Call[Request]) -> Changes:
        """Close a request for what the resource no longer has; the user may file it again.

        资源不再包含所申请内容的，终止申请；使用部门可以重新提交。
        """

    @step(
        Request,
        ANSWERABLE,
        "granted",
        by=PROVIDER,
        guards=(carried(requested, "check"), within, offer_open),
        moves=GRANTS,
    )
    def grant(self, call: Call[Request], offer: Offer) -> Changes:
        """Grant a request on its own terms or on narrower ones.

        按申请条件或更窄的条件同意共享。
        """
        _give(call, offer, "provider")
        return {"offer": offer} | _answered(call)

    @step(
        Request,
        "checked",
        "refused",
        by=PROVIDER,
        guards=(after(conditional, "check", CHANGE),),
        reason=True,
        moves=COUNTER_MOVES,
    )
    def refuse(self, call: Call[Request]) -> Changes:
        """Refuse a request.

        不同意共享。
        """
        _count(call, "refused")
        return _answered(call)

    @step(
        Request,
        (*ANSWERABLE, "offered"),
        "offered",
        by=PROVIDER,
        guards=(
            after(conditional, "check", CHANGE),
            carried(requested, "check"),
            within,
            offer_open,
        ),
        waits=FOR_USER,
        moves=COUNTER_MOVES,
    )
    def offer(self, call: Call[Request], offer: Offer) -> Changes:
        """Offer narrower terms.

        提出范围更窄的共享条件。
        """
        return {"offer": offer} | _answered(call)

    @step(
        Request,
        "offered",
        "granted",
        by=USER,
        guards=(carried(requested, "offer"), brief("offer#brief")),
        moves=GRANTS,
    )
    def accept(self, call: Call[Request]) -> Changes:
        """Accept the offered terms, which grants the request.

        接受所提条件，申请即获同意。
        """
        if call.record.offer is not None:
            _give(call, call.record.offer, "provider")
        return None

    @step(Request, "offered", "withdrawn", by=ANYBODY, when_due=True)
    def lapse_offer(self, call: Call[Request]) -> Changes:
        """Close a request because the user does not answer the offer.

        使用部门逾期未答复，终止申请。
        """

    @step(
        Request,
        "refused",
        "disputed",
        by=USER,
        reason=True,
        waits=FOR_PROVIDER,
        moves=COUNTER_MOVES,
    )
    def dispute(self, call: Call[Request]) -> Changes:
        """Dispute a refusal: the provider looks at it once more.

        对不同意提出异议，由提供部门复核。
        """
        _count(call, "disputed")
        return None

    @step(
        Request,
        ("offered", "disputed"),
        "arbitration",
        by=(USER, PROVIDER),
        reason=True,
        waits=FOR_ARBITER,
    )
    def refer(self, call: Call[Request]) -> Changes:
        """Ask for a ruling because the negotiation failed.

        协商不成，提请裁定。
        """

    @step(
        Request,
        ANSWERABLE,
        "arbitration",
        by=ANYBODY,
        when_due=True,
        waits=FOR_ARBITER,
        moves=COUNTER_MOVES,
    )
    def escalate(self, call: Call[Request]) -> Changes:
        """Ask for a ruling because the provider is silent.

        提供部门逾期未答复，提请裁定。
        """
        _count(call, "unanswered")
        return None

    @step(
        Request,
        "arbitration",
        "arbitrated",
        by=ARBITER,
        guards=(carried(requested, "refer"), within, offer_open),
        reason=True,
        moves=GRANTS,
    )
    def rule_for(self, call: Call[Request], offer: Offer) -> Changes:
        """Rule for the user: the grant is given by this, whatever the provider does.

        裁定支持使用部门，授权随裁定生效，无须提供部门另行办理。
        """
        _give(call, offer, "ruling")
        _count(call, "overruled")
        return {"offer": offer}

    @step(Request, "arbitration", "dismissed", by=ARBITER, reason=True)
    def rule_against(self, call: Call[Request]) -> Changes:
        """Rule against the user; the ruling is final.

        裁定不支持使用部门，裁定为终局。
        """

    @step(Request, "arbitration", "unresolved", by=ANYBODY, when_due=True)
    def leave_unresolved(self, call: Call[Request]) -> Changes:
        """Close a dispute because nobody rules on it; the user may file the request again.

        逾期无人裁定，争议未决；使用部门可以重新提交申请。
        """


def _filed(call: Call[Request], application: Application) -> dict[str, Any]:
    resource = call.need(Resource, application.resource)
    return {
        "application": application,
        "platform": platform_of(resource),
    }


def _give(call: Call[Request], offer: Offer, origin: Origin) -> None:
    """Create the grant of a request; the user must accept its licence before it is in force."""
    request = call.record
    call.create(
        Grant,
        call.id,
        "granted",
        resource=request.resource,
        resource_version=request.application.version,
        user=request.user,
        scope=request.scope,
        terms=offer.terms,
        licence=offer.licence,
        origin=origin,
    )


def _give_open(call: Call[Request]) -> Changes:
    offer = Offer(terms=call.record.application.terms, licence=OPEN_LICENCE)
    _give(call, offer, "law")
    return {"offer": offer}


def _answered(call: Call[Request]) -> dict[str, Any]:
    """Count the provider's first answer to a request."""
    if not call.record.answered:
        _count(call, "answered")
    return {"answered": True}


def _count(call: Call[Request], what: str) -> None:
    """Count something for the provider that a request has today."""
    add(call, f"{call.need(Resource, call.record.resource).provider}/{what}", 1)
