"""The contract `Directory`: duties of departments, the data that they hold, and the versions of its description."""

from typing import Annotated

from pydantic import Field

from pyfabric.chaincode import Context, query
from pyfabric_municipal.common.call import Call
from pyfabric_municipal.common.claimed_times import not_in_the_future
from pyfabric_municipal.common.contract import CityContract, PageSize
from pyfabric_municipal.common.records import NEW, WRITTEN
from pyfabric_municipal.common.refusals import Example
from pyfabric_municipal.common.roles import ANYBODY
from pyfabric_municipal.common.session import Session
from pyfabric_municipal.common.steps import Changes, Mode, Move, Wait, step
from pyfabric_municipal.common.values import (
    Count,
    FieldName,
    MspId,
    ResourceCode,
    Text,
    Timestamp,
)
from pyfabric_municipal.common.values.timestamps import add_days
from pyfabric_municipal.common.values.workdays import due_after
from pyfabric_municipal.common.waiting import Days
from pyfabric_municipal.directory.description import Description
from pyfabric_municipal.directory.guards import (
    announced,
    changed,
    claimed_by_another,
    current,
    not_older,
    notice_is_fresh,
    notice_is_over,
    of_this_duty,
    offered_to_another,
    on_own_duty,
    published_by_itself,
    replaced_or_unused,
    ruled_for_a_party,
    succeeded_by_another,
    unused_if_not_shared,
)
from pyfabric_municipal.directory.lists import (
    DuplicatePage,
    HolderPage,
    LatePage,
    duplicates,
    holders,
    late,
)
from pyfabric_municipal.directory.records import (
    CURRENT,
    DISPUTED,
    DRAFT,
    ENDED,
    HELD,
    LISTED,
    OFFERED,
    OWNED,
    PUBLISHED,
    RETIRED,
    SUBMITTED,
    SUSPENDED,
    Announcement,
    Duty,
    Freshness,
    Notice,
    Resource,
    Version,
)
from pyfabric_municipal.directory.roles import DEPUTY, MANAGER, MEMBER, OWNER, PROVIDER, SUCCESSOR
from pyfabric_municipal.directory.versions import described, duplicates_of, put_version

MANAGERS = (MANAGER, DEPUTY)
DESCRIBED = (current, on_own_duty)
VERSION_MOVES = (
    Move(Version, (NEW,), WRITTEN),
    Move(Freshness, (NEW, CURRENT), CURRENT),
)
TAKEN_OVER = (
    *(Move(Resource, (state,), state) for state in (DRAFT, SUBMITTED, *LISTED)),
    Move(Freshness, (CURRENT,), CURRENT),
)
MAX_TAKEN_OVER = 20


