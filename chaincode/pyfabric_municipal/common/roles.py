"""Roles: who may take a step, by a certificate's department, its attributes, or a key's signature.

Only certificates of the unit (NodeOU) client act. With each role can be said whose department, and which
person, must be another one than in an earlier step.
"""

from dataclasses import dataclass
from typing import Any, Final, Protocol, TypeVar

from pyfabric.chaincode import ClientIdentity
from pyfabric_municipal.common.authorisation import Authorisation, require_authorised
from pyfabric_municipal.common.certificates import is_client, key_id, units
from pyfabric_municipal.common.governance import Governance
from pyfabric_municipal.common.indexes import at_path
from pyfabric_municipal.common.records import Actor, Record, Tracked
from pyfabric_municipal.common.refusals import SAME_DEPARTMENT, SAME_PERSON, STAFF, UNIT
from pyfabric_municipal.common.session import Session

R = TypeVar("R", bound=Record)

STAFF_ATTRIBUTE: Final = "staff"
USCC_ATTRIBUTE: Final = "uscc"
HOLDER: Final = "holder"
ACTIVE: Final = "active"


class Asked(Protocol):
    """A step that is being taken, as its roles look at it."""

    @property
    def client(self) -> ClientIdentity:
        """The certificate that acts."""

    @property
    def governance(self) -> Governance:
        """The channel's registers and parameters."""

    @property
    def session(self) -> Session:
        """The ledger."""

    @property
    def authorisation(self) -> Authorisation | None:
        """The holder's signature that came with the call."""

    def parameter(self, name: str) -> Any:
        """Return a governed parameter of the contract."""

    def appointed(self, role: str) -> tuple[str, ...]:
        """Return the departments that the city's register names for a role of the contract."""

    def need(self, model: type[R], record_id: str) -> R:
        """Return another record as it counts today; refuses if there is none."""

    def signed_bytes(self, not_after: str) -> bytes:
        """Return what a holder signs for this step."""


@dataclass(frozen=True)
class On:
    """Names those who have the role by the value of the record at a dotted path; a tuple names several."""

    path: str


@dataclass(frozen=True)
class Governed:
    """Names those who have the role by a governed parameter."""

    parameter: str


@dataclass(frozen=True)
class Appointed:
    """Names those who have the role by the city's register of the contract's roles."""

    role: str


@dataclass(frozen=True)
class Role:
    """A role of departments: those that `of` names, all of them if it names none.

    `attribute` is what the certificate must say besides. `not_department` and `not_person` name earlier
    steps of the record that another department, another person, must have taken.
    """

    name: str
    zh: str
    of: On | Governed | Appointed | None = None
    attribute: tuple[str, str] | None = None
    not_department: tuple[str, ...] = ()
    not_person: tuple[str, ...] = ()

    @property
    def is_anybody(self) -> bool:
        """Whether every client of the channel has the role."""
        return self.of is None and self.attribute is None

    def parties(self, asked: Asked, record: Any) -> tuple[str, ...]:
        """Return those who have the role for a record."""
        if self.of is None:
            return ()
        if isinstance(self.of, Appointed):
            return asked.appointed(self.of.role)
        found = (
            asked.parameter(self.of.parameter)
            if isinstance(self.of, Governed)
            else at_path(record, self.of.path)
        )
        if found is None:
            return ()
        return tuple(found) if isinstance(found, list | tuple) else (str(found),)

    def is_eligible(self, asked: Asked) -> bool:
        """Return whether the caller's certificate allows the role, whatever the record says."""
        return self.attribute is None or asked.client.has_attribute(*self.attribute)

    def party(self, asked: Asked, record: Any) -> str | None:
        """Return for whom an eligible caller acts in this role, None if the record names others."""
        if self.of is None:
            return asked.client.msp_id
        return next((one for one in self.parties(asked, record) if self._is(asked, one)), None)

    def require_others(self, actor: Actor, record: Tracked | None) -> None:
        """Refuse staff without a number, and who took a step that the role excludes."""
        if not actor.staff and not self.is_anybody:
            raise STAFF.refusal()
        for taken in () if record is None else record.taken:
            if taken.step in self.not_department and taken.department == actor.department:
                raise SAME_DEPARTMENT.refusal({"role": self.name, "other": taken.step})
            if taken.step in self.not_person and taken.staff == actor.staff:
                raise SAME_PERSON.refusal({"role": self.name, "other": taken.step})

    def _is(self, asked: Asked, party: str) -> bool:
        return has_duties_of(asked.governance, asked.client.msp_id, party)


