"""What must be true of the steps of duties, resources and updates."""

from pyfabric_municipal.common.call import Call
from pyfabric_municipal.common.refusals import Example, Facts, Verdict
from pyfabric_municipal.common.steps import guard
from pyfabric_municipal.common.values.regions import require_beijing_region
from pyfabric_municipal.common.values.timestamps import (
    beijing_day,
    parse_date,
    start_of_day,
    unix_seconds,
)
from pyfabric_municipal.directory.description import ShareType
from pyfabric_municipal.directory.records import PUBLISHED, Duty, Freshness, Resource
from pyfabric_municipal.directory.uses import open_uses

_BEFORE_2020 = Example(later=-200_000_000)


@guard(
    "issued-in-future",
    "发布或者更新日期 {day} 晚于今天",
    "the day of publication or change, {day}, is in the future",
    example=_BEFORE_2020,
    timed=True,
)
def current(call: Call[Resource]) -> Verdict:
    """Hold if the days of publication and change have come; refuses a region that is not valid on the day."""
    description = call.after.description
    require_beijing_region(description.region, beijing_day(call.now))
    last = description.modified or description.issued
    return call.is_due(start_of_day(parse_date(last))) or {"day": last}


@guard(
    "duty-owner",
    "职责 {duty} 属于 {owner}",
    "duty {duty} is owned by {owner}, not by {provider}",
    example=Example(first=("accept_duty",)),
)
def on_own_duty(call: Call[Resource]) -> Verdict:
    """Hold if the provider owns the duty to which the resource belongs."""
    duty, provider = call.need(Duty, call.after.description.duty), call.after.provider
    return duty.owner == provider or {"duty": duty.id, "owner": duty.owner, "provider": provider}


@guard(
    "other-publisher",
    "提供方代码 {code} 不是 {provider} 的统一社会信用代码（{uscc}）",
    "provider code {code} is not that of {provider} ({uscc})",
    example=Example(),
)
def published_by_itself(call: Call[Resource]) -> Verdict:
    """Hold if the description names the provider by its social credit code."""
    code, provider = call.after.description.provider, call.after.provider
    department = call.governance.department(provider)
    uscc = "" if department is None else department.uscc
    return code == uscc or {"code": code, "provider": provider, "uscc": uscc}


@guard(
    "unchanged",
    "新版本与现行版本相同",
    "the new version is the same as the live one",
    example=Example(),
)
def changed(call: Call[Resource]) -> Verdict:
    """Hold if the description differs from the live one."""
    return call.after.description != call.record.description


@guard(
    "not-shared-in-use",
    "授权 {grant} 未终止，不得改为不予共享",
    "it cannot become not_shared: grant {grant} is granted or active",
    example=Example(),
)
def unused_if_not_shared(call: Call[Resource]) -> Verdict:
    """Hold if nobody has a grant on what will not be shared, noticed or not."""
    if call.after.description.share.type is not ShareType.NOT_SHARED:
        return True
    uses = open_uses(call, call.id)
    return not uses or {"grant": uses[0].grant}


@guard(
    "no-notice",
    "变更 {loss} 影响 {grants} 项授权，须事先公告该版本",
    "changing {loss} takes something from {grants} grants: give notice of this very version first",
    example=Example(),
)
def announced(call: Call[Resource]) -> Verdict:
    """Hold if a change that takes something from users was announced as it is."""
    notice, loss = call.record.notice, _loss(call)
    named = notice is not None and notice.coming == call.after.description.digest()
    return loss is None or named or loss


@guard(
    "notice-runs",
    "公告期至 {until}，期满后方可变更",
    "the change is possible after the notice ends, {until}",
    example=Example(),
)
def notice_is_over(call: Call[Resource]) -> Verdict:
    """Hold if users had the time of the notice."""
    notice = call.record.notice
    if notice is None or _loss(call) is None:
        return True
    return call.clock.not_before(unix_seconds(notice.until) + 1) or {"until": notice.until}


