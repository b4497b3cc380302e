"""Configuration updates: the rules one by one, with Fabric's texts."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any

import pytest
from fabric_protos.common import common_pb2, configtx_pb2

from pyfabric.admin.config.update import compute_update, config_signature, signature_header
from pyfabric.errors import ConfigError
from pyfabric.identity.definition_messages import definition_to_config
from pyfabric.identity.signing import SigningIdentity
from pyfabric.messages.envelopes import channel_header
from pyfabric.rules.configuration import update as config_update
from pyfabric.rules.configuration.channel_config import ChannelConfig
from pyfabric.rules.configuration.elements import assemble, elements
from pyfabric.rules.configuration.succession import check_peer_support, successor
from tests.support.ledger.ordering import Council

COUNCIL = Council(1, bft=False, departments=("Land", "Water", "Roads"))
BEFORE = ChannelConfig.from_block(COUNCIL.genesis())
CHANNEL = BEFORE.channel_id
UNREADABLE = "proto: cannot parse invalid wire-format data"
ADMINS = [one.admin for one in COUNCIL.departments]
Change = Callable[[configtx_pb2.Config], object]


def changed(change: Change) -> configtx_pb2.Config:
    """Return the configuration, changed."""
    config = configtx_pb2.Config()
    config.CopyFrom(BEFORE.raw)
    change(config)
    return config


def update(change: Change) -> configtx_pb2.ConfigUpdate:
    """Return the update that makes a change."""
    raw = compute_update(
        CHANNEL, BEFORE.raw.SerializeToString(), changed(change).SerializeToString()
    )
    return configtx_pb2.ConfigUpdate.FromString(raw)


def signature(signer: SigningIdentity, raw: bytes) -> configtx_pb2.ConfigSignature:
    header = signature_header(signer.serialized(), b"n" * 24)
    return configtx_pb2.ConfigSignature.FromString(
        config_signature(header, signer.sign(header + raw))
    )


def envelope(
    what: configtx_pb2.ConfigUpdate | bytes, signers: Sequence[SigningIdentity] = ADMINS
) -> common_pb2.Envelope:
    """Return an envelope with an update and its signatures; nobody's signature is around it."""
    raw = what if isinstance(what, bytes) else what.SerializeToString()
    signed = configtx_pb2.ConfigUpdateEnvelope(
        config_update=raw, signatures=[signature(one, raw) for one in signers]
    )
    return wrapped(signed.SerializeToString())


def wrapped(data: bytes, kind: int = common_pb2.HeaderType.CONFIG_UPDATE) -> common_pb2.Envelope:
    header = channel_header(kind, CHANNEL, datetime.now(UTC))
    payload = common_pb2.Payload(header=common_pb2.Header(channel_header=header), data=data)
    return common_pb2.Envelope(payload=payload.SerializeToString())


def refusal(what: common_pb2.Envelope) -> str:
    with pytest.raises(ConfigError) as caught:
        config_update.propose(BEFORE, what)
    return str(caught.value)


def application(config: configtx_pb2.Config | configtx_pb2.ConfigUpdate) -> Any:
    group = config.channel_group if isinstance(config, configtx_pb2.Config) else config.write_set
    return group.groups["Application"]


def set_policy(config: configtx_pb2.Config) -> None:
    group = application(config)
    group.policies["Fresh"].CopyFrom(group.policies["Readers"])


def drop_policy(config: configtx_pb2.Config) -> None:
    del application(config).policies["LifecycleEndorsement"]


@pytest.mark.parametrize("change", [set_policy, drop_policy])
def test_a_good_update_makes_the_wanted_configuration(change: Change) -> None:
    made = config_update.propose(BEFORE, envelope(update(change)))
    assert made.config.sequence == 1
    expected = changed(change).channel_group
    expected.groups["Application"].version = 1
    assert made.config.channel_group == expected
    config_update.validate(BEFORE, made)
    after = successor(BEFORE, made.config)
    assert after.sequence == 1


def test_peers_take_only_what_the_update_makes() -> None:
    made = config_update.propose(BEFORE, envelope(update(set_policy)))
    for spoil, text in (
        (lambda one: one.ClearField("config"), "config envelope has nil config"),
        (
            lambda one: setattr(one.config, "sequence", 3),
            "config currently at sequence 0, cannot validate config at sequence 3",
        ),
        (
            lambda one: setattr(one.config.channel_group, "version", 3),
            "ConfigEnvelope LastUpdate did not produce the supplied config result",
        ),
        (lambda one: one.ClearField("last_update"), "envelope must have a Header"),
    ):
        other = configtx_pb2.ConfigEnvelope()
        other.CopyFrom(made)
        spoil(other)
        with pytest.raises(ConfigError) as caught:
            config_update.validate(BEFORE, other)
        assert str(caught.value) == text


