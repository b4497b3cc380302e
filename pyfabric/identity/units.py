"""Rules on organizational units: who must carry which OU, and which role an OU gives."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from fabric_protos.msp import msp_principal_pb2

from pyfabric.errors import IdentityError
from pyfabric.identity.definition import MSPDefinition, OrganizationalUnit
from pyfabric.identity.trust import Authorities, go_bytes

Role = msp_principal_pb2.MSPRole

_ROLES: Final = {
    "client": Role.CLIENT,
    "peer": Role.PEER,
    "admin": Role.ADMIN,
    "orderer": Role.ORDERER,
}


@dataclass(frozen=True, slots=True)
class Unit:
    """An OU, and the chain identifier of the CA that vouches for it (empty in a rule: any CA)."""

    name: str
    issuer: bytes


def units_text(units: Sequence[Unit]) -> str:
    """Return OUs as Fabric's errors list them: `[client(BB44CC5D6288B941)]`."""
    return f"[{' '.join(f'{unit.name}({unit.issuer[:8].hex().upper()})' for unit in units)}]"


class UnitRules:
    """The OU rules of one MSP; raises IdentityError if a rule names a CA that is not the MSP's."""

    def __init__(self, definition: MSPDefinition, authorities: Authorities) -> None:
        self._msp_id = definition.msp_id
        self._required = frozenset(
            _required_unit(unit, authorities) for unit in definition.organizational_units
        )
        node_units = definition.node_units
        by_role = {} if node_units is None else node_units.by_role()
        self._roles: Mapping[int, Unit] = {
            _ROLES[name]: _rule(unit, authorities) for name, unit in by_role.items()
        }
        self.enforced = node_units is not None and node_units.enabled and bool(self._roles)

    @property
    def admins_by_unit(self) -> bool:
        """Whether an OU can make somebody an admin."""
        return self.gives(Role.ADMIN)

    def gives(self, role: Role.MSPRoleType) -> bool:
        """Return whether an OU can give this role."""
        return self.enforced and role in self._roles

    def check(self, units: Sequence[Unit]) -> None:
        """Raise IdentityError unless these OUs fit: one that is asked for, and exactly one role."""
        if self._required and not self._required.intersection(units):
            if not units:
                raise IdentityError(
                    "the identity certificate does not contain an Organizational Unit (OU)"
                )
            raise IdentityError(
                f"none of the identity's organizational units {units_text(units)} "
                f"are in MSP {self._msp_id}"
            )
        if self.enforced:
            self._check_one_role(units)

    def _check_one_role(self, units: Sequence[Unit]) -> None:
        # Two roles may share a name: the last of client, peer, admin, orderer then names the CA.
        rules = {rule.name: rule for rule in self._roles.values()}
        count = 0
        for unit in units:
            rule = rules.get(unit.name)
            if rule is None:
                continue
            if rule.issuer and rule.issuer != unit.issuer:
                raise IdentityError(
                    "certifiersIdentifier does not match: "
                    f"{units_text(units)}, MSP: [{self._msp_id}]"
                )
            count += 1
            if count > 1:
                break
        listed = f"OUs: {units_text(units)}, MSP: [{self._msp_id}]"
        if count == 0:
            raise IdentityError(
                "the identity does not have an OU that resolves to client, peer, orderer, or "
                f"admin role. {listed}"
            )
        if count > 1:
            raise IdentityError(
                "the identity must have a client, a peer, an orderer, or an admin OU role to be "
                f"valid, not a combination of them. {listed}"
            )

    def check_role(self, units: Sequence[Unit], role: Role.MSPRoleType) -> None:
        """Raise IdentityError unless one of the OUs gives the role."""
        if not self.enforced:
            raise IdentityError("NodeOUs not activated. Cannot tell apart identities.")
        name = Role.MSPRoleType.Name(role)
        rule = self._roles.get(role)
        if rule is None:
            raise IdentityError(
                f"cannot test for classification, node ou for type [{name}], not defined, "
                f"msp: [{self._msp_id}]"
            )
        if not any(unit.name == rule.name for unit in units):
            raise IdentityError(f"The identity does not contain OU [{name}], MSP: [{self._msp_id}]")


def _required_unit(unit: OrganizationalUnit, authorities: Authorities) -> Unit:
    try:
        return Unit(unit.name, authorities.issuer_identifier(unit.certificate or b""))
    except IdentityError as error:
        raise IdentityError(
            f"failed getting certificate for [{unit.name} {go_bytes(unit.certificate or b'')}]: "
            f"{error}"
        ) from error


def _rule(unit: OrganizationalUnit, authorities: Authorities) -> Unit:
    issuer = b"" if unit.certificate is None else authorities.issuer_identifier(unit.certificate)
    return Unit(unit.name, issuer)
