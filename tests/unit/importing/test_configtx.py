"""Topologies from configtx.yaml: their channels are those of configtxgen, except for what was named."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from fabric_protos.common import common_pb2
from hypothesis import given, settings
from hypothesis import strategies as st
from pyfabric_network.importing.reading import Imported, import_topology
from pyfabric_network.topology.loading import read_topology

from pyfabric.errors import ConfigError
from pyfabric.messages.config_blocks import config_from_block
from tests.support.network.imported_channels import Profile, first_channel, write_examples
from tests.support.paths import ROOT

VECTORS = ROOT / "tests/vectors/1-genesis"
CASES = {
    file.parent.name: json.loads(file.read_text())["profile"]
    for file in sorted(VECTORS.glob("*/case.json"))
    if (file.parent / "configtx.yaml").exists()
}

WITH_NOTE = re.compile(r"\.Organizations\.\d+$")
"""What is held in another way than the file has it; the keys in it are read."""


def keys(imported: Imported) -> set[str]:
    return {one.path for one in imported.left_out}


def is_named(key: str, named: set[str]) -> bool:
    """Return whether a statement's key, one above it or one below it was named."""
    return any(f"{one}.".startswith(f"{key}.") or f"{key}.".startswith(f"{one}.") for one in named)


def test_there_are_six_profiles() -> None:
    assert len(CASES) == 6


@pytest.mark.parametrize("case", CASES)
def test_a_channel_is_that_of_configtxgen_but_for_what_was_named(case: str, tmp_path: Path) -> None:
    """Compare with the genesis block that configtxgen made of the profile, statement by statement."""
    file = VECTORS / case / "configtx.yaml"
    block = common_pb2.Block.FromString((VECTORS / case / "genesis.block").read_bytes())
    _, theirs = config_from_block(block)
    imported = import_topology(file)
    profile = Profile.read(file, CASES[case])
    differing, same = profile.differences(theirs, first_channel(imported, tmp_path))
    named = keys(imported)
    if case == "bft4":  # configtxgen makes it from the consenters, with their certificates
        differing.remove("Profiles.Main.Orderer.Policies.BlockValidation")
    assert [key for key in sorted(differing) if not is_named(key, named)] == []
    assert same & named == set()
    expressed = ("Orderer.BatchSize.", "Application.Organizations.0.ID", "Application.mod_policy")
    for part in expressed:
        assert any(key.startswith(f"Profiles.{CASES[case]}.{part}") for key in same), part


def test_what_is_named_of_two_laboratories() -> None:
    """List by hand what a topology cannot hold of a profile."""
    imported = import_topology(
        VECTORS / "two-orgs-raft/configtx.yaml", profiles={"PairOfLabs": "labs"}
    )
    orderer, application = "Profiles.PairOfLabs.Orderer", "Profiles.PairOfLabs.Application"
    north, south = f"{application}.Organizations.0", f"{application}.Organizations.1"
    consenter = f"{orderer}.EtcdRaft.Consenters.0"
    assert keys(imported) == {
        *(f"{consenter}.{key}" for key in ("Host", "Port", "ClientTLSCert", "ServerTLSCert")),
        *(f"{orderer}.Organizations.0.{key}" for key in ("Name", "MSPDir", "OrdererEndpoints")),
        f"{orderer}.Organizations.0.Policies.Endorsement",  # is added
        f"{orderer}.Policies.BlockValidation",
        f"{application}.Capabilities.V2_0",
        f"{application}.Capabilities.V2_5",  # is added
        *(f"{one}.{key}" for one in (north, south) for key in ("Name", "MSPDir")),
        north,  # the number of its peers
        south,
        f"{north}.AnchorPeers.0",  # its host
        f"{south}.AnchorPeers",  # has none
        f"{north}.Policies.Readers",
        f"{south}.Policies.Writers",
        f"{south}.Policies.Admins",
        f"{south}.Policies.Endorsement",
    }
    assert read_topology(imported.text, Path("labs.yaml")).channels["labs"].departments == (
        "North",
        "South",
    )


