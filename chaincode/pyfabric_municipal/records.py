"""Records on the ledger: frozen models, kept as canonical JSON (RFC 8785) under composite keys."""

from typing import Annotated, ClassVar

import rfc8785
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, Strict, ValidationInfo

from pyfabric_municipal.identifiers import (
    require_datum,
    require_digest,
    require_duty_code,
    require_msp_id,
    require_name,
    require_resource_code,
    require_service_item,
    require_uscc,
)
from pyfabric_municipal.text import require_text
from pyfabric_municipal.timestamps import require_date, require_timestamp


def _text(value: str, info: ValidationInfo) -> str:
    return require_text(info.field_name or "text", value)


# Some JSON readers change numbers above 2^53 (RFC 8785, appendix D).
MAX_COUNT = 2**53 - 1
Count = Annotated[int, Strict(), Field(ge=0, le=MAX_COUNT)]
Positive = Annotated[int, Strict(), Field(ge=1, le=MAX_COUNT)]
Flag = Annotated[bool, Strict()]
Text = Annotated[str, AfterValidator(_text)]
Uscc = Annotated[str, AfterValidator(require_uscc)]
ResourceCode = Annotated[str, AfterValidator(require_resource_code)]
ServiceItem = Annotated[str, AfterValidator(require_service_item)]
DutyCode = Annotated[str, AfterValidator(require_duty_code)]
FieldName = Annotated[str, AfterValidator(require_name)]
Datum = Annotated[str, AfterValidator(require_datum)]
MspId = Annotated[str, AfterValidator(require_msp_id)]
Digest = Annotated[str, AfterValidator(require_digest)]
Day = Annotated[str, AfterValidator(require_date)]
Timestamp = Annotated[str, AfterValidator(require_timestamp)]


class Model(BaseModel):
    """A frozen value; unknown members are refused."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    def canonical(self) -> bytes:
        """Return the value as canonical JSON, the bytes that are stored and hashed."""
        return rfc8785.dumps(self.model_dump(mode="json"))


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
