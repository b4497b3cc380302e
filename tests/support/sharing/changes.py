"""Changes of a channel's configuration for tests of trust records."""

from dataclasses import replace

from fabric_protos.common import configtx_pb2, configuration_pb2

from pyfabric.admin import config_of_block
from pyfabric.identity.definition import MSPDefinition
from pyfabric.identity.definition_messages import definition_to_config
from tests.support.ledger.ordering import NOW, Council, Organization
from tests.support.rules.signed_chain import Chain, Edit


def defined(name: str, definition: MSPDefinition) -> Edit:
    """Return an edit of a department's MSP."""

    def edit(config: configtx_pb2.Config) -> None:
        value = config.channel_group.groups["Application"].groups[name].values["MSP"]
        value.value = definition_to_config(definition).SerializeToString()

    return edit


def revoking(department: Organization, certificate: bytes) -> Edit:
    """Return the edit by which a department revokes a certificate."""
    revoked = department.ca.revoke([certificate], now=NOW)
    return defined(department.name, replace(department.definition, revocation_lists=(revoked,)))


def capability(name: str, *path: str) -> Edit:
    """Return an edit that adds a capability to a group."""

    def edit(config: configtx_pb2.Config) -> None:
        group = config.channel_group
        for one in path:
            group = group.groups[one]
        found = configuration_pb2.Capabilities.FromString(group.values["Capabilities"].value)
        found.capabilities[name].SetInParent()
        group.values["Capabilities"].value = found.SerializeToString(deterministic=True)

    return edit


def move_to_bft(chain: Chain) -> None:
    """Add the configuration by which the chain's orderers go over to BFT, and have them sign as such afterwards."""
    council: Council = chain.council
    council.bft = True
    model = configtx_pb2.Config.FromString(config_of_block(council.genesis().SerializeToString()))
    council.bft = False

    def edit(config: configtx_pb2.Config) -> None:
        group, wanted = config.channel_group, model.channel_group
        group.values["Capabilities"].CopyFrom(wanted.values["Capabilities"])
        group.groups["Orderer"].CopyFrom(wanted.groups["Orderer"])

    chain.configure(edit)
    council.bft = True