def test_policies_and_acls_are_those_of_the_channel() -> None:
    imported = import_topology(VECTORS / "custom-policies-acls/configtx.yaml")
    topology = read_topology(imported.text, Path("main.yaml"))
    channel = topology.channels["main"]
    assert channel.policies == {
        "Admins": "ANY Admins",
        "LifecycleEndorsement": "ALL Endorsement",
        "Endorsement": "OutOf(2,'Dean-Office.MSP.peer','Labs.MSP.peer','ArchiveMSP.member')",
        "Auditors": "ANY Auditors",
        "Strict": "ALL Writers",
    }
    dean = "/Channel/Application/Dean-Office.MSP/Admins"
    assert channel.acls["_lifecycle/CommitChaincodeDefinition"] == dean
    assert "Profiles.Main.Application.ACLs.made/up/Resource" in keys(imported)
    assert "Profiles.Main.Orderer.MaxChannels" in keys(imported)
    assert topology.ordering.batch.timeout == "90s"
    assert topology.msp_id("Dean") == "Dean-Office.MSP"


def test_bft_has_the_times_of_smartbft() -> None:
    imported = import_topology(VECTORS / "bft4/configtx.yaml")
    ordering = read_topology(imported.text, Path("main.yaml")).ordering
    assert (ordering.consensus, len(ordering.nodes)) == ("bft", 4)
    assert ordering.batch.timeout == "200ms"
    assert ordering.bft.model_dump() == {
        "forward_timeout": "4800ms",
        "complain_timeout": "19800ms",
        "view_change_timeout": "20s",
        "heartbeat_timeout": "60s",
    }
    assert "Profiles.Main.Orderer.BatchTimeout" in keys(imported)


@pytest.fixture
def examples(tmp_path: Path) -> Path:
    write_examples(tmp_path)
    return tmp_path


def test_cryptogen_says_how_many_peers_orderers_and_users(examples: Path) -> None:
    crypto = examples / "crypto-config.yaml"
    imported = import_topology(examples / "configtx.yaml", crypto_configs=[crypto])
    topology = read_topology(imported.text, Path("estate.yaml"))
    assert imported.name == "estate"
    assert {name: one.peers for name, one in topology.departments.items()} == {
        "Council": 0,
        "Tax": 2,
        "Land": 1,
    }
    assert list(topology.departments["Tax"].users) == ["User1", "User2"]
    assert {"PeerOrgs.0.Domain", "OrdererOrgs.0.Specs.0.Hostname"} <= keys(imported)
    assert "Profiles.Estate.Application.Organizations.0" not in keys(imported)


def changed(file: Path, change: Any) -> Path:
    document = yaml.safe_load(file.read_text())
    change(document)
    file.write_text(yaml.safe_dump(document, sort_keys=False))
    return file


def test_profiles_of_fabric_2_share_the_ordering_service_of_the_genesis_profile(
    examples: Path,
) -> None:
    def split(document: Any) -> None:
        profiles = document["Profiles"]
        first = profiles.pop("Estate")
        profiles["Genesis"] = {
            "Orderer": first.pop("Orderer"),
            "Consortiums": {"City": {"Organizations": first["Application"]["Organizations"]}},
        }
        profiles["One"] = {**first, "Consortium": "City"}
        second = json.loads(json.dumps(first))
        del second["Application"]["Organizations"][1]
        second["Application"]["Policies"]["Endorsement"]["Rule"] = "OR('LandMSP.peer')"
        profiles["Two_b"] = second

    imported = import_topology(changed(examples / "configtx.yaml", split))
    topology = read_topology(imported.text, Path("one.yaml"))
    assert list(topology.channels) == ["one", "two-b"]
    assert topology.channels["two-b"].departments == ("Tax",)
    named = keys(imported)
    assert {"Profiles.Genesis.Consortiums", "Profiles.One.Consortium"} <= {
        key.partition(".City")[0] for key in named
    }
    # Its rule names a department that is not in the channel: it is left out, and the rest is there.
    assert "Profiles.Two_b.Application.Policies.Endorsement" in named
    assert topology.channels["two-b"].policies == {"Auditors": "ANY Admins"}


def test_an_organisation_with_orderers_and_peers_has_two(examples: Path) -> None:
    def join(document: Any) -> None:
        orderer = document["Profiles"]["Estate"]["Orderer"]
        orderer["Organizations"] = [
            document["Profiles"]["Estate"]["Application"]["Organizations"][0]
        ]
        orderer["EtcdRaft"]["Consenters"] *= 4

    imported = import_topology(changed(examples / "configtx.yaml", join))
    topology = read_topology(imported.text, Path("estate.yaml"))
    assert topology.ordering.nodes == ("Tax", "Tax", "Tax", "Tax2")
    assert topology.msp_ids("Tax") == ("TaxMSP", "TaxOrdererMSP")
    reasons = {one.path: one.reason for one in imported.left_out}
    assert "of their own" in reasons["Profiles.Estate.Orderer.Organizations.0"]
    assert "at most 3 orderers: Tax2" in reasons["Profiles.Estate.Orderer.Organizations"]


