"""The updates that bring a channel from one topology to another, for any two topologies of the same departments."""

import json
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from fabric_protos.common import configtx_pb2
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from pyfabric_network.channels.towards import Update, updates_towards
from pyfabric_network.material.genesis import channel_config, channel_model
from pyfabric_network.material.keys import make_material
from pyfabric_network.topology.plan import Plan, make_plan
from pyfabric_network.topology.spec import Topology

from pyfabric.admin.channels import Difference, SetPolicy, differences, edit_config
from pyfabric.errors import ConfigError
from pyfabric.messages.decoding import decode
from pyfabric.rules.configuration.channel_config import ChannelConfig
from pyfabric.rules.consensus.raft import Membership, membership_changes
from tests.support.extent import extent, takes_long

DEPARTMENTS = ("Tax", "Health", "Land", "Zoo")
CHANNEL = "bills"


@st.composite
def topologies(draw: st.DrawFn) -> Topology:
    """Draw a topology of a channel: who is in it, who orders, and how."""
    orderers = draw(st.lists(st.sampled_from(DEPARTMENTS), min_size=1, max_size=5))
    counted = Counter(orderers)
    nodes = [name for name in DEPARTMENTS for _ in range(min(counted[name], 2))]
    members = draw(st.lists(st.sampled_from(DEPARTMENTS[1:]), unique=True, max_size=3))
    policies = draw(
        st.dictionaries(
            st.sampled_from(["Audit", "Endorsement", "Review"]),
            st.sampled_from(["ANY Admins", "MAJORITY Endorsement", "ALL Readers"]),
        )
    )
    acls = draw(
        st.dictionaries(
            st.sampled_from(["event/Block", "peer/Propose", "qscc/GetChainInfo"]),
            st.sampled_from(["Readers", "Writers", "/Channel/Application/Admins"]),
        )
    )
    return topology(
        nodes,
        ["Tax", *members],
        policies=policies,
        acls=acls,
        max_messages=draw(st.sampled_from([10, 500])),
        fabric=draw(st.sampled_from(["2.5", "3.1"])),
    )


