"""Subjects of credit: enterprises and other bodies by their social credit code, which never changes."""

from typing import ClassVar

from pydantic import model_validator

from pyfabric.chaincode import ContractError
from pyfabric_municipal.common.values import Model, MspId, Text, Timestamp, UsccException, UsccShape
from pyfabric_municipal.lifecycle import NEW, Lifecycle, Transition
from pyfabric_municipal.records import Record, Tracked

REGISTRAR = "registrar"
IN_BUSINESS = "in_business"
REVOKED = "revoked"
MOVED = "moved"
CANCELLED = "cancelled"
_SOLE_TRADER = "92"


class Registration(Model):
    """A subject as its registrar enters it.

    A sole trader's name is a person's name: it is personal data and is not entered.
    """

    uscc: UsccShape
    name: Text | None = None
    region: str

    @model_validator(mode="after")
    def _consistent(self) -> "Registration":
        if self.uscc.startswith(_SOLE_TRADER) != (self.name is None):
            raise ContractError(
                f"{self.uscc}: a name is needed, but a sole trader's (92…) is personal data"
            )
        return self


class CodeException(UsccException, Record):
    """An exception on the ledger: when and by whom the code was admitted."""

    KIND: ClassVar[str] = "code_exception"

    at: Timestamp
    by: MspId

    def key(self) -> tuple[str, ...]:
        return (self.uscc,)


class Subject(Tracked):
    """A subject on the ledger, identified by its code; names may be alike."""

    KIND: ClassVar[str] = "subject"

    uscc: UsccShape
    name: str | None
    region: str
    registrar: MspId

    def key(self) -> tuple[str, ...]:
        return (self.uscc,)

    def parties(self) -> dict[str, str]:
        return {REGISTRAR: self.registrar}


SUBJECT_LIFECYCLE: Lifecycle[Subject, None] = Lifecycle(
    Transition("register", (NEW,), IN_BUSINESS, (REGISTRAR,), event="SubjectRegistered"),
    Transition(
        "revoke", (IN_BUSINESS,), REVOKED, (REGISTRAR,), needs_reason=True, event="SubjectRevoked"
    ),
    Transition(
        "move", (IN_BUSINESS,), MOVED, (REGISTRAR,), needs_reason=True, event="SubjectMoved"
    ),
    Transition("return", (MOVED,), IN_BUSINESS, (REGISTRAR,), event="SubjectReturned"),
    Transition(
        "cancel",
        (IN_BUSINESS, REVOKED, MOVED),
        CANCELLED,
        (REGISTRAR,),
        needs_reason=True,
        event="SubjectCancelled",
    ),
)
