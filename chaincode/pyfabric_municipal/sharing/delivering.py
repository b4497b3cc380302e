"""Steps of a receipt: a delivery recorded by the provider, signed or contested by the user."""

from typing import Final

from pyfabric_municipal.common.call import Call
from pyfabric_municipal.common.claimed_times import not_late
from pyfabric_municipal.common.records import NEW
from pyfabric_municipal.common.refusals import Example, Verdict
from pyfabric_municipal.common.roles import ANYBODY
from pyfabric_municipal.common.steps import Changes, Move, Wait, guard, step
from pyfabric_municipal.common.totals import QUOTA_MOVES, take_from
from pyfabric_municipal.common.waiting import Days
from pyfabric_municipal.sharing.granting import grant_in_force, lease_of
from pyfabric_municipal.sharing.guards import UNTIL_ITS_END, after, is_carried, resource_of
from pyfabric_municipal.sharing.records import Delivery, Grant, Receipt, WorkerName
from pyfabric_municipal.sharing.roles import ARBITER, PROVIDER, USER
from pyfabric_municipal.sharing.terms import missing

FOR_SIGNATURE: Final = Wait(USER, Days("confirm-days"), exit="deem_confirmed")
FOR_REMEDY: Final = Wait(PROVIDER, Days("remedy-days"), exit="deem_conceded")
FOR_RULING: Final = Wait(ARBITER, Days("arbiter-days"), exit="deem_conceded")
RETURNS: Final = (
    *QUOTA_MOVES,
    Move(Grant, ("exhausted",), "active", waits=(UNTIL_ITS_END,)),
)


def grant_of(call: Call[Receipt]) -> Grant:
    """Return the grant that a receipt is under."""
    return call.need(Grant, call.after.grant)


@guard(
    "resource-withheld",
    "资源 {resource} 状态为 {state}、版本为 {live}，不能按版本 {version} 交付",
    "resource {resource} is {state} at version {live}: nothing can be delivered under version {version}",
    example=Example(first=("lease_rows", "Directory:suspend")),
)
def deliverable(call: Call[Receipt]) -> Verdict:
    """Hold if the resource is published, and carries what is delivered."""
    resource, version = resource_of(call), grant_of(call).resource_version
    fields = call.after.delivery.fields
    if resource.state == "published" and is_carried(resource, version, fields):
        return True
    facts = {"resource": resource.id, "state": resource.state}
    return facts | {"live": resource.version, "version": version}


@guard(
    "former-revision",
    "授权现为第 {revision} 版，按第 {named} 版的交付无效",
    "the grant is at revision {revision}: a delivery under revision {named} does not count",
    example=Example(arguments={"delivery": {"revision": 1}}),
)
def of_this_revision(call: Call[Receipt]) -> Verdict:
    """Hold if the delivery names the grant as it is: not as it was before it was renewed."""
    revision, named = grant_of(call).revision, call.after.delivery.revision
    return revision == named or {"revision": revision, "named": named}


@guard(
    "not-granted-field",
    "授权不包含数据项 {field}",
    "the grant does not give the field {field}",
    example=Example(arguments={"delivery": {"fields": ["capital_fen"]}}),
)
def granted_fields(call: Call[Receipt]) -> Verdict:
    """Hold if nothing but granted fields was delivered."""
    field = missing(call.after.delivery.fields, grant_of(call).terms.fields)
    return not field or {"field": field}


@guard(
    "other-schema",
    "交付的数据结构与资源 {resource} 版本 {version} 不符",
    "the delivered schema is not that of version {version} of resource {resource}",
    example=Example(arguments={"delivery": {"schema_digest": "0" * 64}}),
)
def agreed_schema(call: Call[Receipt]) -> Verdict:
    """Hold if the data was delivered in the schema of the resource's live version."""
    resource = resource_of(call)
    facts = {"resource": resource.id, "version": resource.version}
    return call.after.delivery.schema_digest == resource.schema_digest or facts


