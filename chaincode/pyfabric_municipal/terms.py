"""Terms of a grant: fields, row scope, period and quota."""

from typing import Annotated

from pydantic import Field, model_validator

from pyfabric.chaincode import ContractError
from pyfabric_municipal.common.values import Digest, FieldName, Model, Positive, Timestamp
from pyfabric_municipal.directory.description import Description


class Terms(Model):
    """The terms of an application, an offer or a grant.

    `scope_digest` is the SHA-256 of the row scope. The scope itself may identify people and stays with
    the two departments. `quota` is the number of rows for the whole term.
    """

    fields: Annotated[tuple[FieldName, ...], Field(min_length=1, max_length=200)]
    scope_digest: Digest
    valid_from: Timestamp
    valid_until: Timestamp
    quota: Positive

    @model_validator(mode="after")
    def _consistent(self) -> "Terms":
        if list(self.fields) != sorted(set(self.fields)):
            raise ContractError("fields must be sorted and each named once")
        if self.valid_from >= self.valid_until:
            raise ContractError(f"the term ends ({self.valid_until}) before it begins")
        return self

    def require_within(self, asked: "Terms") -> None:
        """Refuse terms that are wider than the ones applied for."""
        if extra := sorted(set(self.fields) - set(asked.fields)):
            raise ContractError(f"field {extra[0]} was not asked for")
        if self.scope_digest != asked.scope_digest:
            raise ContractError("the row scope is not the one asked for")
        if self.valid_from < asked.valid_from or self.valid_until > asked.valid_until:
            raise ContractError("the term is longer than the one asked for")
        if self.quota > asked.quota:
            raise ContractError(f"the quota {self.quota} is above the {asked.quota} asked for")

    def require_possible(self, description: Description, now: str) -> None:
        """Refuse fields that the resource does not have, and a term that is over."""
        if unknown := sorted(set(self.fields) - description.field_names()):
            raise ContractError(f"resource {description.code} has no field {unknown[0]}")
        if self.valid_until <= now:
            raise ContractError(f"the term ended at {self.valid_until}, before {now}")
