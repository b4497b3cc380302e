"""A step while it is taken: what its effect and its guards look at, and what they can change."""

from collections.abc import Mapping
from datetime import date
from functools import cached_property
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from pyfabric.chaincode import ClientIdentity, Context
from pyfabric_municipal.common.authorisation import (
    Authorisation,
    arguments_digest,
    signed_bytes,
)
from pyfabric_municipal.common.governance import Clock, CodeList, Governance, parameter_key
from pyfabric_municipal.common.indexes import STATE_INDEX
from pyfabric_municipal.common.private import PublicPart, Sealed
from pyfabric_municipal.common.records import Actor, Record, Tracked
from pyfabric_municipal.common.session import Session
from pyfabric_municipal.common.steps import Step, private_argument
from pyfabric_municipal.common.values.timestamps import unix_seconds

if TYPE_CHECKING:
    from pyfabric_municipal.common.taking import Taking

R = TypeVar("R", bound=Record)
M = TypeVar("M", bound=Record)


class Call(Generic[R]):
    """One record's step: the record before and after it, the caller, and what else the ledger says.

    Guards of other records are given those as the day has made them, so that nobody must have tidied up.
    `private` are the step's private arguments by name.
    """

    def __init__(
        self, taking: "Taking", step: Step, record_id: str, before: R | None, given: dict[str, Any]
    ) -> None:
        self._taking = taking
        self.step = step
        self.id = record_id
        self.before = before
        self.reason: str = given.get("reason", "")
        self.authorisation: Authorisation | None = given.get("authorisation")
        self.arguments = {
            each.name: given[each.name] for each in step.arguments if each.name in given
        }
        self.private: Mapping[str, Sealed[Any]] = {}
        self.actor: Actor = taking.actor
        self.after: R

    @property
    def record(self) -> R:
        """The record before the step."""
        if self.before is None:
            raise LookupError(f"{self.step.name} creates its record: there is none before it")
        return self.before

    @property
    def context(self) -> Context:
        """The transaction's context."""
        return self._taking.ctx

    @property
    def session(self) -> Session:
        """The ledger."""
        return self._taking.session

    @property
    def client(self) -> ClientIdentity:
        """The certificate that acts."""
        return self.context.client

    @property
    def caller(self) -> str:
        """The MSP id of the department that acts."""
        return self.client.msp_id

    @property
    def now(self) -> str:
        """The time of the proposal, which its client chose: a guard that depends on time asks the clock."""
        return self.session.now

    @property
    def governance(self) -> Governance:
        """The channel's registers and parameters."""
        return self._taking.governance

    @cached_property
    def clock(self) -> Clock:
        """The channel's clock; refuses while it stands still."""
        return self.governance.clock()

    def is_due(self, timestamp: str) -> bool:
        """Return whether that time has surely come, by the channel's clock."""
        return self.clock.not_before(unix_seconds(timestamp))

    def is_open(self, timestamp: str) -> bool:
        """Return whether that time has surely not passed, by the channel's clock."""
        return self.clock.not_after(unix_seconds(timestamp))

    def parameter(self, name: str) -> Any:
        """Return a governed parameter of the contract, or of another one (`credit/score-model`), whose name is in lower case."""
        return self.governance.parameter(*parameter_key(self.session.contract.lower(), name))

    def appointed(self, role: str) -> tuple[str, ...]:
        """Return the departments that the city's register names for a role of the contract."""
        return self.governance.role(self.session.contract.lower(), role)

    def in_force(self, code_list: str, *, on: date) -> CodeList:
        """Return the version of a code list that is in force on a day; refuses a day without one."""
        return self.governance.code_list(code_list, on)

    def get(self, model: type[M], record_id: str) -> M | None:
        """Return another record as it counts today, None if there is none."""
        found = self.session.get(model, record_id)
        return None if found is None else self._counted(found)

    def need(self, model: type[M], record_id: str) -> M:
        """Return another record as it counts today; refuses if there is none."""
        return self._counted(self.session.need(model, record_id))

    def find(self, model: type[M], index: str, *values: str) -> list[M]:
        """Return the records of an index as they count today, ordered by id."""
        found = [self._counted(one) for one in self.session.find(model, index, *values)]
        if index == STATE_INDEX:
            return [one for one in found if one.state == values[0]]
        return found

    def public(self, model: type[Record], record_id: str) -> PublicPart | None:
        """Return what every department can read of a private record."""
        return self.session.vault.public_part(model, record_id)

    def unseal(
        self, name: str, hint: Any, record_id: str = "", *, of: type[Record] | None = None
    ) -> Sealed[Any]:
        """Return the private part of that name of the step's record, or of another one: of its type, or `of` another.

        Members of its collection have it.
        """
        model = of or self.step.record
        found = private_argument(self._taking.steps.values(), model, name)
        if found is None:
            raise LookupError(f"no step of {model.KIND} has a private argument {name}")
        _, mark = found
        if mark.lapses:
            raise TypeError(f"{name} is in {mark.name}, which lapses: no step can rely on it")
        sealed: Sealed[Any] = self.session.vault.unseal(
            mark.name, Sealed[hint], model.KIND, record_id or self.id, name
        )
        return sealed

    def move(self, model: type[M], record_id: str, target: str, **changes: Any) -> M:
        """Bring another record to a state, as the step declares it (`moves`); returns the record after it."""
        return self._taking.move(self, model, record_id, target, changes)

    def create(self, model: type[M], record_id: str, target: str, **fields: Any) -> M:
        """Make another record, as the step declares it (`moves`); returns it."""
        return self._taking.create(self, model, record_id, target, fields)

    def signed_bytes(self, not_after: str) -> bytes:
        """Return what a holder signs for this step; a record that names itself has no id yet."""
        reason = {"reason": self.reason} if self.step.reason else {}
        return signed_bytes(
            net=str(self.governance.parameter("city", "net")),
            channel=self.context.stub.channel_id,
            contract=self.session.contract,
            function=self.step.name,
            kind=self.step.record.KIND,
            id="" if self.step.names_itself else self.id,
            revision=self.session.revision(self.step.record, self.id),
            arguments=arguments_digest(self.arguments | reason),
            not_after=not_after,
        )

    def _counted(self, found: M) -> M:
        if isinstance(found, Tracked):
            return found.counted_at(self.is_due)
        return found
