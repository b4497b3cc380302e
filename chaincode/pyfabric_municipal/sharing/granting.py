"""Steps of a grant: activated, renewed, exhausted, revoked, over; and the leases of its quota."""

from typing import Any

from pyfabric_municipal.common.call import Call
from pyfabric_municipal.common.records import NEW
from pyfabric_municipal.common.refusals import Example, Verdict
from pyfabric_municipal.common.roles import ANYBODY
from pyfabric_municipal.common.steps import Changes, guard, step
from pyfabric_municipal.common.totals import (
    QUOTA_MOVES,
    Lease,
    give_back_from,
    lease,
    lease_id,
    open_quota,
)
from pyfabric_municipal.common.values import MspId, Positive
from pyfabric_municipal.directory.records import Resource
from pyfabric_municipal.sharing.guards import (
    RETYPE,
    UNTIL_ITS_END,
    after,
    carried,
    granted,
    is_carried,
    past_hope,
    resource_of,
)
from pyfabric_municipal.sharing.records import OPEN, Grant, Leasing, WorkerName
from pyfabric_municipal.sharing.roles import MANAGER, PROVIDER, USER
from pyfabric_municipal.sharing.terms import FieldNames, missing


@guard(
    "promised",
    "该授权依 {origin} 作出，提供部门不得撤销",
    "the grant was given by {origin}: its provider cannot revoke it",
    example=Example(first=("grant_open#free",), id="@grant_open#free", by="provider"),
)
def own_word(call: Call[Grant]) -> Verdict:
    """Hold unless the provider takes back what a ruling or the law gave."""
    origin = call.record.origin
    is_provider = call.actor.party in PROVIDER.parties(call, call.record)
    return not is_provider or origin == "provider" or {"origin": origin}


@guard(
    "rows-left",
    "额度共 {quota} 行，仅使用 {taken} 行",
    "only {taken} of {quota} rows are used",
    example=Example(first=("activate#kept",), id="@activate#kept"),
)
def used_up(call: Call[Grant]) -> Verdict:
    """Hold if every row of the quota is used."""
    taken = sum(one.taken for one in call.find(Lease, "quota", call.id))
    quota = call.record.terms.quota
    return taken == quota or {"quota": quota, "taken": taken}


@guard(
    "not-granted-field",
    "授权不包含数据项 {field}",
    "the grant does not give the field {field}",
    example=Example(arguments={"fields": ["capital_fen"]}),
)
def narrower(call: Call[Grant]) -> Verdict:
    """Hold if a renewal has no field that the grant did not have."""
    field = missing(call.after.terms.fields, call.record.terms.fields)
    return not field or {"field": field}


@guard(
    "holds-already",
    "授权在资源现行版本 {version} 下仍然有效，无须续展",
    "the grant holds under the resource's live version {version}: it needs no renewal",
    example=Example(first=("activate#kept",), id="@activate#kept"),
)
def broken_off(call: Call[Grant]) -> Verdict:
    """Hold if the resource has changed so that the grant no longer holds."""
    resource = resource_of(call)
    return not is_carried(resource, *granted(call.record)) or {"version": resource.version}


@guard(
    "not-in-force",
    "授权 {grant} 的状态是 {state}，未生效",
    "grant {grant} is {state}: it is not in force",
    example=Example(first=("revoke",)),
)
def grant_in_force(call: Call[Any]) -> Verdict:
    """Hold if the grant that the record names is in force."""
    grant = call.need(Grant, call.after.grant)
    return grant.state == "active" or {"grant": grant.id, "state": grant.state}


