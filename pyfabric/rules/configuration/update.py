"""An update of a channel's configuration: whether it may be made, and the configuration after it.

Source: common/configtx of Fabric 3.1; texts are Fabric's. Elements are looked at in the order of their keys,
where Fabric's order changes from run to run: of several faults it may name another one.
"""

from collections.abc import Callable

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
    delta = read_delta(config, update.config_update)
    signed = signed_data(update)

    def check(key: str, existing: Element) -> None:
        try:
            modification_policy(config, key, existing).evaluate(signed)
        except PolicyError as error:
            raise ConfigError(f"policy for {key} not satisfied: {error}") from error

    return apply_delta(config, delta, check)


def read_delta(config: ChannelConfig, update: bytes) -> Elements:
    """Return the elements that an update (bytes of common.ConfigUpdate) sets, by their keys in order.

    Raises ConfigError when it is another channel's, or what it was computed from has changed.
    """
    change = _read_change(config, update)
    read_set = _set(change, "read_set", "ReadSet")
    for fault in _read_faults(config.elements, read_set).values():
        raise ConfigError(f"error validating ReadSet: {fault}")
    return _delta(read_set, _set(change, "write_set", "WriteSet"))


def apply_delta(
    config: ChannelConfig, delta: Elements, check: Callable[[str, Element], object]
) -> Elements:
    """Return the elements after an update sets some of them; raises ConfigError when it may not.

    `check` is asked about each existing element that is set, by its key, and raises ConfigError to refuse.
    """
    try:
        _check_delta(config, delta, check)
    except ConfigError as error:
        raise ConfigError(f"error validating DeltaSet: {error}") from error
    return {**config.elements, **delta}


def outdated(config: ChannelConfig, update: bytes) -> tuple[str, ...]:
    """Return a text for each element that an update builds on and that is not there any more as it was.

    Such an update is void: nothing that happens later makes it fit again. Raises ConfigError for an update that cannot
    be read, or of another channel.
    """
    change = _read_change(config, update)
    read_set = _set(change, "read_set", "ReadSet")
    found = _read_faults(config.elements, read_set)
    for key, element in _delta(read_set, _set(change, "write_set", "WriteSet")).items():
        fault = _version_fault(key, config.elements.get(key), element)
        if fault:
            found.setdefault(key, fault)
    return tuple(found.values())


def modification_policy(config: ChannelConfig, key: str, existing: Element) -> Policy:
    """Return the policy of those who may change an element; raises ConfigError if it does not exist."""
    policy = config.policy(existing.mod_policy_path)
    if isinstance(policy, MissingPolicy):
        raise ConfigError(f"unexpected missing policy {existing.mod_policy} for item {key}")
    return policy


def signed_data(update: configtx_pb2.ConfigUpdateEnvelope) -> list[SignedData]:
    """Return what each signer of an update has signed; raises ConfigError."""
    return [
        SignedData(
            one.signature_header + update.config_update,
            decode(common_pb2.SignatureHeader, one.signature_header, ConfigError, "").creator,
            one.signature,
        )
        for one in update.signatures
    ]


def _read_change(config: ChannelConfig, update: bytes) -> configtx_pb2.ConfigUpdate:
    change = decode(configtx_pb2.ConfigUpdate, update, ConfigError, "")
    if change.channel_id != config.channel_id:
        raise ConfigError(
            f"ConfigUpdate for channel '{change.channel_id}' but envelope for channel "
            f"'{config.channel_id}'"
        )
    return change


def _set(change: configtx_pb2.ConfigUpdate, field: str, name: str) -> Elements:
    if not change.HasField(field):
        return {}
    try:
        return elements(getattr(change, field))
    except ConfigError as error:
        raise ConfigError(f"error mapping {name}: {error}") from error


def _delta(read_set: Elements, write_set: Elements) -> Elements:
    return {
        key: element
        for key, element in sorted(write_set.items())
        if key not in read_set or read_set[key].version != element.version
    }


def _read_faults(existing: Elements, read_set: Elements) -> dict[str, str]:
    """Return a text for each element that is not as an update has read it, by its key in order."""
    found = {}
    for key, element in sorted(read_set.items()):
        if key not in existing:
            found[key] = (
                f"existing config does not contain element for {key} but was in the read set"
            )
        elif existing[key].version != element.version:
            found[key] = (
                f"proposed update requires that key {key} be at version {element.version}, but it is "
                f"currently at version {existing[key].version}"
            )
    return found


def _check_delta(
    config: ChannelConfig, delta: Elements, check: Callable[[str, Element], object]
) -> None:
    if not delta:
        raise ConfigError("delta set was empty -- update would have no effect")
    for key, element in delta.items():
        try:
            _check_mod_policy(element.mod_policy)
        except ConfigError as error:
            raise ConfigError(f"invalid mod_policy for element {key}: {error}") from error
        existing = config.elements.get(key)
        fault = _version_fault(key, existing, element)
        if fault:
            raise ConfigError(fault)
        if existing is not None:
            check(key, existing)


def _version_fault(key: str, existing: Element | None, element: Element) -> str:
    if existing is None:
        if element.version == 0:
            return ""
        return f"attempted to set key {key} to version {element.version}, but key does not exist"
    if element.version == existing.version + 1:
        return ""
    return (
        f"attempt to set key {key} to version {element.version}, but key is at version "
        f"{existing.version}"
    )


def _check_mod_policy(mod_policy: str) -> None:
    if not mod_policy:
        raise ConfigError("mod_policy not set")
    for position, name in enumerate(mod_policy.removeprefix("/").split("/")):
        try:
            check_name(name)
        except ConfigError as error:
            raise ConfigError(f"path element at {position} is invalid: {error}") from error
