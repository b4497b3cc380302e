"""Records on the ledger: frozen models, kept as canonical JSON under composite keys."""

from typing import ClassVar

from pyfabric_municipal.common.values import Count, Model, MspId, Positive, Timestamp


class Record(Model):
    """A value on the ledger, under a composite key of its kind and the parts that `key` returns."""

    KIND: ClassVar[str]

    def key(self) -> tuple[str, ...]:
        """Return the parts of the composite key after the kind."""
        raise NotImplementedError


class Tracked(Record):
    """A record with a life cycle: its state, the number of steps so far, and who took the last when."""

    state: str
    steps: Count = 0
    updated: Timestamp
    updated_by: MspId

    def parties(self) -> dict[str, str]:
        """Return the MSP ids of the roles in this record, such as its provider."""
        raise NotImplementedError


class Step(Record):
    """One step of a tracked record: the action, its caller, time, reason and transaction.

    Steps are written once and never deleted: together they are the record's history.
    """

    KIND: ClassVar[str] = "step"

    subject: str
    subject_key: tuple[str, ...]
    number: Positive
    action: str
    state: str
    by: MspId
    at: Timestamp
    reason: str
    transaction_id: str

    def key(self) -> tuple[str, ...]:
        return (self.subject, *self.subject_key, f"{self.number:06}")