class Grants:
    """What is done with grants."""

    @step(
        Grant,
        "granted",
        "active",
        by=USER,
        guards=(carried(granted, "grant"),),
        waits=UNTIL_ITS_END,
        moves=QUOTA_MOVES,
        event=("resource", "user"),
    )
    def activate(self, call: Call[Grant]) -> Changes:
        """Accept a grant and its licence; it may be used from now on.

        接受授权及其许可条款，自此可以使用。
        """
        open_quota(call, call.id, call.record.terms.quota)
        return {"active_since": call.now}

    @step(
        Grant,
        "active",
        "active",
        by=PROVIDER,
        guards=(broken_off, narrower, carried(granted, "activate", RETYPE)),
        event=("resource", "user"),
    )
    def renew(self, call: Call[Grant], fields: FieldNames) -> Changes:
        """Renew a grant under the resource's live version, for the fields that remain.

        按资源现行版本续展授权，仅含仍然存在的数据项。
        """
        return _renewed(call, fields)

    @step(
        Grant,
        "granted",
        "granted",
        by=PROVIDER,
        guards=(
            after(broken_off, "grant#kept", example_id="@grant#kept"),
            narrower,
            carried(granted, "grant", RETYPE),
        ),
        event=("resource", "user"),
    )
    def renew_unused(self, call: Call[Grant], fields: FieldNames) -> Changes:
        """Renew a grant that the user has not activated yet.

        续展使用部门尚未接受的授权。
        """
        return _renewed(call, fields)

    @step(
        Grant,
        OPEN,
        "revoked",
        by=(PROVIDER, MANAGER),
        guards=(own_word,),
        reason=True,
        event=("resource", "user"),
    )
    def revoke(self, call: Call[Grant]) -> Changes:
        """Revoke a grant: no receipt counts from now on.

        撤销授权，此后的交付一律无效。
        """

    @step(Grant, "active", "exhausted", by=(USER, PROVIDER), guards=(used_up,))
    def exhaust(self, call: Call[Grant]) -> Changes:
        """Close a grant whose rows are all used.

        额度用尽，关闭授权。
        """

    @step(
        Grant,
        OPEN,
        "lapsed",
        by=USER,
        guards=(past_hope(granted, Example(first=("activate#kept",), id="@activate#kept")),),
    )
    def lapse_grant(self, call: Call[Grant]) -> Changes:
        """Close a grant on what the resource no longer has.

        资源不再包含授权内容的，终止授权。
        """

    @step(Grant, OPEN, "expired", by=ANYBODY, when_due=True)
    def expire(self, call: Call[Grant]) -> Changes:
        """Close a grant whose term is over.

        期限届满，关闭授权。
        """

    @step(Leasing, NEW, by=PROVIDER, guards=(grant_in_force,), moves=QUOTA_MOVES)
    def lease_rows(
        self, call: Call[Leasing], grant: str, worker: WorkerName, rows: Positive
    ) -> Changes:
        """Lease rows of a grant to a worker, which delivers them without meeting other workers."""
        lease(call, grant, worker, rows)
        return _leasing(call, grant, worker) | {"leased": rows}

    @step(Leasing, NEW, by=PROVIDER, moves=QUOTA_MOVES)
    def return_rows(
        self, call: Call[Leasing], grant: str, worker: WorkerName, of: MspId | None = None
    ) -> Changes:
        """Give back to the grant what a worker has not delivered, of the caller or of a former provider (`of`).

        将交付进程尚未交付的额度退回授权；可退回原提供部门的额度。
        """
        fields = _leasing(call, grant, worker)
        lease = lease_of(call, fields["resource"], grant, worker, of)
        return fields | {"given_back": give_back_from(call, lease)}


def lease_of(
    call: Call[Any], resource: str, grant: str, worker: str, department: str | None = None
) -> str:
    """Return the id of the lease that a worker has of a grant: of the resource's provider if no department is named."""
    return lease_id(grant, department or call.need(Resource, resource).provider, worker)


def _renewed(call: Call[Grant], fields: FieldNames) -> Changes:
    terms = call.record.terms.model_copy(update={"fields": fields})
    version = call.need(Resource, call.record.resource).version
    return {"terms": terms, "resource_version": version}


def _leasing(call: Call[Leasing], grant: str, worker: WorkerName) -> dict[str, Any]:
    return {"grant": grant, "resource": call.need(Grant, grant).resource, "worker": worker}
