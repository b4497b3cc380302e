"""Topologies from fablo files: written for versions 1 and 2, in JSON and YAML."""

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from pyfabric_network.importing.reading import Imported, import_topology
from pyfabric_network.topology.loading import read_topology
from pyfabric_network.topology.spec import Topology

from pyfabric.errors import ConfigError, NetworkError
from tests.support.network.imported_channels import plan_of, write_examples


def read(folder: Path, document: Any) -> tuple[Topology, dict[str, str]]:
    """Return the topology of a document, and what was left out of it, with the reason."""
    file = folder / "fablo-config.yaml"
    file.write_text(yaml.safe_dump(document, sort_keys=False))
    imported = import_topology(file)
    return read_topology(imported.text, file), reasons(imported)


def reasons(imported: Imported) -> dict[str, str]:
    return {one.path: one.reason for one in imported.left_out}


def network(**changes: Any) -> dict[str, Any]:
    """Return a small network of fablo, with other sections in place of its own."""
    return {
        "global": {"fabricVersion": "2.5.9", "tls": True},
        "orgs": [
            {
                "organization": {"name": "Orderer", "domain": "orderer.example.com"},
                "orderers": [{"groupName": "group1", "type": "raft", "instances": 1}],
            },
            organization("Org1", 2),
            organization("Org2", 1),
        ],
        "channels": [
            {
                "name": "my-channel1",
                "orgs": [
                    {"name": "Org1", "peers": ["peer0", "peer1"]},
                    {"name": "Org2", "peers": ["peer0"]},
                ],
            }
        ],
        "chaincodes": [],
        **changes,
    }


def organization(name: str, peers: int, **more: Any) -> dict[str, Any]:
    own = {"name": name, "domain": f"{name.lower()}.example.com"}
    return {"organization": own, "peer": {"instances": peers}, **more}


def orderers(kind: str, count: int, group: str = "group1") -> dict[str, Any]:
    return {"groupName": group, "type": kind, "instances": count}


def test_a_small_network(tmp_path: Path) -> None:
    topology, left_out = read(tmp_path, network())
    assert topology.fabric == "2.5"
    assert {name: one.peers for name, one in topology.departments.items()} == {
        "Orderer": 0,
        "Org1": 2,
        "Org2": 1,
    }
    assert topology.departments["Org1"].anchor_peers == 2  # fablo's default: all
    assert topology.msp_ids("Orderer") == ("OrdererMSP",)
    assert topology.channels["my-channel1"].departments == ("Org1", "Org2")
    assert set(left_out) == {f"orgs.{index}.organization.domain" for index in range(3)}


def test_json_and_yaml_are_the_same(tmp_path: Path) -> None:
    (tmp_path / "one.json").write_text(json.dumps(network()))
    (tmp_path / "one.yaml").write_text(yaml.safe_dump(network()))
    assert import_topology(tmp_path / "one.json") == import_topology(tmp_path / "one.yaml")


def test_what_a_topology_does_not_hold_is_named(tmp_path: Path) -> None:
    settings_of_all = {
        "fabricVersion": "2.4.7",
        "tls": False,
        "peerDevMode": True,
        "engine": "kubernetes",
        "monitoring": {"loglevel": "debug"},
        "tools": {"explorer": True},
        "fabricImages": {"peer": "hyperledger/fabric-peer"},
    }
    first = organization(
        "Org1", 12, ca={"prefix": "ca", "db": "postgres"}, tools={"fabloRest": True}
    )
    first["peer"] |= {"db": "CouchDb", "prefix": "p", "anchorPeerInstances": 1}
    orgs = network()["orgs"]
    topology, left_out = read(
        tmp_path,
        network(
            **{"global": settings_of_all},
            orgs=[
                {**orgs[0], "orderers": [orderers("solo", 1)]},
                first,
                orgs[2],
                organization("No", 0),
            ],
            hooks={"postGenerate": "echo"},
            unheard={"of": [{"it": 1}]},
        ),
    )
    assert (topology.departments["Org1"].peers, topology.departments["Org1"].anchor_peers) == (9, 1)
    assert topology.ordering.consensus == "raft"
    assert set(left_out) == {
        *(f"global.{key}" for key in settings_of_all),
        *(f"orgs.{index}.organization.domain" for index in range(4)),
        "orgs.0.orderers.0.type",
        *(f"orgs.1.{key}" for key in ("peer.instances", "peer.db", "peer.prefix", "ca.prefix")),
        *("orgs.1.ca.db", "orgs.1.tools"),
        "orgs.3",
        "channels.0.orgs.0.peers",
        "hooks",
        "unheard.of.0.it",
    }
    assert left_out["unheard.of.0.it"] == "has no counterpart in a topology"
    assert "solo" in left_out["orgs.0.orderers.0.type"]


