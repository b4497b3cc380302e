"""Organisations that commands add to a channel, from the files in which departments send them."""

from dataclasses import replace
from pathlib import Path

from pyfabric.admin.config.edits.draft import Section
from pyfabric.admin.config.model import OrganizationModel
from pyfabric.admin.config.sources import json_document, read_organization
from pyfabric.errors import ConfigError, FabricError
from pyfabric.identity.definition import MSPDefinition
from pyfabric.rules.policies.usual import member_policies, organization_policies


def find_organization(
    source: Path, section: Section, *, name: str | None, msp_id: str | None
) -> OrganizationModel:
    """Return an organisation with the usual policies, or with those that `configtxgen -printOrg` printed.

    Raises ConfigError that names the source, and IdentityError for an MSP folder that cannot be read.
    """
    if not source.is_dir() and _is_of_configtxgen(source):
        try:
            found = read_organization(source.read_bytes(), section)
        except FabricError as error:
            raise ConfigError(f"{source}: {error}") from error
    else:
        msp = _msp(source, section, msp_id)
        usual = member_policies if section == "application" else organization_policies
        found = OrganizationModel(name=msp.msp_id, msp=msp, policies=usual(msp.msp_id))
    return replace(found, name=name or found.name)


def find_msp(source: Path, section: Section, msp_id: str | None) -> MSPDefinition:
    """Return the definition of an MSP; raises what `find_organization` raises."""
    return find_organization(source, section, name=None, msp_id=msp_id).msp


def _msp(source: Path, section: Section, msp_id: str | None) -> MSPDefinition:
    if source.is_dir():
        if msp_id is None:
            raise ConfigError(f"{source}: an MSP folder does not name its MSP id: give --msp-id")
        return MSPDefinition.from_folder(source, msp_id)
    from pyfabric_network.members.public_checks import read_public_definition

    definition = read_public_definition(source)
    ordering = None if definition.ordering is None else definition.ordering.msp
    found = definition.msp if section == "application" else ordering
    if found is None:
        what = "peers" if section == "application" else "orderers"
        raise ConfigError(f"{source}: {definition.department} has no {what}")
    return found


def _is_of_configtxgen(source: Path) -> bool:
    try:
        document = json_document(source.read_bytes())
    except ConfigError as error:
        raise ConfigError(f"{source}: {error}") from error
    if "department" not in document and "mod_policy" not in document:
        raise ConfigError(
            f"{source}: no organisation is in it: it must be a department's public definition, or what "
            "`configtxgen -printOrg` prints"
        )
    return "mod_policy" in document
