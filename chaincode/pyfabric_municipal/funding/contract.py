"""The contract `Funding`: enterprises apply by delegates, departments decide by credit, and no project is funded twice."""

from typing import Annotated

from pyfabric_municipal.common import (
    ANYBODY,
    NEW,
    Blinded,
    Call,
    Changes,
    CityContract,
    Days,
    Until,
    Wait,
    about,
    blinded_with,
    step,
)
from pyfabric_municipal.common.values import (
    DocumentNumber,
    MspId,
    PositiveFen,
    Text,
    Timestamp,
    UsccShape,
)
from pyfabric_municipal.credit.scores import Score
from pyfabric_municipal.funding.guards import (
    GRADED,
    citation,
    is_delegated,
    is_in_business,
    is_to_a_funder,
)
from pyfabric_municipal.funding.records import Application, CompanyKey, Delegation, PublicKey
from pyfabric_municipal.funding.roles import (
    COMPANY,
    DELEGATE,
    FUNDER,
    OFFICE,
    PAYER,
    REGISTRAR,
)


class Funding(CityContract):
    """Funding of enterprises' projects by their credit: applied for by delegates, once for a project, and paid once.

    企业项目资助：由受托人申请，按信用等级决定；同一项目不得重复资助。
    """

    name = "Funding"
    title = "项目资助 · Funding"
    RECORDS = (CompanyKey, Delegation, Application)

    @step(CompanyKey, NEW, "registered", by=REGISTRAR, guards=(is_in_business,))
    def register_key(self, call: Call[CompanyKey], public_key: PublicKey) -> Changes:
        """Register the key with which an enterprise in business signs.

        登记存续企业的签名公钥。
        """
        return call.arguments

    @step(CompanyKey, "registered", "registered", by=REGISTRAR, reason=True)
    def replace_key(self, call: Call[CompanyKey], public_key: PublicKey) -> Changes:
        """Replace an enterprise's key, such as one that was lost; delegations stay.

        更换企业公钥（如遗失）；已有授权不受影响。
        """
        return call.arguments

    @step(
        Delegation,
        NEW,
        "active",
        by=(COMPANY, OFFICE),
        waits=Wait(None, Until("until"), exit="lapse_delegation"),
        event=("subject", "until"),
    )
    def delegate(
        self, call: Call[Delegation], subject: UsccShape, public_key: PublicKey, until: Timestamp
    ) -> Changes:
        """Delegate applications to the holder of a key, by the enterprise's signature or its organisation's certificate.

        企业以签名或机构证书授权受托人办理申请。
        """
        return call.arguments

    @step(Delegation, "active", "ended", by=(COMPANY, OFFICE))
    def end_delegation(self, call: Call[Delegation]) -> Changes:
        """End a delegation; applications that were made stay.

        撤销授权；已提出的申请不受影响。
        """

    @step(Delegation, "active", "lapsed", by=ANYBODY, when_due=True)
    def lapse_delegation(self, call: Call[Delegation]) -> Changes:
        """End a delegation whose time is over.

        授权期满。
        """

    @step(
        Application,
        NEW,
        "applied",
        by=(DELEGATE, OFFICE),
        guards=(
            is_delegated,
            is_in_business,
            is_to_a_funder,
            blinded_with("project-key", "project"),
            *GRADED,
        ),
        waits=Wait(FUNDER, Days("decision-days"), exit="lapse"),
        event=("subject", "funder", "project", "grade", "model", "as_of"),
    )
    def apply(
        self,
        call: Call[Application],
        subject: UsccShape,
        delegation: Annotated[
            str,
            about(
                "The delegate's delegation; empty: the enterprise itself.",
                "受托人的授权编号；企业自行申请时为空",
            ),
        ],
        funder: MspId,
        programme: Text,
        project: Blinded,
        amount: PositiveFen,
        score: str,
    ) -> Changes:
        """Apply to a department for the funding of a project that nobody else is asked to fund, by a standing grade.

        向资助部门申请项目资助，引用有效的信用等级；同一项目不得重复申请。
        """
        return {**call.arguments, **citation(call.need(Score, score))}

    @step(
        Application,
        ("applied", "granted"),
        "withdrawn",
        by=(DELEGATE, OFFICE),
        guards=(is_delegated,),
    )
    def withdraw(self, call: Call[Application]) -> Changes:
        """Withdraw an application, before it is paid.

        拨付前撤回申请。
        """

    @step(
        Application,
        "applied",
        "granted",
        by=FUNDER,
        guards=(is_in_business, *GRADED),
        waits=Wait(PAYER, Days("payment-days")),
        event=("subject", "funder", "granted", "grade", "model", "as_of"),
    )
    def grant(
        self, call: Call[Application], decision: DocumentNumber, granted: PositiveFen, score: str
    ) -> Changes:
        """Grant all or a part, by a decision and the grade of these days, which takes the place of the one applied with.

        依决定文件批准全部或部分金额；引用决定时有效的信用等级。
        """
        return {**call.arguments, **citation(call.need(Score, score))}

    @step(Application, "applied", "refused", by=FUNDER, reason=True)
    def refuse(self, call: Call[Application]) -> Changes:
        """Refuse the funding: the project is free to be applied for again.

        不予资助；该项目可重新申请。
        """

    @step(Application, "applied", "lapsed", by=ANYBODY, when_due=True)
    def lapse(self, call: Call[Application]) -> Changes:
        """End an application to which the department was silent: the project is free again.

        资助部门逾期未决定；该项目可重新申请。
        """

    @step(
        Application,
        "granted",
        "paid",
        by=PAYER,
        guards=(is_in_business,),
        event=("subject", "granted", "payment"),
    )
    def pay(self, call: Call[Application], payment: Text) -> Changes:
        """Record the payment to an enterprise in business, by its reference, which counts once.

        登记拨付；企业须存续，一个拨付凭证号只登记一次。
        """
        return call.arguments

    @step(Application, "granted", "revoked", by=FUNDER, reason=True)
    def revoke(self, call: Call[Application]) -> Changes:
        """Revoke a grant before it is paid.

        拨付前撤销批准。
        """
