"""Receipts of deliveries: the provider records one, and the user confirms or contests it."""

from typing import Annotated, ClassVar

from pydantic import Field, model_validator

from pyfabric.chaincode import ContractError
from pyfabric_municipal.common.values import (
    Digest,
    FieldName,
    Model,
    MspId,
    Positive,
    Timestamp,
    json_digest,
)
from pyfabric_municipal.common.values.timestamps import require_not_before
from pyfabric_municipal.directory.records import Resource
from pyfabric_municipal.grants import Grant, Usage
from pyfabric_municipal.lifecycle import NEW, PROVIDER, USER, Lifecycle, Transition
from pyfabric_municipal.records import Tracked

ISSUED = "issued"
CONFIRMED = "confirmed"
DISPUTED = "disputed"


class Delivery(Model):
    """A delivery as its provider reports it. The data itself is never on the ledger.

    The query digest must cover a nonce, so that repeating a query gives another digest.
    """

    grant: str
    grant_version: Positive
    query_digest: Digest
    result_digest: Digest
    schema_digest: Digest
    fields: Annotated[tuple[FieldName, ...], Field(min_length=1, max_length=200)]
    rows: Positive
    delivered: Timestamp

    @model_validator(mode="after")
    def _consistent(self) -> "Delivery":
        if list(self.fields) != sorted(set(self.fields)):
            raise ContractError("fields must be sorted and each named once")
        return self

    def receipt_id(self) -> str:
        """Return the receipt's id, which is the same for the same query under the same grant."""
        return json_digest([self.grant, self.query_digest])


class Receipt(Tracked):
    """A delivery on the ledger; the transactions that recorded and confirmed it carry the signatures."""

    KIND: ClassVar[str] = "receipt"

    id: Digest
    delivery: Delivery
    provider: MspId
    user: MspId
    transaction_id: str
    reason: str = ""

    def key(self) -> tuple[str, ...]:
        return (self.delivery.grant, self.id)

    def parties(self) -> dict[str, str]:
        return {USER: self.user, PROVIDER: self.provider}


def require_covered(
    delivery: Delivery, grant: Grant, resource: Resource, used: Usage, now: str
) -> None:
    """Refuse a delivery that its grant, which must be live, does not cover."""
    name = f"grant {grant.id}"
    if delivery.grant_version != grant.version:
        raise ContractError(
            f"{name} is at version {grant.version}: a receipt of version "
            f"{delivery.grant_version} does not count"
        )
    if extra := sorted(set(delivery.fields) - set(grant.terms.fields)):
        raise ContractError(f"{name} does not give field {extra[0]}")
    if delivery.schema_digest != resource.schema_digest:
        raise ContractError(
            f"{name}: the delivered schema is not that of version {resource.version} of "
            f"resource {grant.resource}"
        )
    begins = max(grant.terms.valid_from, grant.active_since or now)
    if not begins <= delivery.delivered <= now:
        raise ContractError(
            f"{name}: delivery at {delivery.delivered} is not between {begins}, when the right "
            f"began, and now, {now}"
        )
    require_not_before(f"the use of {name}", now, used.last or now)
    if used.rows + delivery.rows > grant.terms.quota:
        raise ContractError(
            f"{name}: {delivery.rows} rows are more than the {grant.terms.quota - used.rows} left"
        )


RECEIPT_LIFECYCLE: Lifecycle[Receipt, None] = Lifecycle(
    Transition("deliver", (NEW,), ISSUED, (PROVIDER,), event="DataDelivered"),
    Transition("confirm", (ISSUED,), CONFIRMED, (USER,), event="ReceiptConfirmed"),
    Transition(
        "contest", (ISSUED,), DISPUTED, (USER,), needs_reason=True, event="ReceiptContested"
    ),
)
