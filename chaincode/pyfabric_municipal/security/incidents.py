"""Security incidents: reported within hours; their details are for the owner, the cyber police and the audit office."""

from collections.abc import Iterable
from typing import Annotated, Any, ClassVar, Final, Literal

from pydantic import Field

from pyfabric_municipal.common.call import Call
from pyfabric_municipal.common.claimed_times import not_in_the_future, not_late
from pyfabric_municipal.common.indexes import Index
from pyfabric_municipal.common.parts import Part
from pyfabric_municipal.common.records import NEW, Tracked
from pyfabric_municipal.common.refusals import Example
from pyfabric_municipal.common.session import Session
from pyfabric_municipal.common.steps import Changes, Wait, step
from pyfabric_municipal.common.texts import about
from pyfabric_municipal.common.values import Digest, Model, MspId, Text, Timestamp
from pyfabric_municipal.common.waiting import Days, Seconds
from pyfabric_municipal.security.roles import OFFICER, OWNER, POLICE, REVIEWER

DetailsDigest = Annotated[Digest, about("The commitment to its details.", "详情的承诺值")]
LateReason = Annotated[Text | None, about("Why it is reported late.", "逾期报告的理由")]
Severity = Literal["ordinary", "large", "major", "extreme"]

DETECTED: Final = (
    not_in_the_future("detected", Example(arguments={"detected": "2027-01-01T00:00:00Z"})),
    not_late(
        "detected", "report-seconds", Example(later=86_400), reason="late_reason", by="severity"
    ),
)


class Details(Model):
    """What happened, for the three departments alone."""

    system: Annotated[str, Field(min_length=1, max_length=200)]
    account: Annotated[str, Field(min_length=1, max_length=20_000)]


class Incident(Tracked):
    """An incident: in public its severity, times and the commitment to its details.

    安全事件：公开严重程度、时间和详情的承诺值。
    """

    KIND: ClassVar[str] = "incident"
    ID: ClassVar = "transaction"
    STATES: ClassVar = {"open": "处置中", "contained": "已控制", "closed": "已结案"}
    INDEXES: ClassVar = (Index("owner", ("owner",)), Index("severity", ("severity",)))

    owner: MspId
    severity: Severity
    detected: Timestamp
    details: DetailsDigest
    late_reason: LateReason = None
    readers: tuple[MspId, ...]


def _readers(_: Session, record: Any) -> Iterable[str]:
    return record.readers  # type: ignore[no-any-return]


DETAILS = Part(Incident, "details", Details, _readers)


class Incidents:
    """The steps of an incident."""

    @step(
        Incident,
        NEW,
        "open",
        by=OFFICER,
        guards=DETECTED,
        waits=Wait(OWNER, Seconds("containment-seconds")),
        event=("owner", "severity"),
    )
    def report_incident(
        self,
        call: Call[Incident],
        severity: Severity,
        detected: Timestamp,
        details: DetailsDigest,
        late_reason: LateReason = None,
    ) -> Changes:
        """Report an incident of one's own department; its details are disclosed to three departments.

        报告本部门的安全事件；详情只提供给本部门、网安部门和审查部门。
        """
        readers = {call.caller, *call.appointed("police"), *call.appointed("reviewer")}
        return call.arguments | {"owner": call.caller, "readers": tuple(sorted(readers))}

    @step(
        Incident,
        "open",
        "contained",
        by=(OWNER, POLICE),
        reason=True,
        waits=Wait(REVIEWER, Days("closing-days"), need=1),
    )
    def contain(self, call: Call[Incident]) -> Changes:
        """Record how the incident was contained.

        记录控制措施。
        """

    @step(Incident, "contained", "closed", by=REVIEWER, reason=True)
    def close_incident(self, call: Call[Incident]) -> Changes:
        """Close the incident after its review, as another department; the reason is the finding.

        由其他部门审查后结案，理由栏填写审查结论。
        """
