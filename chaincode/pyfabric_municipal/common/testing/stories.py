"""A contract's story: who takes part, and one valid call of each step. All generated tests are made of it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from pyfabric.chaincode.testing import CollectionConfig
from pyfabric_municipal.common.contract import CityContract
from pyfabric_municipal.common.governance import FixedGovernance
from pyfabric_municipal.common.records import Record
from pyfabric_municipal.common.refusals import Example
from pyfabric_municipal.common.values import JSON


@dataclass(frozen=True)
class Person:
    """Somebody who acts: the department of its certificate, and the certificate's attributes."""

    msp_id: str
    attributes: Mapping[str, str] = field(default_factory=dict)
    unit: str = "client"

    def without(self, *names: str) -> "Person":
        """Return the person with a certificate that lacks these attributes."""
        kept = {name: value for name, value in self.attributes.items() if name not in names}
        return Person(self.msp_id, kept, self.unit)


@dataclass(frozen=True)
class Sample:
    """A valid call of a step.

    `id` names the record; `@step` is the one that a step's sample made. `first` are the steps before it, each
    with its own sample. `private` are values that travel as transient data, `signer` names the holder's key, and
    `later` is how many seconds pass before the call. An argument `@key:name` is a holder's public key.
    """

    by: str
    id: str = ""
    arguments: Mapping[str, Any] = field(default_factory=dict)
    first: Sequence[str] = ()
    private: Mapping[str, Any] = field(default_factory=dict)
    signer: str = ""
    later: int = 0


@dataclass(frozen=True)
class Story:
    """What the tests of a contract need besides its declarations.

    `contract` makes the contract for a governance. `outsider` is a person without any role, `reader` one of
    a department that may read the private records, from whom only the role keeps their steps. `giving_up` are
    steps that end a matter without deciding it; `examples` are those of rules, by code, and of claims, by name, that need
    what only the story knows; `resting` are states in which a record may stay. `free_ids` are ids of no record, by the kinds
    of records whose ids have a form. `known` are values that are public although a private one has them too,
    such as an organisation's code. `beside` makes the other contracts of the chaincode, whose steps have samples
    under their contract's name, too: `Directory:publish`. A second sample of a step has a word after it:
    `apply#brief`.
    """

    contract: Callable[[FixedGovernance], CityContract]
    governance: FixedGovernance
    people: Mapping[str, Person]
    samples: Mapping[str, Sample]
    outsider: str
    now: datetime
    reader: str = ""
    collections: Sequence[CollectionConfig] = ()
    organizations: Sequence[str] | None = None
    giving_up: frozenset[str] = frozenset()
    resting: frozenset[tuple[str, str]] = frozenset()
    examples: Mapping[str, Example] = field(default_factory=dict)
    free_ids: Mapping[str, str] = field(default_factory=dict)
    known: frozenset[str] = frozenset()
    beside: Callable[[FixedGovernance], Sequence[CityContract]] = lambda _: ()

    def free_id(self, record: type[Record]) -> str:
        """Return an id that no record of the type has."""
        return self.free_ids.get(record.KIND, "no such record")

    def appointed(self, role: str) -> tuple[str, ...]:
        """Return the departments that have a role of the contract."""
        name = self.contract(self.governance).contract_name().lower()
        return self.governance.role(name, role)

    def steps_on(self, record: type[Record]) -> set[str]:
        """Return the names of the steps of a type of records."""
        steps = self.made().STEPS.values()
        return {one.name for one in steps if one.record is record}

    def made(
        self,
        parameters: Mapping[str, JSON] | None = None,
        roles: Mapping[str, tuple[str, ...]] | None = None,
    ) -> CityContract:
        """Return the contract, with other parameters and roles of its own."""
        return self.contract(self.governed(parameters, roles))

    def governed(
        self,
        parameters: Mapping[str, JSON] | None = None,
        roles: Mapping[str, tuple[str, ...]] | None = None,
    ) -> FixedGovernance:
        """Return the governance, with other parameters and roles of the contract."""
        name = self.contract(self.governance).contract_name().lower()
        return replace(
            self.governance,
            parameters={**self.governance.parameters, **_of(name, parameters)},
            roles={**self.governance.roles, **_of(name, roles)},
        )


def _of(contract: str, named: Mapping[str, Any] | None) -> dict[tuple[str, str], Any]:
    return {(contract, key): value for key, value in (named or {}).items()}
