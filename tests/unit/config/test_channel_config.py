"""A channel's configuration: its content, and Fabric's texts for what is refused."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from fabric_protos.common import configtx_pb2, configuration_pb2, policies_pb2
from fabric_protos.msp import msp_config_pb2
from fabric_protos.orderer import configuration_pb2 as orderer_configuration_pb2
from fabric_protos.peer import configuration_pb2 as peer_configuration_pb2
from google.protobuf.message import Message

from pyfabric.errors import ConfigError, PolicyError
from pyfabric.messages.blocks import parse_block
from pyfabric.messages.config_blocks import config_from_block
from pyfabric.rules.configuration.channel_config import (
    BatchSettings,
    ChannelConfig,
    OrganizationInfo,
    validate_channel_id,
)
from tests.conftest import ROOT

GENESIS = ROOT / "tests" / "vectors" / "1-genesis"
Change = Callable[[configtx_pb2.ConfigGroup], None]


def raw(case: str = "custom-policies-acls") -> tuple[str, configtx_pb2.Config]:
    return config_from_block(parse_block((GENESIS / case / "genesis.block").read_bytes()))


def config(case: str = "custom-policies-acls") -> ChannelConfig:
    name, message = raw(case)
    return ChannelConfig(message, channel_id=name)


def test_settings() -> None:
    read = config()
    assert read.channel_id == "governance"
    assert read.batch == BatchSettings(1, 99 * 1024 * 1024, 512 * 1024, 90.0)
    assert read.capabilities.channel == {"V2_0"}
    assert read.capabilities.orderer == {"V2_0"}
    assert read.capabilities.application == {"V2_5"}
    assert read.consensus_type == "etcdraft"
    assert [(one.host, one.port) for one in read.consenters] == [("orderer1.ord.uni.test", 7051)]
    assert read.orderer_addresses == ("127.0.0.1:7051",)
    assert sorted(read.msp_manager.msps) == ["ArchiveMSP", "Dean-Office.MSP", "Labs.MSP", "OrdMSP"]


def test_the_tls_authorities_of_its_members() -> None:
    name, message = raw("msp-variety")
    for invalid in ("Ou", "Part"):  # their administrators
        del message.channel_group.groups["Application"].groups[invalid]
    read = ChannelConfig(message, channel_id=name)

    def files(*names: str) -> set[bytes]:
        folders = [GENESIS / "msp-variety" / "msp" / one for one in names]
        return {file.read_bytes() for folder in folders for file in folder.glob("tls*certs/*.pem")}

    members = read.tls_authorities(read.application_organizations)
    assert len(members) == 3  # one is an intermediate CA
    assert set(members) == files("Chain", "Plain")
    everybody = read.tls_authorities(read.application_organizations, read.orderer_organizations)
    assert set(everybody) == files("Chain", "Plain", "Ord")


def test_acls_lead_to_whole_paths() -> None:
    assert config().acls == {
        "_lifecycle/CommitChaincodeDefinition": "/Channel/Application/Dean/Admins",
        "cscc/GetChannelConfig": "/Channel/Readers",
        "event/Block": "/Channel/Application/Readers",
        "made/up/Resource": "/Channel/Application/Auditors",
        "peer/Propose": "/Channel/Application/Admins",
        "qscc/GetChainInfo": "/Channel/Application/Auditors",
    }


def test_members_by_msp_id() -> None:
    read = config("five-departments-raft3")
    assert read.orderer_organizations["RegistryOrderers"] == OrganizationInfo(
        "Registry",
        "RegistryOrderers",
        endpoints=tuple(f"orderer{n}.registry.uni.test:705{n}" for n in (1, 2, 3)),
    )
    assert read.application_organizations["PhysicsDept"] == OrganizationInfo(
        "Physics",
        "PhysicsDept",
        anchor_peers=("peer0.physics.uni.test:9050", "peer1.physics.uni.test:9150"),
    )
    assert len(read.application_organizations) == 5
    assert len(read.consenters) == 3
    assert all(one.client_tls_certificate for one in read.consenters)


def test_bft_consenters_have_numbers_and_identities() -> None:
    read = config("bft4")
    assert read.consensus_type == "BFT"
    assert [(one.number, one.msp_id) for one in read.consenters] == [
        (n, f"Keeper{n}MSP") for n in (1, 2, 3, 4)
    ]
    assert all(b"BEGIN CERTIFICATE" in one.identity for one in read.consenters)


def test_a_policy_that_is_not_there_refuses() -> None:
    with pytest.raises(PolicyError, match="no such policy: 'Application/Nothing'"):
        config().policy("/Channel/Application/Nothing").evaluate([])
    with pytest.raises(PolicyError, match="0 sub-policies were satisfied"):
        config().policy("/Channel/Application/Writers").evaluate([])


def put(path: str, key: str, value: Message) -> Change:
    """Set one value of the group at `path` (names joined by dots)."""

    def change(root: configtx_pb2.ConfigGroup) -> None:
        group = root
        for name in filter(None, path.split("/")):
            group = group.groups[name]
        group.values[key].value = value.SerializeToString()

    return change


def drop(*keys: str) -> Change:
    def change(root: configtx_pb2.ConfigGroup) -> None:
        for key in keys:
            root.values.pop(key)

    return change


def add_group(path: str, name: str) -> Change:
    def change(root: configtx_pb2.ConfigGroup) -> None:
        group = root
        for part in filter(None, path.split("/")):
            group = group.groups[part]
        group.groups[name].mod_policy = "Admins"

    return change


def remove_application(root: configtx_pb2.ConfigGroup) -> None:
    root.groups.pop("Application")


def remove_orderer_capabilities(root: configtx_pb2.ConfigGroup) -> None:
    root.groups["Orderer"].values.pop("Capabilities")


def application_capabilities_alone(root: configtx_pb2.ConfigGroup) -> None:
    remove_orderer_capabilities(root)
    root.values.pop("Capabilities")


def second_version_of_an_msp(root: configtx_pb2.ConfigGroup) -> None:
    application = root.groups["Application"]
    value = msp_config_pb2.MSPConfig.FromString(application.groups["Dean"].values["MSP"].value)
    inner = msp_config_pb2.FabricMSPConfig.FromString(value.config)
    inner.tls_root_certs.append(inner.root_certs[0])
    value.config = inner.SerializeToString()
    application.groups["Labs"].values["MSP"].value = value.SerializeToString()


def no_msp_id(root: configtx_pb2.ConfigGroup) -> None:
    held = root.groups["Application"].groups["Dean"].values["MSP"]
    value = msp_config_pb2.MSPConfig.FromString(held.value)
    inner = msp_config_pb2.FabricMSPConfig.FromString(value.config)
    inner.name = ""
    value.config = inner.SerializeToString()
    held.value = value.SerializeToString()


def broken_policy(root: configtx_pb2.ConfigGroup) -> None:
    root.policies["Readers"].policy.type = 2


def silent_orderers(root: configtx_pb2.ConfigGroup) -> None:
    root.groups["Orderer"].groups["Ord"].values.pop("Endpoints")
    capabilities(["V3_0"])(root)


def capabilities(names: list[str]) -> Change:
    chosen = {name: configuration_pb2.Capability() for name in names}
    return put("", "Capabilities", configuration_pb2.Capabilities(capabilities=chosen))


def batch(count: int, absolute: int, preferred: int) -> Change:
    size = orderer_configuration_pb2.BatchSize(
        max_message_count=count, absolute_max_bytes=absolute, preferred_max_bytes=preferred
    )
    return put("Orderer", "BatchSize", size)


def timeout(text: str) -> Change:
    return put("Orderer", "BatchTimeout", orderer_configuration_pb2.BatchTimeout(timeout=text))


START = "initializing channelconfig failed: "
ORDERER = START + "could not create channel Orderer sub-group config: "
APPLICATION = START + "could not create channel Application sub-group config: "

REFUSED: list[tuple[str, Any, str]] = [
    ("no application", remove_application, "invalid config: must contain application config"),
    (
        "third group",
        add_group("", "Consortiums"),
        "contains consortiums: system channel not supported",
    ),
    (
        "no orderer capabilities",
        remove_orderer_capabilities,
        "cannot enable channel capabilities without orderer support first",
    ),
    (
        "application capabilities alone",
        application_capabilities_alone,
        "cannot enable application capabilities without orderer support first",
    ),
    (
        "hash",
        put("", "HashingAlgorithm", configuration_pb2.HashingAlgorithm(name="MD5")),
        START + "Unknown hashing algorithm type: MD5",
    ),
    (
        "width",
        put("", "BlockDataHashingStructure", configuration_pb2.BlockDataHashingStructure(width=4)),
        START + "BlockDataHashStructure width only supported at MaxUint32",
    ),
    ("old capabilities", drop("Capabilities"), START + "Must set some OrdererAddresses"),
    (
        "unknown key",
        put("", "Colour", configuration_pb2.Consortium()),
        START + "failed to deserialize values: Unexpected key Colour",
    ),
    (
        "unreadable value",
        lambda root: (
            root.groups["Orderer"]
            .values["BatchSize"]
            .MergeFrom(configtx_pb2.ConfigValue(value=b"\xff"))
        ),
        ORDERER + "failed to deserialize values: proto: cannot parse invalid wire-format data",
    ),
    ("count", batch(0, 1, 1), ORDERER + "Attempted to set the batch size max message count to an"),
    ("absolute", batch(1, 0, 1), "batch size absolute max bytes to an invalid value: 0"),
    ("preferred", batch(1, 1, 0), "batch size preferred max bytes to an invalid value: 0"),
    (
        "sizes",
        batch(1, 1, 2),
        r"preferred max bytes \(2\) greater than the absolute max bytes \(1\)",
    ),
    ("timeout", timeout("soon"), ORDERER + "Attempted to set the batch timeout to a invalid value"),
    ("no timeout", timeout("0s"), "to a non-positive value: 0s"),
    ("negative timeout", timeout("-1m"), "to a non-positive value: -1m0s"),
    (
        "no orderers",
        lambda root: root.groups.pop("Orderer"),
        "^config does not contain orderer config$",
    ),
    (
        "sub-group of orderers",
        add_group("Orderer/Ord", "Deep"),
        ORDERER + "OrdererOrg config does not allow sub-groups",
    ),
    (
        "no name",
        lambda root: root.policies[""].CopyFrom(root.policies["Readers"]),
        "config ID illegal, cannot be empty",
    ),
    (
        "meta policy",
        lambda root: root.policies["Readers"].policy.MergeFrom(
            policies_pb2.Policy(type=3, value=b"\xff")
        ),
        "implicit policy Readers at path Channel did not compile: Error unmarshalling to Implicit",
    ),
    (
        "silent orderers",
        silent_orderers,
        r"some orderer organizations endpoints are empty: \[Ord\]",
    ),
    (
        "sub-group",
        add_group("Application/Dean", "Deep"),
        APPLICATION + "ApplicationOrg config does not allow sub-groups",
    ),
    (
        "no MSP",
        put("Application/Dean", "MSP", msp_config_pb2.MSPConfig()),
        APPLICATION + r"setting up the MSP manager failed: expected at least one CA certificate",
    ),
    (
        "Idemix",
        put("Application/Dean", "MSP", msp_config_pb2.MSPConfig(type=1)),
        APPLICATION + "setting up the MSP manager failed: Setup error: unsupported msp type 1",
    ),
    (
        "no MSP id",
        no_msp_id,
        APPLICATION + "MSP for org Dean has empty MSP ID",
    ),
    ("two versions", second_version_of_an_msp, "two different versions of MSP: Dean-Office.MSP"),
    ("policy", broken_policy, "initializing policymanager failed: policy Readers at path Channel"),
    (
        "name",
        lambda root: root.groups["Application"].policies["a/b"].CopyFrom(root.policies["Readers"]),
        r"illegal characters in key: \[Policy\] : config ID 'a/b' contains illegal characters",
    ),
    (
        "dots",
        lambda root: root.policies[".."].CopyFrom(root.policies["Readers"]),
        r"illegal characters in key: \[Policy\] : name '\.\.' for config ID is not allowed",
    ),
    (
        "long",
        lambda root: root.policies["x" * 250].CopyFrom(root.policies["Readers"]),
        "config ID illegal, cannot be longer than 249",
    ),
]


@pytest.mark.parametrize(
    ("change", "text"), [one[1:] for one in REFUSED], ids=[one[0] for one in REFUSED]
)
def test_refused(change: Change, text: str) -> None:
    name, message = raw()
    change(message.channel_group)
    with pytest.raises(ConfigError, match=text):
        ChannelConfig(message, channel_id=name)


def test_acls_need_a_capability() -> None:
    name, message = raw()
    application = message.channel_group.groups["Application"]
    old = {"V1_1": configuration_pb2.Capability()}
    application.values["Capabilities"].value = configuration_pb2.Capabilities(
        capabilities=old
    ).SerializeToString()
    with pytest.raises(ConfigError, match="ACLs may not be specified without the required"):
        ChannelConfig(message, channel_id=name)


def test_no_capabilities_at_all() -> None:
    name, message = raw()
    root = message.channel_group
    root.groups["Application"].values.clear()
    root.groups["Orderer"].values.pop("Capabilities")
    root.values.pop("Capabilities")
    addresses = configuration_pb2.OrdererAddresses(addresses=["o.test:7050"])
    put("", "OrdererAddresses", addresses)(root)
    with pytest.raises(
        ConfigError,
        match=r"Orderer Org Ord cannot contain endpoints value until V1_4_2\+ capabilities have been",
    ):
        ChannelConfig(message, channel_id=name)
    root.groups["Orderer"].groups["Ord"].values.pop("Endpoints")
    assert not ChannelConfig(message, channel_id=name).capabilities.application


def test_an_empty_acl_leaves_the_default() -> None:
    name, message = raw()
    acls = peer_configuration_pb2.ACLs(acls={"peer/Propose": peer_configuration_pb2.APIResource()})
    put("Application", "ACLs", acls)(message.channel_group)
    assert ChannelConfig(message, channel_id=name).acls == {}


def test_global_addresses() -> None:
    addresses = configuration_pb2.OrdererAddresses(addresses=["o.test:7050"])
    name, message = raw()
    put("", "OrdererAddresses", addresses)(message.channel_group)
    assert ChannelConfig(message, channel_id=name).orderer_addresses == ("127.0.0.1:7051",)
    message.channel_group.groups["Orderer"].groups["Ord"].values.pop("Endpoints")
    assert ChannelConfig(message, channel_id=name).orderer_addresses == ("o.test:7050",)
    capabilities(["V3_0"])(message.channel_group)
    with pytest.raises(ConfigError, match="global OrdererAddresses are not allowed with V3_0"):
        ChannelConfig(message, channel_id=name)


def test_one_organisation_in_both_roles() -> None:
    name, message = raw()
    root = message.channel_group
    root.groups["Application"].groups["Ord"].CopyFrom(root.groups["Orderer"].groups["Ord"])
    root.groups["Application"].groups["Ord"].values.pop("Endpoints")
    read = ChannelConfig(message, channel_id=name)
    assert "OrdMSP" in read.application_organizations
    assert "OrdMSP" in read.orderer_organizations
    assert len(read.msp_manager.msps) == 4


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("", "cannot be empty"),
        ("x" * 250, "cannot be longer than 249"),
        ("Records", "'Records' contains illegal characters"),
        ("1a", "illegal characters"),
        ("a_b", "illegal characters"),
        ("ａ", "illegal characters"),
    ],
)
def test_names_that_no_channel_has(name: str, text: str) -> None:
    with pytest.raises(ConfigError, match=text):
        validate_channel_id(name)
    with pytest.raises(ConfigError, match="initializing configtx manager failed: bad channel ID"):
        ChannelConfig(raw()[1], channel_id=name)


def test_the_decoded_form_of_the_vectors_agrees() -> None:
    """Compare the members with those that configtxlator shows."""
    for case in ("bft4", "custom-policies-acls", "five-departments-raft3", "two-orgs-raft"):
        document = json.loads((GENESIS / case / "genesis.json").read_text(encoding="utf-8"))
        group = document["data"]["data"][0]["payload"]["data"]["config"]["channel_group"]
        names = sorted(group["groups"]["Application"]["groups"])
        assert sorted(one.name for one in config(case).application_organizations.values()) == names
