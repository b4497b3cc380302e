"""Departments of the credit chain, and their agreement on its settings when it is founded."""

from typing import ClassVar, Generic, TypeVar

from pydantic import model_validator

from pyfabric.chaincode import ContractError
from pyfabric_municipal.common.values import MspId, Text, Uscc
from pyfabric_municipal.records import Record

MIN_FOUNDERS = 2


class Department(Record):
    """A department, by its MSP id on the ledger and by its social credit code elsewhere."""

    KIND: ClassVar[str] = "department"

    msp_id: MspId
    uscc: Uscc
    name: Text
    region: str

    def key(self) -> tuple[str, ...]:
        return (self.msp_id,)


class Governed(Record):
    """Settings that departments agree on: at least who is the manager."""

    manager: MspId


S = TypeVar("S", bound=Governed)


class Founding(Record, Generic[S]):
    """Proposed settings and departments; in force once all these departments have confirmed."""

    KIND: ClassVar[str] = "founding"

    id: str
    settings: S
    departments: tuple[Department, ...]
    confirmed: tuple[MspId, ...]

    def key(self) -> tuple[str, ...]:
        return (self.id,)

    @model_validator(mode="after")
    def _consistent(self) -> "Founding[S]":
        names = [department.msp_id for department in self.departments]
        codes = [department.uscc for department in self.departments]
        if len(names) < MIN_FOUNDERS:
            raise ContractError(f"at least {MIN_FOUNDERS} departments must agree")
        for what, values in (("MSP id", names), ("social credit code", codes)):
            if twice := sorted({value for value in values if values.count(value) > 1}):
                raise ContractError(f"two founding departments have the {what} {twice[0]}")
        if self.settings.manager not in names:
            raise ContractError(
                f"the manager ({self.settings.manager}) is not among the founding departments"
            )
        return self

    def confirm(self, msp_id: str) -> "Founding[S]":
        """Return the proposal with one more confirmation; refuses others and a second confirmation."""
        if msp_id not in [department.msp_id for department in self.departments]:
            raise ContractError(f"{msp_id} is not among the founding departments")
        if msp_id in self.confirmed:
            raise ContractError(f"{msp_id} has confirmed this founding already")
        return self.model_copy(update={"confirmed": tuple(sorted((*self.confirmed, msp_id)))})

    def is_complete(self) -> bool:
        """Return whether every founding department has confirmed."""
        return len(self.confirmed) == len(self.departments)
