"""Changes of a channel's ordering service: which are allowed, and Fabric's texts for others."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from fabric_protos.common import configtx_pb2, configuration_pb2
from fabric_protos.orderer import configuration_pb2 as orderer_pb2
from fabric_protos.orderer.etcdraft import configuration_pb2 as etcdraft_pb2
from fabric_protos.orderer.smartbft import configuration_pb2 as smartbft_pb2

from pyfabric.errors import ConfigError
from pyfabric.rules.configuration.channel_config import ChannelConfig
from pyfabric.rules.consensus import bft, maintenance, raft
from tests.support.ledger.ordering import NOW, Council, Organization

UNREADABLE = "proto: cannot parse invalid wire-format data"
CHANNEL = "council"
LATER = NOW + timedelta(days=2)
RAFT = Council(3, bft=False)
BFT = Council(4, bft=True)
SPARE = [RAFT.orderer(number) for number in (8, 9)]
Metadata = etcdraft_pb2.ConfigMetadata
Config = configtx_pb2.Config


def config_of(council: Council) -> ChannelConfig:
    return ChannelConfig.from_block(council.genesis())


def with_change(council: Council, change: Callable[[Any], object]) -> ChannelConfig:
    """Return the council's configuration with other values of its Orderer group."""
    found = Config()
    found.CopyFrom(config_of(council).raw)
    change(found.channel_group.groups["Orderer"])
    return ChannelConfig(found, channel_id=CHANNEL)


def consensus(change: Callable[[orderer_pb2.ConsensusType], object]) -> Callable[[Any], None]:
    def apply(group: Any) -> None:
        value = group.values["ConsensusType"]
        found = orderer_pb2.ConsensusType.FromString(value.value)
        change(found)
        value.value = found.SerializeToString()

    return apply


def metadata(change: Callable[[Metadata], object]) -> Callable[[Any], None]:
    def apply(found: orderer_pb2.ConsensusType) -> None:
        inner = Metadata.FromString(found.metadata)
        change(inner)
        found.metadata = inner.SerializeToString()

    return consensus(apply)


def options(**values: Any) -> Callable[[Any], None]:
    return metadata(lambda found: found.options.MergeFrom(etcdraft_pb2.Options(**values)))


def set_option(name: str, value: Any) -> Callable[[Any], None]:
    return metadata(lambda found: setattr(found.options, name, value))


def consenter(certificate: bytes, port: int = 7099) -> etcdraft_pb2.Consenter:
    return etcdraft_pb2.Consenter(
        host="127.0.0.1", port=port, client_tls_cert=certificate, server_tls_cert=certificate
    )


def add(*certificates: bytes) -> Callable[[Any], None]:
    return metadata(lambda found: found.consenters.extend(map(consenter, certificates)))


def cluster(*active: int) -> raft.Cluster:
    return raft.Cluster(raft.Membership.first(3), frozenset(active or (1, 2, 3)), LATER)


def refusal(change: Callable[[Any], object], *active: int) -> str:
    with pytest.raises(ConfigError) as caught:
        raft.check_change(config_of(RAFT), with_change(RAFT, change), cluster(*active))
    return str(caught.value)


def remove_one(found: Metadata) -> None:
    del found.consenters[2]


def rotate_one(found: Metadata) -> None:
    found.consenters[2].client_tls_cert = SPARE[0].tls_certificate
    found.consenters[2].server_tls_cert = SPARE[0].tls_certificate


def empty_metadata(found: orderer_pb2.ConsensusType) -> None:
    found.metadata = b""


@pytest.mark.parametrize(
    "change",
    [
        lambda _: None,
        consensus(empty_metadata),
        options(election_tick=20),
        add(SPARE[0].tls_certificate),
        metadata(remove_one),
        metadata(rotate_one),
        consensus(lambda found: setattr(found, "type", "BFT")),
    ],
)
def test_what_raft_takes(change: Callable[[Any], object]) -> None:
    raft.check_change(config_of(RAFT), with_change(RAFT, change), cluster())


EXPIRED = RAFT.ordering.tls_certificate("old", days=1)
STRANGER = Organization("Stranger").tls_certificate("stranger")
NOT_YET_KNOWN = "x509: certificate signed by unknown authority"