@guard(
    "outside-term",
    "交付时间 {delivered} 不在 {begins}（授权起始）与当前时间 {now} 之间",
    "delivery at {delivered} is not between {begins}, when the right began, and now, {now}",
    example=Example(arguments={"delivery": {"delivered": "2026-03-11T00:59:59Z"}}),
)
def within_term(call: Call[Receipt]) -> Verdict:
    """Hold if the data was delivered while the grant was in force, and not in the future."""
    grant, delivered = grant_of(call), call.after.delivery.delivered
    begins = max(grant.terms.valid_from, grant.active_since or grant.updated)
    facts = {"delivered": delivered, "begins": begins, "now": call.now}
    return begins <= delivered <= call.now or facts


class Receipts:
    """What is done with receipts."""

    @step(
        Receipt,
        NEW,
        "issued",
        by=PROVIDER,
        guards=(
            after(grant_in_force, "lease_rows", "revoke"),
            deliverable,
            of_this_revision,
            granted_fields,
            agreed_schema,
            within_term,
            not_late(
                "delivery.delivered",
                "receipt-seconds",
                Example(later=90_000),
                reason="delivery.late_reason",
            ),
        ),
        waits=FOR_SIGNATURE,
        moves=QUOTA_MOVES,
        event=("grant", "resource", "user"),
    )
    def deliver(
        self, call: Call[Receipt], grant: str, worker: WorkerName, delivery: Delivery
    ) -> Changes:
        """Record a delivery under a grant in force, within the worker's lease."""
        found = call.need(Grant, grant)
        lease = lease_of(call, found.resource, grant, worker)
        take_from(call, lease, delivery.rows)
        return {
            "grant": grant,
            "resource": found.resource,
            "user": found.user,
            "lease": lease,
            "delivery": delivery,
        }

    @step(Receipt, "issued", "confirmed", by=USER)
    def confirm(self, call: Call[Receipt]) -> Changes:
        """Sign for a delivery.

        签收交付。
        """

    @step(Receipt, "issued", "deemed", by=ANYBODY, when_due=True)
    def deem_confirmed(self, call: Call[Receipt]) -> Changes:
        """Close a receipt that the user has neither signed nor contested.

        使用部门逾期既未签收也未提出异议，关闭回执。
        """

    @step(Receipt, "issued", "contested", by=USER, reason=True, waits=FOR_REMEDY)
    def contest(self, call: Call[Receipt]) -> Changes:
        """Contest a receipt: the delivery was different.

        对交付提出异议：实际交付与登记不符。
        """

    @step(Receipt, "contested", "conceded", by=PROVIDER, moves=RETURNS)
    def concede(self, call: Call[Receipt]) -> Changes:
        """Concede that a delivery was not as recorded: its rows count as not used, and can be delivered again.

        承认交付与登记不符，所计行数不算使用，可重新交付。
        """
        _return_rows(call)
        return None

    @step(Receipt, "contested", "defended", by=PROVIDER, reason=True, waits=FOR_RULING)
    def defend(self, call: Call[Receipt]) -> Changes:
        """Stand by a contested delivery, and ask for a ruling.

        坚持交付与登记相符，提请裁定。
        """

    @step(
        Receipt,
        ("contested", "defended"),
        "conceded",
        by=ANYBODY,
        when_due=True,
        moves=RETURNS,
    )
    def deem_conceded(self, call: Call[Receipt]) -> Changes:
        """Return the rows of a contested delivery because the provider, or the arbiter, is silent.

        提供部门或协调部门逾期未答复，退还有争议的行数。
        """
        _return_rows(call)
        return None

    @step(Receipt, "defended", "upheld", by=ARBITER, reason=True)
    def uphold_delivery(self, call: Call[Receipt]) -> Changes:
        """Rule that the data was delivered as recorded.

        裁定交付与登记相符。
        """

    @step(Receipt, "defended", "conceded", by=ARBITER, reason=True, moves=RETURNS)
    def undo_delivery(self, call: Call[Receipt]) -> Changes:
        """Rule that the data was not delivered as recorded: its rows count as not used.

        裁定交付与登记不符，所计行数不算使用。
        """
        _return_rows(call)
        return None


def _return_rows(call: Call[Receipt]) -> None:
    """Return the rows of a delivery to the lease; a grant that they exhausted is in force again."""
    take_from(call, call.record.lease, -call.record.delivery.rows)
    grant = call.need(Grant, call.record.grant)
    if grant.state == "exhausted":
        call.move(Grant, grant.id, "active")
