"""What people are shown of configurations: views, and differences in words, of Fabric's own files."""

from dataclasses import replace
from pathlib import Path

import pytest
from fabric_protos.common import configtx_pb2

from pyfabric.admin.channels import (
    AddConsenter,
    ConfigView,
    RemoveConsenter,
    ReplaceConsenter,
    describe_config,
    differences,
    edit_config,
    read_config,
    read_organization,
)
from pyfabric.admin.config.model import ConsenterModel
from pyfabric.admin.config.policies import format_policy, parse_policy
from pyfabric.errors import ConfigError
from tests.support.ledger.ordering import Council
from tests.support.paths import ROOT

VECTORS = ROOT / "tests/vectors"
UPDATES = VECTORS / "2-config-updates"


def genesis(name: str) -> bytes:
    return (VECTORS / "1-genesis" / name / "genesis.block").read_bytes()


def view(name: str) -> ConfigView:
    return describe_config(*read_config(genesis(name)))


def test_members_and_consenters_of_raft() -> None:
    found = view("five-departments-raft3")
    kinds = [
        (one.section, bool(one.anchor_peers), bool(one.endpoints)) for one in found.organizations
    ]
    assert kinds.count(("application", True, False)) == 5
    assert {kind for kind in kinds if kind[0] == "orderer"} == {("orderer", False, True)}
    assert found.consensus_type == "etcdraft"
    assert len(found.consenters) == 3
    assert all(one.number is None and one.identity is None for one in found.consenters)
    assert all(one.server_tls.expires is not None for one in found.consenters)
    assert "election_tick" in found.consensus_options


def test_consenters_of_bft_have_identities_and_their_policy_is_in_words() -> None:
    found = view("bft4")
    assert [one.number for one in found.consenters] == [1, 2, 3, 4]
    assert all(one.msp_id and one.identity for one in found.consenters)
    assert found.consensus_options["request_batch_max_count"]
    rules = {one.path: one.rule for one in found.policies}
    assert rules["/Channel/Orderer/BlockValidation"].startswith("OutOf(3, 'Keeper1MSP: bft.keeper1")
    assert found.orderer_addresses == ()


def test_other_parts() -> None:
    assert view("global-addresses").orderer_addresses
    assert view("custom-policies-acls").acls
    lists = [one.revocation_lists for one in view("msp-variety").organizations]
    assert ("2 revoked",) in [tuple(text.split(" (")[0] for text in one) for one in lists]


@pytest.mark.parametrize(
    "path", sorted(VECTORS.glob("1-genesis/*/genesis.block")), ids=lambda path: path.parent.name
)
def test_rules_of_views_are_rules(path: Path) -> None:
    channel, config = read_config(path.read_bytes())
    rules = {one.path: one.rule for one in describe_config(channel, config).policies}

    def check(at: str, group: configtx_pb2.ConfigGroup) -> None:
        for name, one in group.policies.items():
            rule = rules.pop(f"{at}/{name}")
            if ": bft." not in rule:
                assert parse_policy(rule) == one.policy
                assert format_policy(one.policy) == rule
        for name, below in group.groups.items():
            check(f"{at}/{name}", below)

    check("/Channel", configtx_pb2.Config.FromString(config).channel_group)
    assert rules == {}


WORDS = {
    "acl-add": [
        "ACLs of Application added: event/Block /Channel/Application/Admins, peer/Propose Writers"
    ],
    "add-consenter": [
        (
            "ConsensusType of Orderer: consenter orderer4.ord.test:7054 TLS orderer2.ord.test "
            "(a19676d91415fe07) added"
        ),
        "Endpoints of Orderer/Ord: orderer4.ord.test:7054 added",
    ],
    "add-orderer-org": [
        (
            "ordering organisation Ord2 added: MSP: MSP id Ord2MSP, root ca.ord2.test (985971b21ec2ed47), "
            "TLS root tlsca.ord2.test (570a72d449d382a0), roles by OU: client, peer, admin, orderer, "
            "issued by ca.ord2.test (985971b21ec2ed47); policy Admins: OR('Ord2MSP.admin'); policy "
            "Endorsement: OR('Ord2MSP.peer'); policy Readers: OR('Ord2MSP.member'); policy Writers: "
            "OR('Ord2MSP.member')"
        )
    ],
    "anchors-change": [
        (
            "AnchorPeers of Application/East: peer9.east.test:9051 added; peer0.east.test:7051 removed; "
            "peer1.east.test:7052 removed"
        )
    ],
    "capabilities": [
        "Capabilities: V3_0 added; V2_0 removed",
        "Capabilities of Application: V2_5 added; V2_0 removed",
    ],
    "group-modpolicy": [
        "organisation West: may be changed by /Channel/Application/Admins, no longer Admins"
    ],
    "maintenance": ["ConsensusType of Orderer: state STATE_NORMAL → STATE_MAINTENANCE"],
    "modpolicy": [
        "policy Writers of Application: may be changed by /Channel/Orderer/Admins, no longer Admins"
    ],
    "msp-crl": ["MSP of Application/East: revocation list: 1 revoked (11e15c7d6f6eec1c) added"],
    "policy-add-remove": [
        "policy Audit of Application added: ANY Readers",
        "policy LifecycleEndorsement of Application removed: MAJORITY Endorsement",
    ],
    "policy-one": ["policy Endorsement of Application: MAJORITY Endorsement → OR('EastMSP.peer')"],
    "remove-org": ["organisation West removed (WestMSP)"],
    "root-rollover": ["MSP of Application/West: root ca-2027.west.test (b3f016652befab1a) added"],
    "tls-rotate": [
        (
            "ConsensusType of Orderer: consenter orderer2.ord.test:7052 TLS orderer2.ord.test "
            "(19846bde609ef699) → TLS orderer2.ord.test (a19676d91415fe07)"
        )
    ],
    "versions-only": [],
    "noop": [],
}