@pytest.mark.parametrize(
    ("change", "text"),
    [
        (
            consensus(lambda found: setattr(found, "metadata", b"\xff")),
            f"failed to unmarshal new etcdraft metadata configuration: {UNREADABLE}",
        ),
        (
            metadata(lambda found: found.ClearField("options")),
            "invalid new config metadata: nil Raft config metadata options",
        ),
        (
            set_option("heartbeat_tick", 0),
            (
                "invalid new config metadata: none of HeartbeatTick (0), ElectionTick (10) and "
                "MaxInflightBlocks (5) can be zero"
            ),
        ),
        (
            set_option("election_tick", 1),
            "invalid new config metadata: ElectionTick (1) must be greater than HeartbeatTick (1)",
        ),
        (
            set_option("tick_interval", "500"),
            (
                "invalid new config metadata: failed to parse TickInterval (500) to time duration: time: "
                'missing unit in duration "500"'
            ),
        ),
        (
            set_option("tick_interval", "0s"),
            "invalid new config metadata: TickInterval cannot be zero",
        ),
        (
            metadata(lambda found: found.ClearField("consenters")),
            "invalid new config metadata: empty consenter set",
        ),
        (
            add(b"no certificate"),
            (
                "invalid new config metadata: consenter 127.0.0.1:7099 has invalid certificate: parsing "
                "tls client cert of 127.0.0.1:7099: no PEM data found in cert[6e 6f 20 63 65 72 74 69 66 "
                "69 63 61 74 65]"
            ),
        ),
        (
            add(
                b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
            ),
            (
                "invalid new config metadata: consenter 127.0.0.1:7099 has invalid certificate: parsing "
                "tls client cert of 127.0.0.1:7099: x509: malformed certificate TLS certificate has "
                "invalid ASN1 structure"
            ),
        ),
        (
            add(SPARE[0].tls_certificate, SPARE[1].tls_certificate),
            (
                "update of more than one consenter at a time is not supported, requested changes: add 2 "
                "node(s), remove 0 node(s)"
            ),
        ),
    ],
)
def test_what_raft_refuses(change: Callable[[Any], object], text: str) -> None:
    assert refusal(change) == text


def test_consenters_need_certificates_of_the_orderers_authorities() -> None:
    stranger = refusal(add(STRANGER))
    assert stranger.startswith(
        "invalid new config metadata: consenter 127.0.0.1:7099 has invalid certificate: verifying tls "
        "client cert with serial number "
    )
    assert stranger.endswith(f": {NOT_YET_KNOWN}")
    expired = refusal(add(EXPIRED))
    assert expired.startswith(
        "consenter 127.0.0.1:7099 has invalid certificates: verifying tls client cert with serial "
    )
    assert ": x509: certificate has expired or is not yet valid: current time " in expired
    twice = refusal(add(RAFT.orderers[0].tls_certificate))
    assert twice.startswith(
        "invalid new config metadata: duplicate consenter: server cert: -----BE"
    )


@pytest.mark.parametrize(
    ("change", "active", "lost"),
    [
        (add(SPARE[0].tls_certificate), (1, 2), True),
        (add(SPARE[0].tls_certificate), (1, 2, 3), False),
        (metadata(remove_one), (1, 3), True),
        (metadata(remove_one), (1, 2), False),
        (metadata(rotate_one), (1, 3), True),
        (metadata(rotate_one), (1, 2), False),
        (options(election_tick=30), (1,), False),
    ],
)
def test_a_change_must_leave_enough_running_nodes(
    change: Callable[[Any], object], active: tuple[int, ...], lost: bool
) -> None:
    if lost:
        assert refusal(change, *active) == (
            f"{len(active)} out of 3 nodes are alive, configuration will result in quorum loss"
        )
    else:
        raft.check_change(config_of(RAFT), with_change(RAFT, change), cluster(*active))


def test_a_move_to_bft_needs_endpoints_of_every_organisation() -> None:
    def change(group: Any) -> None:
        consensus(lambda found: setattr(found, "type", "BFT"))(group)
        del group.groups["Ordering"].values["Endpoints"]

    assert refusal(change) == (
        "illegal orderer config detected during consensus metadata validation: endpoints of org "
        "Ordering are missing"
    )


# Maintenance mode.

STATE = orderer_pb2.ConsensusType.State


def in_state(state: int) -> Callable[[Any], None]:
    return consensus(lambda found: setattr(found, "state", state))