@guard(
    "notice-lapsed",
    "公告已于 {lapses} 失效，须重新公告",
    "the notice lapsed at {lapses}: give it again",
    example=Example(),
)
def notice_is_fresh(call: Call[Resource]) -> Verdict:
    """Hold if the notice has not lapsed."""
    notice = call.record.notice
    if notice is None or _loss(call) is None:
        return True
    return call.is_open(notice.lapses) or {"lapses": notice.lapses}


def _loss(call: Call[Resource]) -> Facts | None:
    """Return what a change takes from users with open grants, and from how many; None if nothing."""
    before, after = call.record.description, call.after.description
    uses = open_uses(call, call.id)
    used = {name for use in uses for name in use.fields}
    lost = sorted((used & before.field_names()) - before.kept_by(after))
    if uses and after.share.type.strictness > before.share.type.strictness:
        return {"loss": "share.type", "grants": len(uses)}
    return {"loss": f"fields.{lost[0]}", "grants": len(uses)} if lost else None


@guard(
    "no-successor",
    "{successor} 不是另一项已发布的资源",
    "successor {successor} is not another published resource",
    example=Example(),
)
def succeeded_by_another(call: Call[Resource]) -> Verdict:
    """Hold if the successor, if one is named, is another published resource."""
    successor = call.after.successor
    if successor is None:
        return True
    is_other = successor != call.id and call.need(Resource, successor).state == PUBLISHED
    return is_other or {"successor": successor}


@guard(
    "in-use",
    "尚有 {grants} 项授权：须指明替代资源",
    "{grants} grants are granted or active: name a successor",
    example=Example(),
)
def replaced_or_unused(call: Call[Resource]) -> Verdict:
    """Hold if nobody has a grant on what ends without a successor."""
    uses = () if call.after.successor else open_uses(call, call.id)
    return not uses or {"grants": len(uses)}


@guard(
    "older-data",
    "数据更新时间 {given} 早于上次更新 {last}",
    "the data was updated at {last} already: {given} is before that",
    example=Example(arguments={"data_updated": "2026-03-01T00:00:00Z"}),
)
def not_older(call: Call[Freshness]) -> Verdict:
    """Hold if the data is not older than it was."""
    given, last = call.after.data_updated, call.record.data_updated
    return given >= last or {"given": given, "last": last}


@guard(
    "no-other-department",
    "{department} 不是另一个在册部门",
    "{department} is not another department of the city's register",
    example=Example(),
)
def offered_to_another(call: Call[Duty]) -> Verdict:
    """Hold if the duty is offered to another department, which is registered and active."""
    to = call.after.offered_to or ""
    found = call.governance.department(to)
    is_other = to != call.record.owner and found is not None and found.state == "active"
    return is_other or {"department": to}


@guard("own-duty", "职责已属于本部门", "the duty is the caller's own already", example=Example())
def claimed_by_another(call: Call[Duty]) -> Verdict:
    """Hold if another department than the owner claims the duty."""
    return call.after.claimant != call.record.owner


@guard(
    "no-party",
    "{department} 不是争议双方之一",
    "{department} is neither the owner nor the claimant",
    example=Example(),
)
def ruled_for_a_party(call: Call[Duty]) -> Verdict:
    """Hold if the ruling gives the duty to its owner or to the claimant."""
    owner = call.after.owner
    return owner in (call.record.owner, call.record.claimant) or {"department": owner}


@guard(
    "other-duty",
    "资源 {resource} 属于职责 {duty}",
    "resource {resource} belongs to duty {duty}",
    example=Example(),
)
def of_this_duty(call: Call[Duty]) -> Verdict:
    """Hold if all resources that are taken over belong to the duty."""
    for code in call.arguments["resources"]:
        duty = call.need(Resource, code).description.duty
        if duty != call.id:
            return {"resource": code, "duty": duty}
    return True
