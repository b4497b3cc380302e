"""Steps of e-licences: issued without personal data, suspended, and ended in the ways that licences of offices end."""

from typing import Annotated, Final

from pyfabric_municipal.common.call import Call
from pyfabric_municipal.common.private import OWN, Sealed
from pyfabric_municipal.common.records import NEW
from pyfabric_municipal.common.refusals import Example, Verdict
from pyfabric_municipal.common.roles import ANYBODY
from pyfabric_municipal.common.steps import Changes, Mode, Wait, guard, step
from pyfabric_municipal.common.texts import about
from pyfabric_municipal.common.values import Timestamp
from pyfabric_municipal.common.waiting import Until
from pyfabric_municipal.identity.accreditations import TIMELY, accredited
from pyfabric_municipal.identity.identifiers import DidId
from pyfabric_municipal.identity.records import Content, Holder, Licence
from pyfabric_municipal.identity.roles import ISSUER, ORGANISATION_REGISTRAR

UNTIL_IT_LAPSES: Final = Wait(None, Until("valid_until"), exit="lapse")
LIVE: Final = ("valid", "suspended")


@guard(
    "licence-of-another-issuer",
    "证照标识中的颁发机构 {named} 不是 {department}",
    "the identifier names the issuer {named}, which is not {department}",
    example=Example(id="1.2.156.3005.2.11100000000013338W011.11430000006122244L.20230000403.001.U"),
)
def own_identifier(call: Call[Licence]) -> Verdict:
    """Hold if an identifier that names its issuer by a social credit code names the department's."""
    named = call.id.split(".")[6]
    own = call.governance.department(call.caller)
    is_own = own is not None and named in (own.uscc, own.region)
    return is_own or {"named": named, "department": call.caller}


class Licences:
    """What is done with e-licences."""

    @step(
        Licence,
        NEW,
        "valid",
        by=ISSUER,
        guards=(
            own_identifier,
            accredited,
            TIMELY,
        ),
        waits=UNTIL_IT_LAPSES,
        event=("issuer", "type"),
    )
    def issue_licence(
        self,
        call: Call[Licence],
        issuer: DidId,
        holder: Annotated[Holder, about("Whose it is.", "持证主体")],
        valid_from: Timestamp,
        valid_until: Timestamp | None,
        content: Annotated[
            Sealed[Content], OWN, about("What it says of its holder.", "证照载明的持证主体信息")
        ],
    ) -> Changes:
        """Anchor an e-licence by its identifier and the commitment to its content.

        以证照标识和内容承诺值登记电子证照，不含个人信息。
        """
        return {
            "issuer": issuer,
            "department": call.caller,
            "type": call.id.split(".")[5],
            "holder": holder,
            "content": content.commitment(),
            "valid_from": valid_from,
            "valid_until": valid_until,
        }

    @step(Licence, "valid", "suspended", by=ISSUER, reason=True, waits=UNTIL_IT_LAPSES)
    def suspend_licence(self, call: Call[Licence]) -> Changes:
        """Suspend an e-licence.

        暂停证照。
        """

    @step(
        Licence,
        "valid",
        "suspended",
        by=ORGANISATION_REGISTRAR,
        reason=True,
        waits=UNTIL_IT_LAPSES,
        mode=Mode.CONTINUED,
        over="holder",
    )
    def suspend_licences(self, call: Call[Licence]) -> Changes:
        """Suspend all e-licences of an organisation that was deregistered.

        法人已注销登记的，分批暂停其全部证照。
        """

    @step(Licence, "suspended", "valid", by=ISSUER, reason=True, waits=UNTIL_IT_LAPSES)
    def resume_licence(self, call: Call[Licence]) -> Changes:
        """End the suspension of an e-licence.

        恢复已暂停的证照。
        """

    @step(Licence, LIVE, "revoked", by=ISSUER, reason=True)
    def revoke_licence(self, call: Call[Licence]) -> Changes:
        """Revoke an e-licence that should not have been given.

        撤销不应准予的证照。
        """

    @step(Licence, LIVE, "cancelled", by=ISSUER, reason=True)
    def cancel_licence(self, call: Call[Licence]) -> Changes:
        """Cancel an e-licence, such as at its holder's request.

        注销证照（如依持证主体申请）。
        """

    @step(Licence, LIVE, "withdrawn", by=ISSUER, reason=True)
    def withdraw_licence(self, call: Call[Licence]) -> Changes:
        """Withdraw an e-licence as a penalty.

        依法吊销证照。
        """

    @step(Licence, LIVE, "moved", by=ISSUER, reason=True)
    def move_licence(self, call: Call[Licence]) -> Changes:
        """Record that the licence has moved to another place's office.

        登记证照迁出。
        """

    @step(Licence, LIVE, "lapsed", by=ANYBODY, when_due=True)
    def lapse(self, call: Call[Licence]) -> Changes:
        """End an e-licence whose time is over.

        证照有效期届满，失效。
        """