def as_bft(count: int = 3, **changes: Any) -> Callable[[Any], None]:
    """Return a Raft channel that moved to BFT, in maintenance mode."""

    def change(group: Any) -> None:
        def apply(found: orderer_pb2.ConsensusType) -> None:
            found.type = changes.get("type", "BFT")
            found.state = STATE.STATE_MAINTENANCE
            inner = smartbft_pb2.Options.FromString(config_of(BFT).consensus_metadata)
            inner.request_batch_max_count = changes.get("batch", 10)
            inner.request_batch_max_bytes = 1 << 20
            found.metadata = inner.SerializeToString()

        consensus(apply)(group)
        mapping = [
            configuration_pb2.Consenter(
                id=one.consenter.number,
                host=one.consenter.host,
                port=changes.get("port", one.consenter.port),
                msp_id=one.consenter.msp_id,
                identity=one.consenter.identity,
                client_tls_cert=one.consenter.client_tls_certificate,
                server_tls_cert=one.consenter.server_tls_certificate,
            )
            for one in RAFT.orderers[:count]
        ]
        orderers = configuration_pb2.Orderers(consenter_mapping=mapping)
        group.values["Orderers"].value = orderers.SerializeToString()

    return change


def written(*values: str, group: str = "Orderer", **more: Any) -> configtx_pb2.ConfigUpdate:
    """Return an update that writes these values of one group."""
    update = configtx_pb2.ConfigUpdate()
    for value in values:
        update.write_set.groups[group].values[value].version = 1
    for extra in more.get("groups", ()):
        update.write_set.groups[extra].version = 1
    for extra in more.get("values", ()):
        update.write_set.values[extra].version = 1
    for extra in more.get("inner", ()):
        update.write_set.groups[group].groups[extra].version = 1
    return update


CONSENSUS_ALONE = written("ConsensusType")
MAINTENANCE = with_change(RAFT, in_state(STATE.STATE_MAINTENANCE))


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (config_of(RAFT), config_of(RAFT)),
        (config_of(RAFT), MAINTENANCE),
        (MAINTENANCE, config_of(RAFT)),
        (MAINTENANCE, with_change(RAFT, as_bft())),
    ],
)
def test_ways_in_and_out_of_maintenance(old: ChannelConfig, new: ChannelConfig) -> None:
    maintenance.check(old, new, CONSENSUS_ALONE)


MODE = "ConsensusType.State is changing from STATE_NORMAL to STATE_MAINTENANCE"
FROM_RAFT = "attempted to change consensus type from etcdraft to BFT, "


@pytest.mark.parametrize(
    ("old", "new", "update", "text"),
    [
        (
            config_of(RAFT),
            MAINTENANCE,
            configtx_pb2.ConfigUpdate(),
            "config update contains no changes",
        ),
        (
            config_of(RAFT),
            MAINTENANCE,
            written("ConsensusType", values=["Capabilities"]),
            "config update contains changes to values in group Channel",
        ),
        (
            config_of(RAFT),
            MAINTENANCE,
            written("ConsensusType", groups=["Application"]),
            "config update contains changes to more than one group",
        ),
        (
            config_of(RAFT),
            MAINTENANCE,
            written("ACLs", group="Application"),
            "update does not contain the Orderer group",
        ),
        (
            config_of(RAFT),
            MAINTENANCE,
            written("ConsensusType", inner=["Ordering"]),
            "config update contains changes to groups within the Orderer group",
        ),
        (
            config_of(RAFT),
            MAINTENANCE,
            written("BatchSize"),
            "config update does not contain the ConsensusType value",
        ),
        (
            config_of(RAFT),
            MAINTENANCE,
            written("BatchSize", "ConsensusType"),
            "config update contain more then just the ConsensusType value in the Orderer group",
        ),
        (
            config_of(RAFT),
            with_change(RAFT, as_bft()),
            CONSENSUS_ALONE,
            f"attempted to change ConsensusType.Type from etcdraft to BFT, but {MODE}",
        ),
        (
            config_of(RAFT),
            with_change(
                RAFT,
                consensus(
                    lambda found: (
                        found.MergeFrom(
                            orderer_pb2.ConsensusType(metadata=b"", state=STATE.STATE_MAINTENANCE)
                        )
                        or setattr(found, "metadata", b"")
                    )
                ),
            ),
            CONSENSUS_ALONE,
            f"attempted to change ConsensusType.Metadata, but {MODE}",
        ),
        (
            config_of(RAFT),
            with_change(RAFT, consensus(lambda found: setattr(found, "type", "BFT"))),
            CONSENSUS_ALONE,
            f"{FROM_RAFT}but current config ConsensusType.State is not in maintenance mode",
        ),
        (
            MAINTENANCE,
            with_change(RAFT, as_bft(type="solo")),
            CONSENSUS_ALONE,
            "attempted to change consensus type from etcdraft to solo, transition not supported",
        ),
        (
            MAINTENANCE,
            with_change(RAFT, as_bft(batch=0)),
            CONSENSUS_ALONE,
            "invalid BFT metadata configuration",
        ),
        (
            MAINTENANCE,
            with_change(RAFT, as_bft(0)),
            CONSENSUS_ALONE,
            (
                "invalid BFT consenter mapping configuration: Invalid new config: bft consenters are "
                "missing"
            ),
        ),
        (
            MAINTENANCE,
            with_change(RAFT, as_bft(2)),
            CONSENSUS_ALONE,
            (
                "invalid BFT consenter mapping configuration: Invalid new config: the number of bft "
                "consenters: 2 is not equal to the number of raft consenters: 3"
            ),
        ),
        (
            MAINTENANCE,
            with_change(RAFT, as_bft(port=1)),
            CONSENSUS_ALONE,
            (
                "invalid BFT consenter mapping configuration: No suitable BFT consenter for Raft "
                "consenter: 127.0.0.1:7001"
            ),
        ),
        (
            config_of(RAFT),
            with_change(
                RAFT,
                consensus(
                    lambda found: (
                        found.MergeFromString(b"\x18\x07") and setattr(found, "type", "BFT")
                    )
                ),
            ),
            CONSENSUS_ALONE,
            (
                "attempted to change ConsensusType.Type from etcdraft to BFT, but ConsensusType.State is "
                "changing from STATE_NORMAL to 7"
            ),
        ),
    ],
)
def test_what_maintenance_mode_is_not_for(
    old: ChannelConfig, new: ChannelConfig, update: configtx_pb2.ConfigUpdate, text: str
) -> None:
    with pytest.raises(ConfigError) as caught:
        maintenance.check(old, new, update)
    assert str(caught.value) == text


