"""Error reports: faults that users found in shared data, and how their providers responded."""

from typing import ClassVar

from pyfabric_municipal.common.values import Digest, FieldName, Model, MspId, ResourceCode, Text
from pyfabric_municipal.lifecycle import NEW, PROVIDER, USER, Lifecycle, Transition
from pyfabric_municipal.waiting import Awaiting

RAISED = "raised"
ACCEPTED = "accepted"
CORRECTED = "corrected"
REJECTED = "rejected"


class Fault(Model):
    """A fault in shared data, without the person that the data is about.

    `record_commitment` is a keyed hash (HMAC) of the record's key, whose secret the two departments
    share: a plain hash of a resident ID could be found by trying all of them. `evidence_digest` is the
    SHA-256 of the evidence, which the user keeps.
    """

    grant: str
    field: FieldName
    record_commitment: Digest
    evidence_digest: Digest
    description: Text


class Report(Awaiting):
    """A reported fault until it is corrected or rejected; its id is that of the reporting transaction."""

    KIND: ClassVar[str] = "report"

    fault: Fault
    resource: ResourceCode
    provider: MspId
    user: MspId
    correction_digest: Digest | None = None
    reason: str = ""

    def parties(self) -> dict[str, str]:
        return {USER: self.user, PROVIDER: self.provider}


REPORT_LIFECYCLE: Lifecycle[Report, None] = Lifecycle(
    Transition("raise", (NEW,), RAISED, (USER,), awaits=PROVIDER, event="ErrorRaised"),
    Transition("accept", (RAISED,), ACCEPTED, (PROVIDER,), awaits=PROVIDER, event="ErrorAccepted"),
    Transition("correct", (ACCEPTED,), CORRECTED, (PROVIDER,), event="ErrorCorrected"),
    Transition(
        "reject",
        (RAISED, ACCEPTED),
        REJECTED,
        (PROVIDER,),
        needs_reason=True,
        event="ErrorRejected",
    ),
)