@pytest.mark.parametrize("case", WORDS)
def test_differences_in_words(case: str) -> None:
    before, after = (
        (UPDATES / case / f"{name}.pb").read_bytes() for name in ("original", "modified")
    )
    assert [one.words for one in differences(before, after)] == WORDS[case]
    back = differences(after, before)
    assert [(one.path, one.before, one.after) for one in back] == [
        (one.path, one.after, one.before) for one in differences(before, after)
    ]


def test_consenters_of_bft_are_edited_with_the_policy_that_names_them() -> None:
    council = Council(4, bft=True)
    channel, before = read_config(council.genesis().SerializeToString())
    addresses = [one.address for one in describe_config(channel, before).consenters]
    after = edit_config(before, [RemoveConsenter(addresses[0])])
    paths = ["/Channel/Orderer/Orderers", "/Channel/Orderer/BlockValidation"]
    assert [one.path for one in differences(before, after)] == paths
    assert [one.number for one in describe_config(channel, after).consenters] == [2, 3, 4]
    spare = council.orderer(8)
    new = ConsenterModel(
        host="127.0.0.1",
        port=7099,
        client_tls_certificate=spare.tls_certificate,
        server_tls_certificate=spare.tls_certificate,
        msp_id=spare.identity.msp_id,
        identity=spare.identity.identity.certificate,
    )
    more = describe_config(channel, edit_config(before, [AddConsenter(new)]))
    assert [one.number for one in more.consenters] == [1, 2, 3, 4, 5]
    moved = edit_config(before, [ReplaceConsenter(addresses[1], host="elsewhere", port=1)])
    assert [one.path for one in differences(before, moved)] == paths[:1]
    with pytest.raises(ConfigError, match="needs a number above 0, an MSP id and an identity"):
        edit_config(before, [AddConsenter(replace(new, host="h", identity=b""))])


def test_an_organisation_of_configtxgen() -> None:
    text = (UPDATES / "_base/printorg-Newcomer.json").read_bytes()
    found = read_organization(text, "application")
    assert (found.name, found.policies["Admins"]) == ("NewMSP", "OR('NewMSP.admin')")
    with pytest.raises(ConfigError, match="a mod_policy other than Admins"):
        read_organization(
            text.replace(b'"mod_policy": "Admins"', b'"mod_policy": "All"', 3), "orderer"
        )
    with pytest.raises(ConfigError, match="not what configtxgen -printOrg prints"):
        read_organization(b'{"colour": 1}', "application")
    with pytest.raises(ConfigError, match="not a JSON object"):
        read_organization(b"[]", "application")


def test_values_that_cannot_be_read_are_shown_as_they_are() -> None:
    channel, config = read_config((UPDATES / "_base/config.pb").read_bytes())
    broken = configtx_pb2.Config.FromString(config)
    broken.channel_group.groups["Orderer"].values["BatchSize"].value = b"\xff"
    broken.channel_group.groups["Application"].policies["Readers"].policy.value = b"\xff"
    readers, batch = differences(config, broken.SerializeToString())
    assert batch.words.startswith("BatchSize of Orderer: ")
    assert "ANY Readers → no rule: error unmarshalling ImplicitMetaPolicy" in readers.words
    with pytest.raises(ConfigError, match="failed to deserialize values"):
        describe_config(channel, broken.SerializeToString())