def test_older_files_have_one_orderer_and_network_settings(tmp_path: Path) -> None:
    document = network()
    document["networkSettings"] = document.pop("global")
    document["orgs"][0] = {
        "organization": {"name": "Root", "mspName": "RootOrderers", "domain": "root.example.com"},
        "orderer": {"prefix": "orderer", "consensus": "etcdraft", "instances": 3},
    }
    topology, _ = read(tmp_path, document)
    assert topology.ordering.nodes == ("Root", "Root", "Root")
    assert topology.msp_ids("Root") == ("RootOrderers",)


def test_more_orderers_than_one_department_runs(tmp_path: Path) -> None:
    document = network(**{"global": {"fabricVersion": "3.1.0"}})
    document["orgs"][0]["orderers"] = [orderers("BFT", 7)]
    topology, left_out = read(tmp_path, document)
    assert topology.ordering.consensus == "bft"
    assert topology.ordering.nodes == (*["Orderer"] * 3, *["Orderer2"] * 3, "Orderer3")
    older, named = read(tmp_path, {**document, "global": {"fabricVersion": "2.5.9"}})
    assert (older.fabric, named["global.fabricVersion"][:9]) == ("3.1", "BFT needs")
    assert "at most 3 orderers" in left_out["orgs.0.orderers"]
    document["orgs"][0]["orderers"] = [orderers("BFT", 3)]
    topology, left_out = read(tmp_path, document)
    assert topology.ordering.consensus == "raft"
    assert "needs 4 orderers" in left_out["orgs.0.orderers.0.type"]


def test_groups_of_orderers_across_organisations(tmp_path: Path) -> None:
    """Give all channels the group of the first one, which may have orderers of several organisations."""
    document = network()
    document["orgs"][0]["orderers"] = [orderers("solo", 1, "other"), orderers("raft", 1, "city")]
    document["orgs"][1]["orderers"] = [orderers("raft", 2, "city")]
    document["channels"][0]["ordererGroup"] = "city"
    document["channels"].append(
        {
            "name": "second_one",
            "ordererGroup": "other",
            "orgs": [{"name": "Org1", "peers": ["peer0", "peer1"]}],
        }
    )
    topology, left_out = read(tmp_path, document)
    assert topology.ordering.nodes == ("Orderer", "Org1", "Org1")
    assert topology.msp_ids("Org1") == ("Org1MSP", "Org1OrdererMSP")
    assert list(topology.channels) == ["my-channel1", "second-one"]
    assert {
        "orgs.0.orderers.0",
        "channels.1.ordererGroup",
        "channels.1.name",
        "orgs.1.orderers",
    } <= set(left_out)


def chaincode(name: str, **more: Any) -> dict[str, Any]:
    return {
        "name": name,
        "version": "0.0.1",
        "lang": "node",
        "channel": "my-channel1",
        "directory": f"./{name}",
        **more,
    }


def test_chaincodes_are_served_elsewhere(tmp_path: Path) -> None:
    rule = "AND('Org1MSP.member', 'Org2MSP.member')"
    shared = {"name": "shared", "orgNames": ["Org1", "Org2"]}
    topology, left_out = read(
        tmp_path,
        network(
            chaincodes=[
                chaincode("deeds", endorsement=rule, privateData=[shared], initRequired=True),
                chaincode("taxes", lang="ccaas", image="taxes:1", init='{"Args":[]}'),
            ]
        ),
    )
    deeds = topology.contracts["deeds"]
    assert (deeds.endorsement, deeds.init_required, deeds.classes) == (rule, True, ())
    assert set(deeds.addresses) == {"Org1", "Org2"}
    addresses = [
        one for contract in topology.contracts.values() for one in contract.addresses.values()
    ]
    assert len(set(addresses)) == 4
    (collection,) = topology.collections("deeds")
    assert collection.policy == "OR('Org1MSP.member', 'Org2MSP.member')"
    assert collection.maximum_peer_count == 3  # all anchor peers of the channel
    assert collection.required_peer_count == 1  # those of the member with the fewest
    assert collection.member_only_read
    assert collection.member_only_write
    assert {f"chaincodes.1.{key}" for key in ("lang", "image", "directory", "init")} <= set(
        left_out
    )


def test_one_definition_on_several_channels(tmp_path: Path) -> None:
    document = network()
    document["channels"].append({"name": "second", "orgs": [{"name": "Org2", "peers": ["peer0"]}]})
    document["chaincodes"] = [
        chaincode("deeds"),
        chaincode("deeds", channel="second"),
        chaincode("taxes"),
        chaincode("taxes", channel="second", version="0.0.2"),
        chaincode("lost", channel="third"),
    ]
    topology, left_out = read(tmp_path, document)
    assert topology.channels["my-channel1"].contracts == ("deeds", "taxes")
    assert topology.channels["second"].contracts == ("deeds",)
    assert "one definition" in left_out["chaincodes.3"]
    assert "its channel is not in the file" in left_out["chaincodes.4"]


