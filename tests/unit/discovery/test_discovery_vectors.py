"""Responses of real peers to Fabric's discover program, computed again from the same channel."""

import json
from typing import Any

import pytest
from fabric_protos.peer import proposal_response_pb2
from google.protobuf import json_format

from pyfabric.errors import PolicyError
from pyfabric.rules.configuration.channel_config import ChannelConfig
from pyfabric.rules.discovery.config import config_result
from pyfabric.rules.discovery.endorsement import ChannelView
from pyfabric.rules.discovery.wording import interest_text
from tests.unit.discovery.conftest import load

QUERIES = load("case.json")["queries"]
ENDORSERS = [one for one in QUERIES if one["args"][0] == "endorsers"]
REFUSAL = "server returned: failed constructing descriptor for "


def test_all_queries_are_replayed() -> None:
    # 16 queries for endorsers, config and two for peers here; what a peer denies is in test_service.
    assert len(QUERIES) == 21
    assert len(ENDORSERS) == 16
    assert sum("file" in one for one in ENDORSERS) == 12


def _flags(arguments: list[str], flag: str) -> list[str]:
    return [arguments[at + 1] for at, one in enumerate(arguments) if one == flag]


def _interest(arguments: list[str]) -> proposal_response_pb2.ChaincodeInterest:
    collections = dict(one.split(":") for one in _flags(arguments, "--collection"))
    quiet = _flags(arguments, "--noPrivateReads")
    return proposal_response_pb2.ChaincodeInterest(
        chaincodes=[
            proposal_response_pb2.ChaincodeCall(
                name=name,
                collection_names=collections.get(name, "").split(",")
                if name in collections
                else [],
                no_private_reads=name in quiet,
            )
            for name in _flags(arguments, "--chaincode")
        ]
    )


def _named(groups: Any, layouts: Any) -> Any:
    """Return layouts and groups without the groups' arbitrary numbers."""
    by_peers = {name: tuple(sorted(peers)) for name, peers in groups.items()}
    return (
        sorted(by_peers.values()),
        sorted(
            sorted((by_peers[name], quantity) for name, quantity in one.items()) for one in layouts
        ),
    )


@pytest.mark.parametrize("query", ENDORSERS, ids=lambda query: query["slug"])
def test_endorsers(query: Any, view: ChannelView[str]) -> None:
    interest = _interest(query["args"])
    if "error" in query:
        with pytest.raises(PolicyError):
            view.endorsers(interest)
        assert REFUSAL + interest_text(interest) == query["error"]
        return
    (expected,) = load(query["file"])
    found = view.endorsers(interest)
    assert found.chaincode == expected["Chaincode"]
    groups = {
        name: [peer["Endpoint"] for peer in peers]
        for name, peers in expected["EndorsersByGroups"].items()
    }
    layouts = [one["quantities_by_group"] for one in expected["Layouts"]]
    assert _named(found.groups, found.layouts) == _named(groups, layouts)


def test_config(config: ChannelConfig) -> None:
    expected = load("config.json")
    found = json.loads(
        json_format.MessageToJson(config_result(config.raw), preserving_proto_field_name=True)
    )
    assert found == expected
    assert len(found["msps"]) == 4


def test_membership(view: ChannelView[str]) -> None:
    nothing = proposal_response_pb2.ChaincodeInterest()
    expected = load("peers.json")
    assert {one.endorser for one in view.authorized(nothing)} == {
        peer["Endpoint"] for peer in expected
    }
    assert {peer["Endpoint"] for peer in load("peers-local.json")} == {
        peer["Endpoint"] for peer in expected
    }