@pytest.mark.parametrize(
    ("what", "text"),
    [
        (common_pb2.Envelope(payload=b"\xff"), f"error unmarshalling Payload: {UNREADABLE}"),
        (common_pb2.Envelope(), "envelope must have a Header"),
        (
            common_pb2.Envelope(
                payload=common_pb2.Payload(
                    header=common_pb2.Header(channel_header=b"\xff")
                ).SerializeToString()
            ),
            f"error unmarshalling ChannelHeader: {UNREADABLE}",
        ),
        (wrapped(b"", 1), "invalid type CONFIG, expected CONFIG_UPDATE"),
        (wrapped(b"", 77), "invalid type 77, expected CONFIG_UPDATE"),
        (
            wrapped(b"\xff"),
            f"error unmarshalling message for type CONFIG_UPDATE: {UNREADABLE}",
        ),
    ],
)
def test_envelopes_without_an_update(what: common_pb2.Envelope, text: str) -> None:
    assert refusal(what) == f"error converting envelope to config update: {text}"


def spoiled(spoil: Callable[[configtx_pb2.ConfigUpdate], object]) -> configtx_pb2.ConfigUpdate:
    made = update(set_policy)
    spoil(made)
    return made


def name_a_policy_badly(made: configtx_pb2.ConfigUpdate) -> None:
    group = application(made)
    group.policies["a/b"].CopyFrom(group.policies["Fresh"])


def read_a_bad_name(made: configtx_pb2.ConfigUpdate) -> None:
    made.read_set.groups["a b"].version = 1


@pytest.mark.parametrize(
    ("what", "text"),
    [
        (b"\xff", UNREADABLE),
        (
            spoiled(lambda made: setattr(made, "channel_id", "other")),
            f"ConfigUpdate for channel 'other' but envelope for channel '{CHANNEL}'",
        ),
        (
            spoiled(read_a_bad_name),
            (
                "error mapping ReadSet: illegal characters in key: [Group]  : config ID 'a b' contains "
                "illegal characters"
            ),
        ),
        (
            spoiled(name_a_policy_badly),
            (
                "error mapping WriteSet: illegal characters in key: [Policy] : config ID 'a/b' contains "
                "illegal characters"
            ),
        ),
        (
            spoiled(lambda made: made.ClearField("write_set")),
            "error validating DeltaSet: delta set was empty -- update would have no effect",
        ),
        (
            spoiled(
                lambda made: setattr(
                    application(made).policies["Fresh"], "mod_policy", "/Channel//Admins"
                )
            ),
            (
                "error validating DeltaSet: invalid mod_policy for element [Policy] "
                "/Channel/Application/Fresh: path element at 1 is invalid: config ID illegal, cannot be "
                "empty"
            ),
        ),
        (
            spoiled(lambda made: made.ClearField("read_set")),
            # Without a read set, every group on the way counts as changed.
            "error validating DeltaSet: invalid mod_policy for element [Group]  /Channel: mod_policy not set",
        ),
        (
            spoiled(lambda made: made.read_set.groups["Moon"].SetInParent()),
            (
                "error validating ReadSet: existing config does not contain element for [Group]  "
                "/Channel/Moon but was in the read set"
            ),
        ),
        (
            spoiled(lambda made: setattr(made.read_set, "version", 4)),
            (
                "error validating ReadSet: proposed update requires that key [Group]  /Channel be at "
                "version 4, but it is currently at version 0"
            ),
        ),
        (
            spoiled(lambda made: setattr(application(made).policies["Fresh"], "version", 5)),
            (
                "error validating DeltaSet: attempted to set key [Policy] /Channel/Application/Fresh to "
                "version 5, but key does not exist"
            ),
        ),
        (
            spoiled(lambda made: setattr(application(made), "version", 2)),
            (
                "error validating DeltaSet: attempt to set key [Group]  /Channel/Application to version "
                "2, but key is at version 0"
            ),
        ),
    ],
)
def test_updates_that_do_not_fit(what: configtx_pb2.ConfigUpdate | bytes, text: str) -> None:
    assert refusal(envelope(what)) == f"error authorizing update: {text}"


def test_a_signature_header_that_cannot_be_read() -> None:
    raw = update(set_policy).SerializeToString()
    signed = configtx_pb2.ConfigUpdateEnvelope(
        config_update=raw, signatures=[configtx_pb2.ConfigSignature(signature_header=b"\xff")]
    )
    found = refusal(wrapped(signed.SerializeToString()))
    assert found == f"error authorizing update: {UNREADABLE}"