def topology(
    nodes: list[str],
    members: list[str],
    *,
    policies: dict[str, str] | None = None,
    acls: dict[str, str] | None = None,
    max_messages: int = 500,
    fabric: str = "3.1",
    consensus: str = "raft",
) -> Topology:
    channel: dict[str, Any] = {
        "departments": members,
        "policies": policies or {},
        "acls": acls or {},
    }
    return Topology.model_validate_json(
        json.dumps(
            {
                "name": "city",
                "fabric": fabric,
                "departments": {name: {} for name in DEPARTMENTS},
                "ordering": {
                    "consensus": consensus,
                    "nodes": nodes,
                    "batch": {"max_messages": max_messages},
                },
                "channels": {CHANNEL: channel},
            }
        )
    )


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Provide a folder with the keys of every node that there may be."""
    root = tmp_path_factory.mktemp("towards")
    everyone = [name for name in DEPARTMENTS for _ in range(2)]
    make_material(plan(topology(everyone, [*DEPARTMENTS]), root), now=datetime.now(UTC))
    return root


def plan(one: Topology, root: Path) -> Plan:
    return make_plan(one, root, base_port=17000)


def config(one: Topology, root: Path) -> bytes:
    planned = plan(one, root)
    return channel_config(planned, planned.channels[CHANNEL]).SerializeToString()


def updates(before: Topology, after: Topology, present: bytes, root: Path) -> tuple[Update, ...]:
    models = (
        channel_model(planned, planned.channels[CHANNEL])
        for planned in (plan(before, root), plan(after, root))
    )
    return updates_towards(*models, present)


def read(raw: bytes) -> ChannelConfig:
    return ChannelConfig(decode(configtx_pb2.Config, raw), channel_id=CHANNEL)


def consenters(raw: bytes) -> set[str]:
    return {f"{one.host}:{one.port}" for one in read(raw).consenters}


@takes_long
@settings(max_examples=extent(8, 25), phases=[Phase.generate])
@given(topologies(), topologies(), st.integers(0, 100))
def test_the_updates_lead_from_any_topology_to_any_other(
    root: Path, before: Topology, after: Topology, interrupted: int
) -> None:
    present = config(before, root)
    needed = updates(before, after, present, root)
    for number, update in enumerate(needed):
        if number == interrupted % len(needed):
            assert updates(before, after, present, root) == needed[number:]
        changed = edit_config(present, update.edits)
        old, new = read(present), read(changed)
        membership_changes(Membership.first(len(old.consenters)), old.consenters, new.consenters)
        _check_reached(new)
        _check_removals(old, new, update)
        present = changed
    assert updates(before, after, present, root) == ()
    wanted = config(after, root)
    assert consenters(present) == consenters(wanted)
    left = {one.path for one in differences(present, wanted) if not _is_empty(one)}
    assert left <= {"/Channel/Orderer/ConsensusType", *_reordered(present, wanted)}


def _is_empty(difference: Difference) -> bool:
    """Return whether it is ACLs without an entry, instead of none."""
    shown = difference.before or {}
    return difference.path.endswith("/ACLs") and not shown["value"] and not difference.after


def _check_reached(new: ChannelConfig) -> None:
    """Clients are sent to consenters only: others refuse, and gateways do not try again."""
    serving = {f"{one.host}:{one.port}" for one in new.consenters}
    for organization in new.orderer_organizations.values():
        assert all(one in serving or one.endswith(":9") for one in organization.endpoints)
        assert organization.endpoints


def _check_removals(old: ChannelConfig, new: ChannelConfig, update: Update) -> None:
    members = [
        (
            set(one.orderer_organizations),
            set(one.application_organizations),
            {c.node for c in one.consenters},
        )
        for one in (old, new)
    ]
    taken = [before - after for before, after in zip(*members, strict=True)]
    assert update.removes or not any(taken)


def _reordered(present: bytes, wanted: bytes) -> set[str]:
    """Return the endpoints that are the same in another order: later orderers come last."""
    now, then = read(present).orderer_organizations, read(wanted).orderer_organizations
    return {
        f"/Channel/Orderer/{msp_id}/Endpoints"
        for msp_id in now.keys() & then.keys()
        if sorted(now[msp_id].endpoints) == sorted(then[msp_id].endpoints)
    }


@settings(max_examples=10, phases=[Phase.generate])
@given(topologies())
def test_the_same_topology_needs_nothing(root: Path, one: Topology) -> None:
    assert updates(one, one, config(one, root), root) == ()


@settings(max_examples=10, phases=[Phase.generate])
@given(topologies(), topologies())
def test_what_departments_have_changed_themselves_stays(
    root: Path, before: Topology, after: Topology
) -> None:
    own = SetPolicy("/Channel/Application/Own", "ANY Admins")
    present = edit_config(config(before, root), [own])
    for update in updates(before, after, present, root):
        present = edit_config(present, update.edits)
    assert edit_config(present, [own]) == edit_config(present, [])
    assert not differences(present, edit_config(present, [own]))


def test_another_consensus_is_a_procedure_of_its_own(root: Path) -> None:
    nodes = ["Tax", "Health", "Land", "Zoo"]
    raft, bft = (topology(nodes, ["Tax"], consensus=one) for one in ("raft", "bft"))
    with pytest.raises(ConfigError, match="pyfabric channel move-to-bft"):
        updates(raft, bft, config(raft, root), root)


def test_orderers_of_bft_come_and_go_too(root: Path) -> None:
    before = topology(["Tax", "Health", "Land", "Zoo"], ["Tax"], consensus="bft")
    after = topology(["Tax", "Tax", "Health", "Land"], ["Tax"], consensus="bft")
    present = config(before, root)
    for update in updates(before, after, present, root):
        present = edit_config(present, update.edits)
        numbers = [one.number for one in read(present).consenters]
        assert len(set(numbers)) == len(numbers)
    assert consenters(present) == consenters(config(after, root))
    assert updates(before, after, present, root) == ()
