"""Steps of a case up to its acceptance: submitted, supplemented once, accepted or not."""

from typing import Annotated, Final

from pydantic import Field

from pyfabric_municipal.common.call import Call
from pyfabric_municipal.common.private import Blinded
from pyfabric_municipal.common.records import NEW
from pyfabric_municipal.common.roles import ANYBODY
from pyfabric_municipal.common.steps import Changes, Wait, step
from pyfabric_municipal.common.texts import about
from pyfabric_municipal.common.values import Digest, FieldName, ServiceItem, Text
from pyfabric_municipal.common.waiting import Days, DaysOn
from pyfabric_municipal.services.guards import (
    all_named,
    asked_once,
    blinded_as_agreed,
    complete,
    item_in_use,
    only_what_is_asked,
)
from pyfabric_municipal.services.records import (
    ACCEPTED,
    LAPSED,
    NOT_ACCEPTED,
    OPEN,
    STOPPED,
    SUBMITTED,
    SUPPLEMENT,
    WITHDRAWN,
    Case,
    Content,
    Item,
    PublicKey,
    edition_id,
)
from pyfabric_municipal.services.roles import APPLICANT, HANDLER, MEMBER, REVIEWER, WINDOW

TO_ACCEPT: Final = Wait(HANDLER, Days("acceptance-days"), exit="deem_accepted")
TO_SUPPLY: Final = Wait(None, Days("supplement-days"), exit="lapse")
CLOCK: Final = (
    Wait(HANDLER, DaysOn("promised_days", since="accepted"), states=(ACCEPTED, STOPPED)),
    Wait(REVIEWER, Days("review-days"), exit="pass_over"),
)
"""The days that the item promises, which go on through stops; side by side with them the reviewers have theirs."""

Materials = Annotated[
    tuple[FieldName, ...], about("Codes of the item's materials.", "事项材料的编码")
]
Commitment = Annotated[
    Digest,
    about("Commitment to applicant, object and documents.", "申请人、标的和材料的承诺值"),
]
Remedy = Annotated[Text, about("How to seek a remedy.", "救济途径：行政复议或者行政诉讼")]


class Acceptance:
    """What is done with a case before the department handles it."""

    @step(
        Case,
        NEW,
        SUBMITTED,
        by=MEMBER,
        guards=(item_in_use, blinded_as_agreed, only_what_is_asked),
        waits=TO_ACCEPT,
        event=("item", "department"),
    )
    def submit(
        self,
        call: Call[Case],
        item: ServiceItem,
        applicant: Annotated[Blinded, about("Who applies, blinded.", "申请人标识，不可识别")],
        public_key: Annotated[PublicKey, about("The applicant's key.", "申请人公钥")],
        application: Commitment,
        materials: Materials,
        object: Annotated[Blinded | None, about("What it is about.", "标的标识")] = None,
    ) -> Changes:
        """Submit a case at a window, under the item's edition of the day; materials are those that the applicant has brought.

        窗口收件，适用事项的现行版本；materials 为申请人已提交的材料。
        """
        found = call.need(Item, item)
        content = found.content or found.coming  # a draft has no content yet, and is refused
        ruled = {} if content is None else _ruled(content)
        return ruled | {
            "item": item,
            "edition": edition_id(item, found.version),
            "department": found.department,
            "window": call.caller,
            "applicant": applicant,
            "object": object,
            "public_key": public_key,
            "application": application,
            "given": materials,
            "received": call.now,
        }

    @step(
        Case,
        SUBMITTED,
        SUPPLEMENT,
        by=HANDLER,
        guards=(asked_once, only_what_is_asked, all_named),
        reason=True,
        waits=TO_SUPPLY,
        event=("supplement",),
    )
    def ask_supplement(
        self, call: Call[Case], materials: Annotated[Materials, Field(min_length=1)]
    ) -> Changes:
        """Ask the applicant for supplements, once and for all of them.

        一次性告知申请人需要补正的全部材料。
        """
        return {"supplement": materials}

    @step(Case, SUPPLEMENT, SUBMITTED, by=WINDOW, guards=(only_what_is_asked,), waits=TO_ACCEPT)
    def supply(self, call: Call[Case], application: Commitment, materials: Materials) -> Changes:
        """Submit a case again with its supplements; the days for acceptance begin again.

        补正后重新提交，受理期限重新计算。
        """
        return {"application": application, "given": materials, "received": call.now}

    @step(Case, SUPPLEMENT, LAPSED, by=ANYBODY, when_due=True)
    def lapse(self, call: Call[Case]) -> Changes:
        """End a case whose supplements have not come in time.

        逾期未补正，终止办理。
        """

    @step(Case, SUBMITTED, ACCEPTED, by=HANDLER, guards=(complete,), waits=CLOCK)
    def accept(self, call: Call[Case]) -> Changes:
        """Accept a case that is complete: the promised days begin, and the reviewers are asked side by side.

        材料齐全，予以受理；承诺时限开始计算，同时征求会办部门意见。
        """
        return {"accepted": call.now}

    @step(Case, SUBMITTED, ACCEPTED, by=ANYBODY, when_due=True, waits=CLOCK)
    def deem_accepted(self, call: Call[Case]) -> Changes:
        """Count a case as accepted from the day on which it came in, because the department was silent.

        逾期未告知的，自收件之日起即为受理。
        """
        return {"accepted": call.record.received}

    @step(Case, SUBMITTED, NOT_ACCEPTED, by=HANDLER, reason=True)
    def not_accept(self, call: Call[Case], remedy: Remedy) -> Changes:
        """Do not accept a case, with the reason and how to seek a remedy.

        不予受理，说明理由并告知救济途径。
        """
        return {"remedy": remedy}

    @step(Case, OPEN, WITHDRAWN, by=APPLICANT)
    def withdraw(self, call: Call[Case]) -> Changes:
        """Withdraw a case that is not decided yet, with the applicant's signature.

        申请人在作出决定前撤回申请。
        """


def _ruled(content: Content) -> dict[str, object]:
    """Return the fields of a case by which its edition rules it."""
    return {
        "reviewers": content.reviewers,
        "exclusive": content.exclusive,
        "promised_days": content.promised_days,
        "shared": sum(bool(one.sources) for one in content.materials),
        "licences": sum(one.licence is not None for one in content.materials),
    }