def own_policies(config: configtx_pb2.Config) -> None:
    """Change a value under a policy of its group, of the root, or a missing one."""
    orderer = config.channel_group.groups["Orderer"].values
    orderer["BatchSize"].mod_policy = "/Channel/Application/Land/Admins"
    orderer["BatchTimeout"].mod_policy = "Nobody"
    orderer["ChannelRestrictions"].mod_policy = "/Elsewhere/Admins"


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("BatchSize", ""),
        ("BatchTimeout", "unexpected missing policy Nobody for item {key}"),
        ("ChannelRestrictions", "unexpected missing policy /Elsewhere/Admins for item {key}"),
        (
            "ConsensusType",
            (
                "policy for {key} not satisfied: implicit policy evaluation failed - 0 sub-policies were "
                "satisfied, but this policy requires 1 of the 'Admins' sub-policies to be satisfied"
            ),
        ),
    ],
)
def test_the_policy_of_an_element_says_who_may_change_it(value: str, text: str) -> None:
    before = ChannelConfig(changed(own_policies), channel_id=CHANNEL)

    def change(config: configtx_pb2.Config) -> None:
        config.channel_group.groups["Orderer"].values[value].mod_policy = "Writers"

    after = configtx_pb2.Config()
    after.CopyFrom(before.raw)
    change(after)
    raw = compute_update(CHANNEL, before.raw.SerializeToString(), after.SerializeToString())
    what = envelope(raw, [COUNCIL.departments[0].admin])
    if not text:
        assert config_update.propose(before, what).config.sequence == 1
        return
    with pytest.raises(ConfigError) as caught:
        config_update.propose(before, what)
    key = f"[Value]  /Channel/Orderer/{value}"
    assert str(caught.value) == (
        f"error authorizing update: error validating DeltaSet: {text.format(key=key)}"
    )


def test_unset_modification_policies_become_admins_where_orderers_have_capabilities() -> None:
    def forget(config: configtx_pb2.Config) -> None:
        config.channel_group.mod_policy = ""
        config.channel_group.values["HashingAlgorithm"].mod_policy = ""

    group = changed(forget).channel_group
    assert assemble(elements(group)) == BEFORE.raw.channel_group
    for one in (group, group.groups["Application"], group.groups["Orderer"]):
        del one.values["Capabilities"]
    assert assemble(elements(group)) == group


def capability(level: str, name: str) -> Change:
    def change(config: configtx_pb2.Config) -> None:
        group = config.channel_group.groups[level] if level else config.channel_group
        raw = b"\x0a" + bytes([len(name) + 4, 0x0A, len(name)]) + name.encode() + b"\x12\x00"
        group.values["Capabilities"].value += raw

    return change


def remove_group(name: str) -> Change:
    return lambda config: config.channel_group.groups.pop(name)


def add_consortiums(config: configtx_pb2.Config) -> None:
    config.channel_group.groups["Consortiums"].mod_policy = "Admins"


def rename_msp(section: str, name: str) -> Change:
    def change(config: configtx_pb2.Config) -> None:
        value = config.channel_group.groups[section].groups[name].values["MSP"]
        other = Council(1, bft=False, departments=("Sky",))
        value.value = definition_to_config(other.departments[0].definition).SerializeToString()

    return change


@pytest.mark.parametrize(
    ("change", "text"),
    [
        (
            remove_group("Orderer"),
            "config update is not compatible: config does not contain orderer config",
        ),
        (
            remove_group("Application"),
            "current config has application section, but new config does not",
        ),
        (
            add_consortiums,
            "current config has no consortiums section, but new config does",
        ),
        (
            capability("Orderer", "V9_9"),
            (
                "config update is not compatible: config requires unsupported orderer capabilities: "
                "Orderer capability V9_9 is required but not supported: Orderer capability V9_9 is "
                "required but not supported"
            ),
        ),
        (
            capability("", "V9_9"),
            (
                "config update is not compatible: config requires unsupported channel capabilities: "
                "Channel capability V9_9 is required but not supported: Channel capability V9_9 is "
                "required but not supported"
            ),
        ),
        (
            rename_msp("Application", "Land"),
            "application org Land attempted to change MSP ID from LandMSP to SkyMSP",
        ),
        (
            rename_msp("Orderer", "Ordering"),
            "orderer org Ordering attempted to change MSP ID from OrderingMSP to SkyMSP",
        ),
    ],
)
def test_configurations_that_may_not_follow(change: Change, text: str) -> None:
    with pytest.raises(ConfigError) as caught:
        successor(BEFORE, changed(change))
    assert str(caught.value) == text


def test_an_organisation_may_go() -> None:
    def change(config: configtx_pb2.Config) -> None:
        del config.channel_group.groups["Application"].groups["Roads"]

    assert set(successor(BEFORE, changed(change)).application_organizations) == {
        "LandMSP",
        "WaterMSP",
    }


def test_old_channels_never_change_their_consensus() -> None:
    def change(config: configtx_pb2.Config) -> None:
        value = config.channel_group.groups["Orderer"].values["ConsensusType"]
        value.value = value.value.replace(b"etcdraft", b"whatever")

    old = ChannelConfig(BEFORE.raw, channel_id=CHANNEL)
    old.capabilities = type(old.capabilities)(
        frozenset({"V1_1"}), old.capabilities.orderer, old.capabilities.application
    )
    with pytest.raises(ConfigError) as caught:
        successor(old, changed(change))
    assert str(caught.value) == "attempted to change consensus type from etcdraft to whatever"


def test_capabilities_with_which_peers_would_stop() -> None:
    check_peer_support(BEFORE)
    with pytest.raises(ConfigError) as caught:
        check_peer_support(
            ChannelConfig(changed(capability("Application", "V9_9")), channel_id=CHANNEL)
        )
    assert str(caught.value) == "Application capability V9_9 is required but not supported"
