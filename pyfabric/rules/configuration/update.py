"""An update of a channel's configuration: whether it may be made, and the configuration after it.

Source: common/configtx of Fabric 3.1; texts are Fabric's. Elements are looked at in the order of their keys,
where Fabric's order changes from run to run: of several faults it may name another one.
"""

from collections.abc import Sequence

from fabric_protos.common import common_pb2, configtx_pb2

from pyfabric.errors import ConfigError, PolicyError
from pyfabric.messages.decoding import decode
from pyfabric.messages.go_texts import enum_name
from pyfabric.messages.signatures import SignedData
from pyfabric.rules.configuration.channel_config import ChannelConfig
from pyfabric.rules.configuration.elements import Element, Elements, assemble, check_name, elements
from pyfabric.rules.policies.evaluation import MissingPolicy, Policy


def propose(config: ChannelConfig, envelope: common_pb2.Envelope) -> configtx_pb2.ConfigEnvelope:
    """Return the configuration that a signed CONFIG_UPDATE envelope makes of the one in force.

    Raises ConfigError when it cannot be read, does not fit the configuration's versions, or is not signed
    by those whom the modification policies name.
    """
    try:
        update = read_update(envelope)
    except ConfigError as error:
        raise ConfigError(f"error converting envelope to config update: {error}") from error
    try:
        found = authorize(config, update)
    except ConfigError as error:
        raise ConfigError(f"error authorizing update: {error}") from error
    return configtx_pb2.ConfigEnvelope(
        config=configtx_pb2.Config(sequence=config.sequence + 1, channel_group=assemble(found)),
        last_update=envelope,
    )


def validate(config: ChannelConfig, proposed: configtx_pb2.ConfigEnvelope) -> None:
    """Check as a peer that a configuration is what its update makes; raises ConfigError."""
    expected = config.sequence + 1
    if not proposed.HasField("config"):
        raise ConfigError("config envelope has nil config")
    if proposed.config.sequence != expected:
        raise ConfigError(
            f"config currently at sequence {config.sequence}, cannot validate config at sequence "
            f"{proposed.config.sequence}"
        )
    update = read_update(proposed.last_update)
    if assemble(authorize(config, update)) != proposed.config.channel_group:
        raise ConfigError("ConfigEnvelope LastUpdate did not produce the supplied config result")


def read_update(envelope: common_pb2.Envelope) -> configtx_pb2.ConfigUpdateEnvelope:
    """Return the signed update in an envelope of type CONFIG_UPDATE; raises ConfigError."""
    payload = decode(common_pb2.Payload, envelope.payload, ConfigError)
    if not payload.HasField("header"):
        raise ConfigError("envelope must have a Header")
    header = decode(common_pb2.ChannelHeader, payload.header.channel_header, ConfigError)
    expected = common_pb2.HeaderType.CONFIG_UPDATE
    if header.type != expected:
        name = enum_name(common_pb2.HeaderType.DESCRIPTOR, header.type)
        raise ConfigError(f"invalid type {name}, expected CONFIG_UPDATE")
    return decode(
        configtx_pb2.ConfigUpdateEnvelope,
        payload.data,
        ConfigError,
        "error unmarshalling message for type CONFIG_UPDATE",
    )


def authorize(config: ChannelConfig, update: configtx_pb2.ConfigUpdateEnvelope) -> Elements:
    """Return the elements after a signed update; raises ConfigError when it may not be made."""
    change = decode(configtx_pb2.ConfigUpdate, update.config_update, ConfigError, "")
    if change.channel_id != config.channel_id:
        raise ConfigError(
            f"ConfigUpdate for channel '{change.channel_id}' but envelope for channel "
            f"'{config.channel_id}'"
        )
    read_set = _set(change, "read_set", "ReadSet")
    try:
        _check_read_set(config.elements, read_set)
    except ConfigError as error:
        raise ConfigError(f"error validating ReadSet: {error}") from error
    write_set = _set(change, "write_set", "WriteSet")
    delta = {
        key: element
        for key, element in sorted(write_set.items())
        if key not in read_set or read_set[key].version != element.version
    }
    signed = signed_data(update)
    try:
        _check_delta(config, delta, signed)
    except ConfigError as error:
        raise ConfigError(f"error validating DeltaSet: {error}") from error
    return {**config.elements, **delta}


def _set(change: configtx_pb2.ConfigUpdate, field: str, name: str) -> Elements:
    if not change.HasField(field):
        return {}
    try:
        return elements(getattr(change, field))
    except ConfigError as error:
        raise ConfigError(f"error mapping {name}: {error}") from error


def _check_read_set(existing: Elements, read_set: Elements) -> None:
    for key, element in sorted(read_set.items()):
        if key not in existing:
            raise ConfigError(
                f"existing config does not contain element for {key} but was in the read set"
            )
        if existing[key].version != element.version:
            raise ConfigError(
                f"proposed update requires that key {key} be at version {element.version}, but it is "
                f"currently at version {existing[key].version}"
            )


def _check_delta(config: ChannelConfig, delta: Elements, signed: Sequence[SignedData]) -> None:
    if not delta:
        raise ConfigError("delta set was empty -- update would have no effect")
    for key, element in delta.items():
        try:
            _check_mod_policy(element.mod_policy)
        except ConfigError as error:
            raise ConfigError(f"invalid mod_policy for element {key}: {error}") from error
        existing = config.elements.get(key)
        if existing is not None:
            _check_change(config, key, existing, element, signed)
        elif element.version != 0:
            raise ConfigError(
                f"attempted to set key {key} to version {element.version}, but key does not exist"
            )


def _check_change(
    config: ChannelConfig,
    key: str,
    existing: Element,
    element: Element,
    signed: Sequence[SignedData],
) -> None:
    if element.version != existing.version + 1:
        raise ConfigError(
            f"attempt to set key {key} to version {element.version}, but key is at version "
            f"{existing.version}"
        )
    policy = _policy(config, existing)
    if isinstance(policy, MissingPolicy):
        raise ConfigError(f"unexpected missing policy {existing.mod_policy} for item {key}")
    try:
        policy.evaluate(signed)
    except PolicyError as error:
        raise ConfigError(f"policy for {key} not satisfied: {error}") from error


def _policy(config: ChannelConfig, element: Element) -> Policy:
    if element.mod_policy.startswith("/"):
        return config.policy(element.mod_policy)
    return config.policies(element.groups[1:]).get(element.mod_policy)


def _check_mod_policy(mod_policy: str) -> None:
    if not mod_policy:
        raise ConfigError("mod_policy not set")
    for position, name in enumerate(mod_policy.removeprefix("/").split("/")):
        try:
            check_name(name)
        except ConfigError as error:
            raise ConfigError(f"path element at {position} is invalid: {error}") from error


def signed_data(update: configtx_pb2.ConfigUpdateEnvelope) -> list[SignedData]:
    """Return who is said to have signed an update, with what was signed; raises ConfigError."""
    return [
        SignedData(
            one.signature_header + update.config_update,
            decode(common_pb2.SignatureHeader, one.signature_header, ConfigError, "").creator,
            one.signature,
        )
        for one in update.signatures
    ]
