"""Configurations that are rare, or that nobody's tools make: what edits, views and words do with each."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from fabric_protos.common import configtx_pb2, policies_pb2
from fabric_protos.msp import msp_config_pb2, msp_principal_pb2
from fabric_protos.orderer import configuration_pb2 as orderer_pb2

from pyfabric.admin.channels import (
    AddConsenter,
    AddToMSP,
    MoveToBFT,
    SetACLs,
    SetBatch,
    SetConsensusOptions,
    SetMaintenance,
    SetPolicy,
    describe_config,
    differences,
    edit_config,
    edit_warnings,
    read_config,
)
from pyfabric.admin.config.certificates import describe_certificate, describe_revocation_list
from pyfabric.admin.config.facts import value_facts
from pyfabric.admin.config.model import BFTModel, ConsenterModel
from pyfabric.admin.config.policies import describe_policy_rule
from pyfabric.errors import ConfigError
from pyfabric.identity import pem
from pyfabric.messages.policies import signed_by
from tests.support.ledger.ordering import Council
from tests.support.paths import ROOT

FOLDER = ROOT / "tests/vectors/2-config-updates/_base"
BASE = (FOLDER / "config.pb").read_bytes()


def altered(change: Callable[[Any], object]) -> bytes:
    """Return the base configuration after a change of its root group."""
    config = configtx_pb2.Config.FromString(BASE)
    change(config.channel_group)
    return config.SerializeToString()


def with_consensus(**values: Any) -> bytes:
    def change(root: Any) -> None:
        value = root.groups["Orderer"].values["ConsensusType"]
        consensus = orderer_pb2.ConsensusType.FromString(value.value)
        for name, one in values.items():
            setattr(consensus, name, one)
        value.value = consensus.SerializeToString()

    return altered(change)


def set_msp(root: Any, **values: Any) -> None:
    group = root.groups["Application"].groups["East"]
    group.values["MSP"].value = msp_config_pb2.MSPConfig(**values).SerializeToString()


def test_a_consensus_type_that_fabric_does_not_have() -> None:
    solo = with_consensus(type="solo")
    assert describe_config("ledger1", solo).consensus_options == {}
    with pytest.raises(ConfigError, match="the consensus type 'solo' has no options"):
        edit_config(solo, [SetConsensusOptions({"election_tick": 20})])
    certificate = (FOLDER / "tls/orderer1.ord.test.crt").read_bytes()
    consenter = ConsenterModel(
        host="o", port=1, client_tls_certificate=certificate, server_tls_certificate=certificate
    )
    with pytest.raises(ConfigError, match="the consensus type 'solo' has no consenters"):
        edit_config(solo, [AddConsenter(consenter)])
    (found,) = differences(BASE, solo)
    assert found.words.startswith("ConsensusType of Orderer: type etcdraft → solo")


def test_the_move_to_bft() -> None:
    council = Council(4, bft=True)
    bft = describe_config(*read_config(council.genesis().SerializeToString()))
    members = [council.orderer(number) for number in range(4)]
    model = BFTModel(
        consenters=tuple(
            ConsenterModel(
                host="127.0.0.1",
                port=7001 + number,
                client_tls_certificate=one.tls_certificate,
                server_tls_certificate=one.tls_certificate,
                number=number + 1,
                msp_id=one.identity.msp_id,
                identity=one.identity.identity.certificate,
            )
            for number, one in enumerate(members)
        )
    )
    raft = read_config(Council(4, bft=False).genesis().SerializeToString())[1]
    moved = describe_config("council", edit_config(raft, [MoveToBFT(model)]))
    assert moved.consensus_type == bft.consensus_type == "BFT"
    assert [one.number for one in moved.consenters] == [1, 2, 3, 4]
    rule = next(
        one.rule for one in moved.policies if one.path == "/Channel/Orderer/BlockValidation"
    )
    assert rule.startswith("OutOf(3, '")
    with pytest.raises(
        ConfigError, match="only channels with etcdraft can move to BFT; this has BFT"
    ):
        edit_config(edit_config(raft, [MoveToBFT(model)]), [MoveToBFT(model)])


def test_options_of_bft() -> None:
    bft = read_config(Council(4, bft=True).genesis().SerializeToString())[1]
    edit = SetConsensusOptions({"request_batch_max_count": 7, "leader_heartbeat_timeout": "90s"})
    (found,) = differences(bft, edit_config(bft, [edit]))
    assert found.words == (
        "ConsensusType of Orderer: leader_heartbeat_timeout 1m0s → 90s; request_batch_max_count 100 → 7"
    )
    for options, problem in (
        ({"election_tick": 1}, "BFT has no option 'election_tick': it has request_batch_max_count"),
        ({"request_batch_max_count": -1}, "BFT option request_batch_max_count cannot be -1"),
    ):
        with pytest.raises(ConfigError, match=problem):
            edit_config(bft, [SetConsensusOptions(options)])


def test_an_msp_of_another_kind_is_shown_and_left_alone() -> None:
    idemix = altered(lambda root: set_msp(root, type=1, config=b"\x0a\x07EastMSP"))
    east = describe_config("ledger1", idemix).organizations[0]
    assert (east.name, east.msp_id, east.roots) == ("East", "", ())
    after = edit_config(idemix, [SetBatch(max_message_count=3), SetMaintenance(on=True)])
    assert [one.path for one in differences(idemix, after)] == [
        "/Channel/Orderer/BatchSize",
        "/Channel/Orderer/ConsensusType",
    ]
    assert edit_warnings(idemix, [SetACLs({"event/Block": "Admins"})]) == ()


def test_a_name_of_two_organisations_and_an_msp_that_cannot_be_read() -> None:
    def same_name(root: Any) -> None:
        root.groups["Orderer"].groups["East"].CopyFrom(root.groups["Orderer"].groups["Ord"])

    root_certificate = (FOLDER / "msp/Newcomer/cacerts/ca.pem").read_bytes()
    with pytest.raises(
        ConfigError, match="'East' is the name of two organisations: use EastMSP, O"
    ):
        edit_config(altered(same_name), [AddToMSP("East", "roots", (root_certificate,))])
    broken = altered(lambda root: set_msp(root, type=0, config=b"\xff"))
    with pytest.raises(ConfigError, match="'EastMSP' is no organisation of the channel"):
        edit_config(broken, [AddToMSP("EastMSP", "roots", (root_certificate,))])


def test_a_policy_that_can_be_satisfied_in_very_many_ways() -> None:
    roles = ("member", "admin", "peer", "client", "orderer")
    principals = [f"'{one}.{role}'" for one in ("EastMSP", "WestMSP", "OrdMSP") for role in roles]
    rule = f"OutOf(8, {', '.join(principals * 2)})"
    edits = [SetPolicy("/Channel/Application/Many", rule), SetACLs({"event/Block": "Many"})]
    assert edit_warnings(BASE, edits) == ()


def test_certificates_and_lists_that_cannot_be_read() -> None:
    broken = pem.encode("CERTIFICATE", b"nothing")
    for data in (broken, b"no PEM"):
        shown = describe_certificate(data)
        assert (shown.name, shown.expires) == ("a certificate that cannot be read", None)
    assert describe_revocation_list(b"no list").startswith("a list that cannot be read (")


def test_principals_of_other_kinds_in_words() -> None:
    unit = msp_principal_pb2.OrganizationUnit(
        msp_identifier="EastMSP", organizational_unit_identifier="clerks"
    )
    principal = msp_principal_pb2.MSPPrincipal(
        principal_classification=msp_principal_pb2.MSPPrincipal.ORGANIZATION_UNIT,
        principal=unit.SerializeToString(),
    )
    envelope = signed_by(1, [principal])
    policy = policies_pb2.Policy(type=1, value=envelope.SerializeToString())
    assert describe_policy_rule(policy) == "OR('EastMSP: OU clerks')"
    assert (
        describe_policy_rule(policies_pb2.Policy(type=9))
        == "no rule: a policy of type 9 has no rule"
    )


def test_values_that_are_not_what_their_key_promises() -> None:
    assert value_facts("AnchorPeers", {"@undecodable": "AA=="}) == {"@undecodable": "AA=="}
    assert value_facts("BatchSize", "text") == {"content": "text"}
    assert value_facts("ChannelRestrictions", None) == {}


def test_a_consenter_with_two_certificates_and_units_of_an_msp() -> None:
    config = json.loads((FOLDER / "config.json").read_text())["channel_group"]
    consensus = config["groups"]["Orderer"]["values"]["ConsensusType"]["value"]
    first, second = consensus["metadata"]["consenters"][:2]
    first["client_tls_cert"] = second["client_tls_cert"]
    assert (
        "client TLS orderer2.ord.test ("
        in (value_facts("ConsensusType", consensus)["consenter orderer1.ord.test:7051"])
    )
    msp = config["groups"]["Application"]["groups"]["East"]["values"]["MSP"]["value"]
    unit = {"organizational_unit_identifier": "clerks", "certificate": ""}
    msp["config"]["organizational_unit_identifiers"] = [unit]
    assert "organizational unit clerks" in value_facts("MSP", msp)


def test_groups_in_new_groups_and_policies_that_are_no_policies() -> None:
    def nested(root: Any) -> None:
        root.groups["Application"].groups["New"].groups["Inner"].mod_policy = "Admins"
        root.groups["Application"].groups["New"].policies["P"].policy.type = 3
        root.groups["Application"].groups["New"].policies["P"].policy.value = b"\xff"

    (found,) = differences(BASE, altered(nested))
    assert found.words.startswith("organisation New added: policy P: ")
    assert found.words.endswith("; group Inner")
    (empty,) = differences(BASE, altered(lambda root: root.policies["Empty"].SetInParent()))
    assert empty.words.startswith("policy Empty added: cannot be read (")


@pytest.mark.parametrize(
    ("data", "problem"),
    [
        (b"{", "not JSON"),
        (b" {]", "not JSON"),
        (b'{"sequence": 1}', "no configuration is in it: "),
        (b'{"channel_group": {"groups": {}}}', "no configuration is in it: it must be"),
        (b'{"channel_group": 1}', "no configuration is in it: common.Config.channel_group"),
        (b"\xff", "no configuration is in it: it must be"),
        (b"", "no configuration is in it: it must be"),
        (b'{"data": []}', "no configuration is in it: common.Block.data"),
    ],
)
def test_files_without_a_configuration(data: bytes, problem: str) -> None:
    with pytest.raises(ConfigError, match=problem):
        read_config(data)


def test_a_configuration_in_json_of_a_block() -> None:
    config = json.loads((FOLDER / "config.json").read_text())
    assert read_config(json.dumps(config).encode()) == ("", read_config(BASE)[1])