def old_orderers(group: Any) -> None:
    names = configuration_pb2.Capabilities(capabilities={"V1_1": configuration_pb2.Capability()})
    group.values["Capabilities"].value = names.SerializeToString()


def test_ordering_services_that_do_not_know_of_maintenance() -> None:
    old = with_change(RAFT, old_orderers)
    maintenance.check(old, config_of(RAFT), CONSENSUS_ALONE)
    for new, text in (
        (
            MAINTENANCE,
            (
                "next config attempted to change ConsensusType.State to STATE_MAINTENANCE, but capability "
                "is disabled"
            ),
        ),
        (
            with_change(RAFT, consensus(lambda found: setattr(found, "type", "BFT"))),
            (
                "next config attempted to change ConsensusType.Type from etcdraft to BFT, but capability "
                "is disabled"
            ),
        ),
    ):
        with pytest.raises(ConfigError) as caught:
            maintenance.check(old, new, CONSENSUS_ALONE)
        assert str(caught.value) == text


# SmartBFT.


def rotation(group: Any) -> None:
    def apply(found: orderer_pb2.ConsensusType) -> None:
        inner = smartbft_pb2.Options.FromString(found.metadata)
        inner.leader_rotation = smartbft_pb2.Options.Rotation.ROTATION_ON
        found.metadata = inner.SerializeToString()

    consensus(apply)(group)


def fewer_consenters(group: Any) -> None:
    value = group.values["Orderers"]
    found = configuration_pb2.Orderers.FromString(value.value)
    del found.consenter_mapping[3]
    value.value = found.SerializeToString()


@pytest.mark.parametrize(
    ("change", "text"),
    [
        (lambda group: group.values.pop("Orderers"), "no values in 'Orderer' group"),
        (
            lambda group: group.policies.pop("BlockValidation"),
            "block validation policy is not found in the policies of 'Orderer' group",
        ),
        (fewer_consenters, "block validation policy should be a signature policy: type:1 value:"),
        (
            rotation,
            "leader rotation must be turned off for this version or be unspecified",
        ),
        (
            consensus(lambda found: setattr(found, "metadata", b"\xff")),
            f"invalid options encoded in consensus metadata: {UNREADABLE}",
        ),
    ],
)
def test_what_smartbft_refuses(change: Callable[[Any], object], text: str) -> None:
    bft.check_policy(config_of(BFT))
    with pytest.raises(ConfigError) as caught:
        bft.check_policy(with_change(BFT, change))
    assert str(caught.value).startswith(text)
