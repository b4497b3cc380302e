"""Configurations, updates and organisations in the forms in which people hold them: bytes of Fabric, or its JSON."""

import json
from typing import Any

from fabric_protos.common import common_pb2, configtx_pb2, configuration_pb2
from fabric_protos.msp import msp_config_pb2
from fabric_protos.peer import configuration_pb2 as peer_configuration_pb2

from pyfabric.admin.config.edits.draft import Section
from pyfabric.admin.config.groups import (
    application_organization_group,
    orderer_organization_group,
)
from pyfabric.admin.config.model import AnchorPeer, OrganizationModel
from pyfabric.admin.config.policies import format_policy
from pyfabric.admin.config.values import get_value
from pyfabric.errors import ConfigError, DecodeError
from pyfabric.identity.definition_messages import definition_from_config
from pyfabric.messages.config_blocks import config_from_block
from pyfabric.messages.decoding import decode
from pyfabric.messages.translation.configuration import (
    APPLICATION_ORGANIZATION,
    ORDERER_ORGANIZATION,
)
from pyfabric.messages.translation.encoding import from_json

_FORMS = "a configuration block, a configuration (common.Config), or configtxlator's JSON of either"


def read_config(data: bytes) -> tuple[str, bytes]:
    """Return the channel and the configuration (bytes of common.Config) of a file that holds one.

    It is a configuration block, a configuration, or configtxlator's JSON of either. The channel is empty
    where the file does not name it. Raises ConfigError for anything else.
    """
    message = _from_json(data) if data.lstrip()[:1] == b"{" else _from_bytes(data)
    if isinstance(message, common_pb2.Block):
        channel, config = config_from_block(message)
    else:
        channel, config = "", message
    if not config.channel_group.groups:
        raise ConfigError(f"no configuration is in it: it must be {_FORMS}")
    return channel, config.SerializeToString(deterministic=True)


def read_organization(data: bytes, section: Section) -> OrganizationModel:
    """Return an organisation from the JSON that `configtxgen -printOrg` prints; it is named by its MSP id.

    Raises ConfigError for other JSON, and for one that says more than the model
    of an organisation can hold: another mod_policy, or a policy without a rule.
    """
    role = APPLICATION_ORGANIZATION if section == "application" else ORDERER_ORGANIZATION
    try:
        group = from_json(configtx_pb2.ConfigGroup, json_document(data), role=role)
    except DecodeError as error:
        raise ConfigError(f"not what configtxgen -printOrg prints: {error}") from error
    anchors = get_value(group, "AnchorPeers", peer_configuration_pb2.AnchorPeers).anchor_peers
    endpoints = get_value(group, "Endpoints", configuration_pb2.OrdererAddresses).addresses
    msp = definition_from_config(get_value(group, "MSP", msp_config_pb2.MSPConfig))
    model = OrganizationModel(
        name=msp.msp_id,
        msp=msp,
        policies={key: format_policy(one.policy) for key, one in group.policies.items()},
        anchor_peers=tuple(AnchorPeer(one.host, one.port) for one in anchors),
        endpoints=tuple(endpoints),
    )
    made = (
        application_organization_group(model)
        if section == "application"
        else orderer_organization_group(model, v3=False)
    )
    if made != group:
        raise ConfigError(
            f"the organisation {msp.msp_id} cannot be added as it is: it has a mod_policy other than Admins, or "
            "values that no organisation of this section has; add it with a JSON patch"
        )
    return model


def _from_bytes(data: bytes) -> common_pb2.Block | configtx_pb2.Config:
    try:
        block = decode(common_pb2.Block, data)
        # The fields of common.Config have the same numbers, and other types: as a block it has no header.
        return block if block.HasField("header") else decode(configtx_pb2.Config, data)
    except DecodeError as error:
        raise ConfigError(f"no configuration is in it: it must be {_FORMS}") from error


def _from_json(data: bytes) -> common_pb2.Block | configtx_pb2.Config:
    document = json_document(data)
    try:
        if "channel_group" in document:
            return from_json(configtx_pb2.Config, document)
        return from_json(common_pb2.Block, document)
    except DecodeError as error:
        raise ConfigError(f"no configuration is in it: {error}") from error


def json_document(data: bytes) -> dict[str, Any]:
    """Return the object in a JSON text; raises ConfigError."""
    try:
        found = json.loads(data)
    except ValueError as error:
        raise ConfigError(f"not JSON: {error}") from error
    if not isinstance(found, dict):
        raise ConfigError("not a JSON object")
    return found