def test_policies_that_no_topology_has_are_left_out(tmp_path: Path) -> None:
    """Leave out what the checks of topologies refuse, and keep the rest of the contract."""
    topology, left_out = read(
        tmp_path,
        network(
            chaincodes=[
                chaincode("one", endorsement="AND ('Org1.member')"),
                chaincode("two", endorsement="AND("),
                chaincode("three", privateData=[{"name": "gone", "orgNames": ["Org9"]}]),
                chaincode("four", privateData=[{"name": "alone", "orgNames": ["Org2"]}]),
            ]
        ),
    )
    assert [one.endorsement for one in topology.contracts.values()] == [None] * 4
    assert "Org1 is not in the channel" in left_out["chaincodes.0.endorsement"]
    assert "is not a policy" in left_out["chaincodes.1.endorsement"]
    assert "no department named Org9" in left_out["chaincodes.2.privateData.0"]
    assert list(topology.contracts["four"].collections) == ["alone"]


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"orgs": []}, "no organisation runs orderers"),
        ({"orgs": {}}, "orgs: must be a list"),
        ({"orgs": [organization("Org1", 1)]}, "no organisation runs orderers"),
        (
            {"orgs": [{"organization": {}}]},
            "orgs.0.organization.name: must be a text (it is missing)",
        ),
        ({"channels": []}, "channels: needs at least one channel"),
        ({"global": {"fabricVersion": "latest"}}, "fabricVersion: must be a version"),
        ({"global": None, "orgs": None}, "orgs"),
        ({"channels": [{"name": "c", "orgs": []}]}, "needs at least one department"),
    ],
)
def test_what_is_no_network_is_refused(tmp_path: Path, changes: dict[str, Any], says: str) -> None:
    with pytest.raises(ConfigError) as caught:
        read(tmp_path, network(**changes))
    assert says in str(caught.value)
    assert str(caught.value).startswith(str(tmp_path))


def test_files_of_neither_tool(tmp_path: Path) -> None:
    file = tmp_path / "other.yaml"
    for text, says in (("a: 1", "neither a fablo file"), ("[1]", "must be an object")):
        file.write_text(text)
        with pytest.raises(ConfigError, match=says):
            import_topology(file)
    file.write_text("{")
    with pytest.raises(NetworkError, match="neither JSON nor YAML"):
        import_topology(file)
    file.write_text(yaml.safe_dump(network()))
    with pytest.raises(ConfigError, match=r"go with a configtx\.yaml"):
        import_topology(file, profiles={"Main": ""})


def test_the_page_shows_a_network_that_can_be_made(tmp_path: Path) -> None:
    write_examples(tmp_path)
    imported = import_topology(tmp_path / "fablo-config.json", name="registers")
    plan = plan_of(imported, tmp_path / "state")
    assert plan.name == "registers"
    assert len(plan.peers) == 3


names = st.from_regex(r"[A-Za-z0-9]{1,40}", fullmatch=True)
documents = st.builds(
    lambda orderers, members, version, channel: network(
        **{"global": {"fabricVersion": version, "tls": True}},
        orgs=[*orderers, *members],
        channels=[
            {
                "name": channel,
                "orgs": [
                    {"name": one["organization"]["name"], "peers": ["peer0"]} for one in members
                ],
            }
        ],
        chaincodes=[chaincode("one", channel=channel)],
    ),
    st.lists(
        st.builds(
            lambda name, kind, count: {
                "organization": {"name": f"O{name}", "domain": "o.example"},
                "orderers": [orderers(kind, count)],
            },
            names,
            st.sampled_from(["solo", "raft", "BFT"]),
            st.integers(1, 8),
        ),
        min_size=1,
        max_size=3,
        unique_by=lambda one: one["organization"]["name"],
    ),
    st.lists(
        st.builds(lambda name, peers: organization(f"P{name}", peers), names, st.integers(1, 12)),
        min_size=1,
        max_size=5,
        unique_by=lambda one: one["organization"]["name"],
    ),
    st.sampled_from(["1.4.3", "2.4.0", "2.5.12", "3.0.0", "3.1"]),
    st.from_regex(r"[a-z0-9_-]{1,20}", fullmatch=True),
)


@settings(max_examples=40)
@given(document=documents)
def test_every_network_of_fablo_becomes_one(document: Any, tmp_path_factory: Any) -> None:
    """Give every member and orderer its place, under names that topologies take."""
    file = tmp_path_factory.getbasetemp() / "any.json"
    file.write_text(json.dumps(document))
    imported = import_topology(file)
    plan = plan_of(imported, file.parent / "state")
    assert len(plan.orderers) == sum(
        part["instances"] for one in document["orgs"] for part in one.get("orderers", [])
    )
    members = [one["peer"]["instances"] for one in document["orgs"] if "peer" in one]
    (channel,) = plan.channels.values()
    assert [len(one.peers) for one in channel.departments] == [min(count, 9) for count in members]