def has_duties_of(governance: Governance, caller: str, department: str) -> bool:
    """Return whether a caller's department is this one, or the one that has taken its place."""
    seen: set[str] = set()
    while department != caller:
        found = governance.department(department)
        if found is None or not found.successor or department in seen:
            return False
        seen.add(department)
        department = found.successor
    return True


@dataclass(frozen=True)
class MemberRole(Role):
    """A role of each department that the city's register has, and that has neither merged nor left.

    ```python
    CLERK = MemberRole("clerk", "窗口", attribute=("role", "clerk"))
    ```
    """

    @property
    def is_anybody(self) -> bool:
        """Whether every client of the channel has the role: its department must be registered."""
        return False

    def is_eligible(self, asked: Asked) -> bool:
        """Return whether the caller's department is registered and active."""
        found = asked.governance.department(asked.client.msp_id)
        return found is not None and found.state == ACTIVE and super().is_eligible(asked)


@dataclass(frozen=True)
class OrganisationRole(Role):
    """A role of organisations without a peer, such as banks and hospitals, by their social credit codes.

    The code is an attribute of a certificate from the CA of the department that the city's register names
    for that organisation.
    """

    @property
    def is_anybody(self) -> bool:
        """Whether every client of the channel has the role: its certificate must name an organisation."""
        return False

    def is_eligible(self, asked: Asked) -> bool:
        """Return whether the certificate names an organisation, and comes from the CA that certifies it."""
        uscc = asked.client.attribute(USCC_ATTRIBUTE)
        if uscc is None or not super().is_eligible(asked):
            return False
        return asked.governance.certifier(uscc) == asked.client.msp_id

    def party(self, asked: Asked, record: Any) -> str | None:
        """Return the code of the organisation for which the caller acts, None if the record names others."""
        uscc = asked.client.attribute(USCC_ATTRIBUTE)
        return uscc if self.of is None or uscc in self.parties(asked, record) else None


@dataclass(frozen=True)
class HolderRole(Role):
    """A role of anyone who holds a private key: `key` is the path of its public key on the record.

    If another record keeps the key, `of` is the path of its id and `kept_by` its type. The signature comes with
    the call, through the desk of any department, and counts once.
    """

    key: str = "public_key"
    kept_by: type[Record] | None = None

    @property
    def is_anybody(self) -> bool:
        """Whether every client of the channel has the role: a signature must come with the call."""
        return False

    def parties(self, asked: Asked, record: Any) -> tuple[str, ...]:
        """Return the holder, who has no name."""
        return (HOLDER,)

    def is_eligible(self, asked: Asked) -> bool:
        """Return whether a signature came with the call."""
        return asked.authorisation is not None

    def party(self, asked: Asked, record: Any) -> str | None:
        """Return the holder; refuses a signature that is wrong, late or used."""
        given = asked.authorisation
        if given is None:
            return None
        if self.kept_by is not None and isinstance(self.of, On):
            record = asked.need(self.kept_by, str(at_path(record, self.of.path)))
        message = asked.signed_bytes(given.not_after)
        clock = asked.governance.clock()
        require_authorised(given, str(at_path(record, self.key)), message, asked.session, clock)
        return HOLDER


ANYBODY = Role("anybody", "任何人")
"""The role that every client of the channel has."""


def read_actor(client: ClientIdentity) -> Actor:
    """Return who acts, for its department; refuses certificates of nodes and administrators."""
    found = units(client.certificate)
    if not is_client(found):
        raise UNIT.refusal({"units": ", ".join(sorted(found)) or "none"})
    return Actor(
        department=client.msp_id,
        staff=client.attribute(STAFF_ATTRIBUTE) or "",
        key=key_id(client.certificate),
        party=client.msp_id,
    )