@pytest.mark.parametrize(
    ("path", "value", "says"),
    [
        (("Profiles", "Estate", "Orderer"), None, "no orderer is described"),
        (("Profiles", "Estate", "Application"), None, "no channel is described"),
        (("Profiles",), {}, "no channel is described"),
        (("Profiles",), [], "Profiles: must be an object"),
        (("Profiles", "Estate", "Orderer", "Organizations"), [], "must name who runs the orderers"),
        (
            ("Profiles", "Estate", "Orderer", "BatchTimeout"),
            "soon",
            "BatchTimeout: must be a duration",
        ),
        (("Profiles", "Estate", "Orderer", "BatchSize", "AbsoluteMaxBytes"), "x", "must be a size"),
        (("Profiles", "Estate", "Orderer", "BatchSize", "MaxMessageCount"), "x", "a whole number"),
        (
            ("Profiles", "Estate", "Orderer", "BatchSize", "MaxMessageCount"),
            10**6,
            "no valid topology",
        ),
        (
            ("Profiles", "Estate", "Application", "Organizations", 0, "ID"),
            None,
            "ID: must be a text",
        ),
        (
            ("Profiles", "Estate", "Application", "Organizations"),
            {},
            "Organizations: must be a list",
        ),
    ],
)
def test_what_describes_no_network_is_refused(
    examples: Path, path: tuple[Any, ...], value: Any, says: str
) -> None:
    def change(document: Any) -> None:
        for part in path[:-1]:
            document = document[part]
        document[path[-1]] = value

    file = changed(examples / "configtx.yaml", change)
    with pytest.raises(ConfigError) as caught:
        import_topology(file)
    assert str(caught.value).startswith(f"{file}: ")
    assert says in str(caught.value)


def test_a_profile_that_is_not_there_is_refused(examples: Path) -> None:
    with pytest.raises(ConfigError, match=r"no channel profile named Other; there are: Estate"):
        import_topology(examples / "configtx.yaml", profiles={"Other": ""})
    with pytest.raises(ConfigError, match=r"E_1 cannot be the name of a channel: e-1 can"):
        import_topology(examples / "configtx.yaml", profiles={"Estate": "E_1"})
    with pytest.raises(ConfigError, match=r"is no crypto-config\.yaml"):
        import_topology(examples / "configtx.yaml", crypto_configs=[examples / "configtx.yaml"])


def objects(value: Any, path: str = "") -> list[tuple[str, dict[str, Any]]]:
    """Return every object of a document with its path."""
    inner = (
        value.items()
        if isinstance(value, dict)
        else enumerate(value)
        if isinstance(value, list)
        else ()
    )
    below = [one for key, item in inner for one in objects(item, f"{path}.{key}".strip("."))]
    return [(path, value), *below] if isinstance(value, dict) else below


@pytest.mark.parametrize("case", CASES)
@settings(max_examples=20)
@given(data=st.data())
def test_a_key_that_nobody_knows_is_named_wherever_it_stands(
    case: str, data: st.DataObject, tmp_path_factory: pytest.TempPathFactory
) -> None:
    document = yaml.safe_load((VECTORS / case / "configtx.yaml").read_text())
    document = {"Profiles": json.loads(json.dumps(document["Profiles"]))}
    places = [
        one
        for one in objects(document)
        if one[0].count(".") > 0 and not one[0].endswith(("ACLs", "Policies", "Capabilities"))
    ]
    path, place = data.draw(st.sampled_from(places))
    place["Unheard"] = data.draw(st.sampled_from(["of", 7, ["of"], {"Of": "it"}]))
    file = tmp_path_factory.getbasetemp() / "unheard.yaml"
    file.write_text(yaml.safe_dump(document))
    left_whole = {key for key in keys(import_topology(file)) if not WITH_NOTE.search(key)}
    assert is_named(f"{path}.Unheard", left_whole)