class Directory(CityContract):
    """政务数据目录：部门职责、数据资源及其版本，任何记录不得删除。

    Duties, resources and their versions. Nothing is ever deleted.
    """

    name = "Directory"
    title = "政务数据目录 · Directory of government data"
    RECORDS = (Duty, Resource, Version, Announcement, Freshness)

    @step(Duty, NEW, OWNED, by=MEMBER, mode=Mode.BATCH)
    def claim_duties(self, call: Call[Duty], title: Text, basis: Text) -> Changes:
        """Register duties of the caller; a duty that already has an owner is refused.

        登记本部门的职责；已有归属的职责不得再登记。
        """
        return {"title": title, "basis": basis, "owner": call.caller}

    @step(
        Duty,
        OWNED,
        OFFERED,
        by=OWNER,
        guards=(offered_to_another,),
        waits=Wait(SUCCESSOR, Days("duty-days"), exit="keep_duty"),
        event=("offered_to",),
    )
    def offer_duty(self, call: Call[Duty], to: MspId) -> Changes:
        """Offer a duty to another department, which has to accept it.

        将职责移交另一部门，由其决定是否承接。
        """
        return {"offered_to": to}

    @step(Duty, OFFERED, OWNED, by=SUCCESSOR, event=("owner",))
    def accept_duty(self, call: Call[Duty]) -> Changes:
        """Take over a duty that was offered.

        承接移交的职责。
        """
        return {"owner": call.caller, "offered_to": None}

    @step(Duty, OFFERED, OWNED, by=(OWNER, SUCCESSOR))
    def end_offer(self, call: Call[Duty]) -> Changes:
        """Withdraw or decline the offer of a duty, which stays with its owner.

        撤回或者谢绝职责移交，职责仍归原部门。
        """
        return {"offered_to": None}

    @step(Duty, OFFERED, OWNED, by=ANYBODY, when_due=True)
    def keep_duty(self, call: Call[Duty]) -> Changes:
        """Leave a duty with its owner because nobody has accepted it.

        逾期无人承接，职责仍归原部门。
        """
        return {"offered_to": None}

    @step(
        Duty,
        OWNED,
        DISPUTED,
        by=MEMBER,
        guards=(claimed_by_another,),
        reason=True,
        waits=Wait(MANAGER, Days("ruling-days"), exit="dismiss_claim"),
        event=("owner", "claimant"),
    )
    def dispute_duty(self, call: Call[Duty]) -> Changes:
        """Claim a duty that another department owns; the manager or its deputy rules on it.

        对另一部门的职责提出权属争议，由目录管理部门裁定。
        """
        return {"claimant": call.caller}

    @step(
        Duty,
        DISPUTED,
        OWNED,
        by=MANAGERS,
        guards=(ruled_for_a_party,),
        reason=True,
        event=("owner",),
    )
    def rule_duty(self, call: Call[Duty], owner: MspId) -> Changes:
        """Rule whose duty it is: the owner's, or the claimant's.

        裁定职责归原部门或者争议提出部门。
        """
        return {"owner": owner, "claimant": None}

    @step(Duty, DISPUTED, OWNED, by=ANYBODY, when_due=True)
    def dismiss_claim(self, call: Call[Duty]) -> Changes:
        """Leave a duty with its owner because nobody has ruled on the claim.

        逾期未作裁定，职责仍归原部门。
        """
        return {"claimant": None}

    @step(Duty, OWNED, OWNED, by=OWNER, guards=(of_this_duty,), moves=TAKEN_OVER)
    def take_over(
        self,
        call: Call[Duty],
        resources: Annotated[list[ResourceCode], Field(min_length=1, max_length=MAX_TAKEN_OVER)],
    ) -> Changes:
        """Become the provider of resources of a duty that the caller has got; their users keep their grants.

        接管所承接职责下的资源，已有授权继续有效。
        """
        owner = call.record.owner
        department = call.governance.department(owner)
        for code in resources:
            found = call.need(Resource, code)
            description = found.description
            if department is not None:
                description = description.model_copy(update={"provider": department.uscc})
            call.move(Resource, code, found.state, provider=owner, description=description)
            if found.version:
                call.move(Freshness, code, CURRENT, provider=owner)
        return None

    @step(
        Resource,
        NEW,
        DRAFT,
        by=MEMBER,
        guards=(*DESCRIBED, published_by_itself),
        mode=Mode.BATCH,
    )
    def draft(self, call: Call[Resource], description: Description) -> Changes:
        """Enter drafts of the caller's resources, which others cannot use yet.

        录入本部门资源的草稿，其他部门尚不可用。
        """
        return {"provider": call.caller, **described(description)}

    @step(Resource, DRAFT, DRAFT, by=PROVIDER, guards=(*DESCRIBED, published_by_itself))
    def revise(self, call: Call[Resource], description: Description) -> Changes:
        """Correct a draft.

        更正草稿。
        """
        return described(description)

    @step(
        Resource,
        DRAFT,
        SUBMITTED,
        by=PROVIDER,
        guards=DESCRIBED,
        waits=Wait(MANAGER, Days("manager-days")),
        mode=Mode.BATCH,
    )
    def submit(self, call: Call[Resource]) -> Changes:
        """Submit drafts to the manager; data that another department also collects is flagged.

        将草稿提交管理部门；其他部门也采集的数据会被标记（一数一源）。
        """
        return {"duplicates": duplicates_of(call, call.record.provider, call.record.description)}

    @step(Resource, SUBMITTED, DRAFT, by=MANAGERS, reason=True)
    def send_back(self, call: Call[Resource]) -> Changes:
        """Return a submitted resource to its provider.

        将提交的资源退回提供部门。
        """
        return {"duplicates": ()}

    @step(
        Resource,
        SUBMITTED,
        PUBLISHED,
        by=MANAGERS,
        guards=DESCRIBED,
        moves=VERSION_MOVES,
        mode=Mode.BATCH,
    )
    def publish(self, call: Call[Resource]) -> Changes:
        """Publish submitted resources as their first versions.

        发布提交的资源，成为其第一个版本。
        """
        return put_version(call, call.record.description)

    @step(
        Resource,
        PUBLISHED,
        PUBLISHED,
        by=PROVIDER,
        reason=True,
        moves=(Move(Announcement, (NEW,), WRITTEN),),
        event=("notice",),
    )
    def give_notice(self, call: Call[Resource], description: Description) -> Changes:
        """Announce a change that takes something from users, with the version that will come.

        It is possible after `notice-days` working days, and within `lapse-days` further ones.

        公告将影响使用部门的变更，并附即将发布的版本。
        """
        until = due_after(call.now, call.parameter("notice-days"), call.governance.calendar)
        lapses = due_after(until, call.parameter("lapse-days"), call.governance.calendar)
        notice = Notice(coming=description.digest(), until=until, lapses=lapses)
        call.create(
            Announcement,
            call.context.stub.transaction_id,
            WRITTEN,
            resource=call.id,
            description=description,
            notice=notice,
        )
        return {"notice": notice}

    @step(
        Resource,
        PUBLISHED,
        PUBLISHED,
        by=PROVIDER,
        guards=(
            changed,
            *DESCRIBED,
            published_by_itself,
            unused_if_not_shared,
            announced,
            notice_is_over,
            notice_is_fresh,
        ),
        moves=VERSION_MOVES,
        event=("version",),
    )
    def change(self, call: Call[Resource], description: Description) -> Changes:
        """Publish a new version in place of the live one; grants that it keeps whole hold for it, too.

        发布新版本取代现行版本；所授内容不受影响的授权继续有效。
        """
        return put_version(call, description)

    @step(Resource, PUBLISHED, SUSPENDED, by=PROVIDER, reason=True)
    def suspend(self, call: Call[Resource]) -> Changes:
        """Stop deliveries and new requests for a while.

        暂停交付和新的申请。
        """

    @step(Resource, SUSPENDED, PUBLISHED, by=PROVIDER)
    def resume(self, call: Call[Resource]) -> Changes:
        """Resume deliveries and requests after the provider's own suspension.

        恢复本部门暂停的资源。
        """

    @step(Resource, (PUBLISHED, SUSPENDED), HELD, by=MANAGERS, reason=True)
    def hold(self, call: Call[Resource]) -> Changes:
        """Stop deliveries and new requests until the manager or its deputy releases the resource.

        由管理部门停用资源，直至其解除。
        """

    @step(Resource, HELD, PUBLISHED, by=MANAGERS, reason=True)
    def release(self, call: Call[Resource]) -> Changes:
        """Release a resource that was held.

        解除对资源的停用。
        """

    @step(
        Resource,
        (PUBLISHED, SUSPENDED),
        RETIRED,
        by=PROVIDER,
        guards=(succeeded_by_another, replaced_or_unused),
        reason=True,
        moves=(Move(Freshness, (CURRENT,), ENDED),),
        event=("successor",),
    )
    def retire(self, call: Call[Resource], successor: ResourceCode | None = None) -> Changes:
        """Retire a resource, which stays readable; one with live grants needs a successor.

        停止资源，记录仍可查询；尚有授权的须指明替代资源。
        """
        call.move(Freshness, call.id, ENDED)
        return {"successor": successor}

    @step(
        Freshness,
        CURRENT,
        CURRENT,
        by=PROVIDER,
        guards=(
            not_in_the_future(
                "data_updated", Example(arguments={"data_updated": "2027-01-01T00:00:00Z"})
            ),
            not_older,
        ),
    )
    def refresh(self, call: Call[Freshness], data_updated: Timestamp, rows: Count) -> Changes:
        """Record when the data was updated, and how many rows it has now.

        记录数据更新的时间和行数。
        """
        expected_by = add_days(data_updated, call.record.days)
        return {"data_updated": data_updated, "expected_by": expected_by, "rows": rows}

    @query
    def holders(
        self, ctx: Context, field: FieldName, size: PageSize = 50, bookmark: str = ""
    ) -> HolderPage:
        """Return a page of the resources that have a field, with their departments.

        分页返回含有某数据项的资源及其部门。
        """
        return holders(self._reading(ctx), "field", field, size, bookmark)

    @query
    def usable(self, ctx: Context, size: PageSize = 50, bookmark: str = "") -> HolderPage:
        """Return a page of the other departments' resources that need no consent of their provider.

        分页返回其他部门无条件共享的资源。
        """
        page = holders(self._reading(ctx), "share", "unconditional", size, bookmark)
        others = tuple(one for one in page.items if one.provider != ctx.client.msp_id)
        return page.model_copy(update={"items": others})

    @query
    def late(self, ctx: Context, size: PageSize = 50, bookmark: str = "") -> LatePage:
        """Return a page of the published resources whose data is older than their update cycle allows.

        分页返回超过更新周期未更新的已发布资源。
        """
        return late(self._reading(ctx), size, bookmark)

    @query
    def duplicates(self, ctx: Context, size: PageSize = 50, bookmark: str = "") -> DuplicatePage:
        """Return a page of the data that several departments collect from people and firms.

        分页返回多个部门重复采集的数据。
        """
        return duplicates(Session(ctx.stub, self.contract_name()), size, bookmark)
