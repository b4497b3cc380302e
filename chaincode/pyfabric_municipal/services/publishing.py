"""Steps of service items: entered and revised by the implementing department, published by the supervisor."""

from typing import Final

from pyfabric_municipal.common.call import Call
from pyfabric_municipal.common.records import NEW, WRITTEN
from pyfabric_municipal.common.steps import Changes, Mode, Move, Wait, step
from pyfabric_municipal.common.waiting import Days
from pyfabric_municipal.services.guards import (
    asks_nothing_known,
    licences_listed,
    of_the_department,
    reviewed_by_others,
    supplied_as_mapped,
)
from pyfabric_municipal.services.records import (
    DRAFT,
    IN_USE,
    PUBLISHED,
    RETIRED,
    REVISED,
    Content,
    Edition,
    Item,
    edition_id,
)
from pyfabric_municipal.services.roles import IMPLEMENTER, MEMBER, SUPERVISOR

TO_PUBLISH: Final = Wait(SUPERVISOR, Days("publication-days"))
CHECKS: Final = (
    reviewed_by_others,
    asks_nothing_known,
    supplied_as_mapped,
    licences_listed,
)


class Items:
    """What is done with items. Each publication makes an edition, which rules the cases submitted under it."""

    @step(
        Item,
        NEW,
        DRAFT,
        by=MEMBER,
        guards=(of_the_department,),
        waits=TO_PUBLISH,
        mode=Mode.BATCH,
    )
    def enter(self, call: Call[Item], content: Content) -> Changes:
        """Enter drafts of items that the caller's department implements.

        录入本部门实施的政务服务事项。
        """
        return {"department": call.caller, "coming": content}

    @step(Item, DRAFT, DRAFT, by=IMPLEMENTER, waits=TO_PUBLISH)
    def revise(self, call: Call[Item], content: Content) -> Changes:
        """Correct a draft.

        修改草拟的事项。
        """
        return {"coming": content}

    @step(Item, IN_USE, REVISED, by=IMPLEMENTER, waits=TO_PUBLISH)
    def propose(self, call: Call[Item], content: Content) -> Changes:
        """Propose another content of a published item, which stays as it is until that is published.

        提出事项变更；变更发布前仍按现行内容办理。
        """
        return {"coming": content}

    @step(
        Item,
        (DRAFT, REVISED),
        PUBLISHED,
        by=SUPERVISOR,
        guards=CHECKS,
        moves=(Move(Edition, (NEW,), WRITTEN),),
        event=("version",),
    )
    def publish(self, call: Call[Item]) -> Changes:
        """Publish an item, or a change of it, as its next edition: it asks for nothing that the directory supplies.

        发布事项或者其变更，形成新版本；目录可共享取得的材料不得要求申请人提供。
        """
        number, content = call.record.version + 1, call.record.coming
        fields = {"item": call.id, "number": number, "content": content, "published": call.now}
        call.create(Edition, edition_id(call.id, number), WRITTEN, **fields)
        return {"version": number, "content": content, "coming": None}

    @step(Item, REVISED, PUBLISHED, by=(IMPLEMENTER, SUPERVISOR), reason=True)
    def drop(self, call: Call[Item]) -> Changes:
        """Drop a change that was proposed.

        撤回或者退回事项变更。
        """
        return {"coming": None}

    @step(Item, IN_USE, RETIRED, by=IMPLEMENTER, reason=True)
    def retire(self, call: Call[Item]) -> Changes:
        """Retire an item: no further case of it is submitted; open ones are handled to their end.

        取消事项：不再收件，已收的办件继续办结。
        """
