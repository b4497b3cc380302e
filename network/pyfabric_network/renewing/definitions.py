"""An organisation's public definition while its CAs are replaced: with new ones beside the old, then without these. Pure."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace
from typing import Any, Final

from pyfabric.identity import pem
from pyfabric.identity.definition import MSPDefinition, NodeUnits, OrganizationalUnit

_PARTS: Final = (
    "root_certificates",
    "intermediate_certificates",
    "tls_root_certificates",
)


@dataclass(frozen=True, slots=True)
class Authorities:
    """CAs of an organisation (PEM), by what its definition has them for."""

    root_certificates: tuple[bytes, ...] = ()
    intermediate_certificates: tuple[bytes, ...] = ()
    tls_root_certificates: tuple[bytes, ...] = ()

    def all(self) -> tuple[bytes, ...]:
        """Return all of them."""
        return tuple(one for part in _PARTS for one in getattr(self, part))


def trusting(definition: MSPDefinition, new: Authorities) -> MSPDefinition:
    """Return a definition that accepts what new CAs issue, besides all that it accepts already.

    A node unit that names one CA would refuse what another one issues: it names none then, which is every CA of the MSP.
    An organisational unit that names a CA which is replaced is there once more, with the new one.
    """
    added: dict[str, Any] = {
        part: (*getattr(definition, part), *_missing(getattr(new, part), getattr(definition, part)))
        for part in _PARTS
    }
    if all(added[part] == getattr(definition, part) for part in _PARTS):
        return definition
    changed = replace(definition, **added)
    issuers = new.intermediate_certificates or new.root_certificates
    if not _missing(
        issuers, (*definition.root_certificates, *definition.intermediate_certificates)
    ):
        return changed
    return replace(
        changed,
        node_units=definition.node_units and _of_any_authority(definition.node_units),
        organizational_units=_also_of(definition.organizational_units, issuers),
    )


def without(definition: MSPDefinition, former: Collection[bytes]) -> MSPDefinition:
    """Return a definition that accepts nothing any more that only these CAs have issued."""
    gone = {pem.find(one) for one in former}

    def stays(certificate: bytes | None) -> bool:
        return certificate is None or pem.find(certificate) not in gone

    kept: dict[str, Any] = {
        part: tuple(filter(stays, getattr(definition, part))) for part in _PARTS
    }
    units = tuple(one for one in definition.organizational_units if stays(one.certificate))
    return replace(definition, **kept, organizational_units=units)


def named_authorities(definition: MSPDefinition) -> tuple[bytes, ...]:
    """Return the CAs (PEM) that node units name: they refuse what every other CA issues."""
    units = definition.node_units
    named = () if units is None else units.by_role().values()
    return tuple(dict.fromkeys(one.certificate for one in named if one.certificate is not None))


def _missing(these: Iterable[bytes], among: Iterable[bytes]) -> tuple[bytes, ...]:
    known = {pem.find(one) for one in among}
    return tuple(one for one in these if pem.find(one) not in known)


def _of_any_authority(units: NodeUnits) -> NodeUnits:
    freed: dict[str, Any] = {
        role: replace(unit, certificate=None) for role, unit in units.by_role().items()
    }
    return replace(units, **freed)


def _also_of(
    units: tuple[OrganizationalUnit, ...], issuers: Collection[bytes]
) -> tuple[OrganizationalUnit, ...]:
    """Return units, each that names a CA also with the new issuers."""
    found = dict.fromkeys(units)
    for unit in units:
        if unit.certificate is not None:
            found |= dict.fromkeys(replace(unit, certificate=one) for one in issuers)
    return tuple(found)