def reasons(imported: Imported) -> dict[str, str]:
    return {one.path: one.reason for one in imported.left_out}


def test_channels_share_the_ordering_service_of_the_first(examples: Path) -> None:
    def more(document: Any) -> None:
        first = document["Profiles"]["Estate"]
        same, other = json.loads(json.dumps(first)), json.loads(json.dumps(first))
        other["Orderer"]["BatchTimeout"] = "9s"
        document["Profiles"] |= {"Same": same, "Other": other, "Empty": {"Capabilities": {}}}

    file = changed(examples / "configtx.yaml", more)
    imported = import_topology(file)
    topology = read_topology(imported.text, file)
    assert list(topology.channels) == ["estate", "same", "other"]
    assert topology.ordering.batch.timeout == "500ms"
    why = reasons(imported)
    assert "one ordering service" in why["Profiles.Other.Orderer"]
    assert "Profiles.Same.Orderer" not in why
    assert why["Profiles.Empty"] == "is no channel"
    chosen = reasons(import_topology(file, profiles={"Same": ""}))
    assert (chosen["Profiles.Estate"], chosen["Profiles.Other"]) == ("was not chosen",) * 2


@pytest.mark.parametrize(("kind", "consenters"), [("solo", 0), ("kafka", 0), ("BFT", 3), (None, 0)])
def test_another_consensus_becomes_raft(examples: Path, kind: str | None, consenters: int) -> None:
    def change(document: Any) -> None:
        orderer = document["Profiles"]["Estate"]["Orderer"]
        raft = orderer.pop("EtcdRaft")["Consenters"][0]
        orderer["OrdererType"] = kind
        orderer["ConsenterMapping"] = [
            {**raft, "ID": 9 - number, "MSPID": "CouncilMSP", "Identity": "id.pem"}
            for number in range(consenters)
        ]

    file = changed(examples / "configtx.yaml", change)
    imported = import_topology(file)
    ordering = read_topology(imported.text, file).ordering
    assert (ordering.consensus, len(ordering.nodes)) == ("raft", max(consenters, 1))
    why = reasons(imported)
    assert "Raft" in why["Profiles.Estate.Orderer.OrdererType"]
    numbered = [key for key in why if key.endswith(".ID")]
    assert len(numbered) == consenters


def test_organisations_that_a_topology_has_otherwise(examples: Path) -> None:
    def change(document: Any) -> None:
        estate = document["Profiles"]["Estate"]
        idle = json.loads(json.dumps(estate["Orderer"]["Organizations"][0]))
        idle |= {"Name": "Idle", "ID": "IdleMSP", "MSPDir": "idle", "OrdererEndpoints": ["idle:1"]}
        estate["Orderer"]["Organizations"].append(idle)
        estate["Application"]["Organizations"][1]["SkipAsForeign"] = True

    def grow(document: Any) -> None:
        document["OrdererOrgs"][0]["Template"] = {"Count": 2, "Hostname": "node{{.Index}}"}
        document["PeerOrgs"][0] |= {"Template": {"Count": 12}, "Users": {"Count": 2000}}
        document["PeerOrgs"][1]["EnableNodeOUs"] = False
        document["PeerOrgs"].append(
            {"Name": "Nobody", "Domain": "nobody.example", "Template": {"Count": 1}}
        )

    file = changed(examples / "configtx.yaml", change)
    crypto = changed(examples / "crypto-config.yaml", grow)
    imported = import_topology(file, crypto_configs=[crypto])
    topology = read_topology(imported.text, file)
    assert list(topology.departments) == ["Council", "Tax", "Land"]
    assert topology.departments["Tax"].peers == 9
    assert len(topology.departments["Tax"].users) == 1000
    why = reasons(imported)
    orderer, application = "Profiles.Estate.Orderer", "Profiles.Estate.Application"
    assert "runs no orderer" in why[f"{orderer}.Organizations.1"]
    assert "no organisation is foreign" in why[f"{application}.Organizations.1.SkipAsForeign"]
    assert "9 peers" in why[f"{application}.Organizations.0"]
    assert "of its orderers, 1 are consenters" in why["OrdererOrgs.0"]
    assert why["PeerOrgs.2"] == "is in no profile that was read"
    assert why["PeerOrgs.1.EnableNodeOUs"] == "certificates always have roles"
    assert "first 1000" in why["PeerOrgs.0.Users.Count"]
