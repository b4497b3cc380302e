"""Users and nodes that were removed from the topology: their certificates and contexts are not forgotten."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from pyfabric_network.contexts import Contexts
from pyfabric_network.department_contexts import add_contexts
from pyfabric_network.material.former import former_warnings
from pyfabric_network.material.keys import make_material
from pyfabric_network.profile import write_profiles
from pyfabric_network.topology.loading import load_topology
from pyfabric_network.topology.plan import Plan, make_plan

from tests.support.network.network import TOPOLOGY, write_topology

NOW = datetime(2026, 11, 30, tzinfo=UTC)
FULL = TOPOLOGY.replace("  Health: {}", "  Health: { peers: 2 }")


def plan(folder: Path, text: str) -> Plan:
    topology = load_topology(write_topology(folder, text))
    return make_plan(topology, folder / "state" / "small", base_port=17000)


@pytest.fixture
def before(tmp_path: Path) -> Plan:
    made = plan(tmp_path, FULL)
    make_material(made, now=NOW)
    write_profiles(made)
    add_contexts(made, tmp_path / "state")
    return made


def test_all_that_the_topology_has_is_fine(before: Plan, tmp_path: Path) -> None:
    assert former_warnings(before, now=NOW) == ()
    assert add_contexts(before, tmp_path / "state") == ()


def test_a_removed_user_is_valid_until_revoked(before: Plan, tmp_path: Path) -> None:
    clerk = before.departments["Tax"].users["clerk"]
    peer = before.departments["Health"].peers[1].member
    after = plan(tmp_path, TOPOLOGY.replace("clerk: { attributes: { role: clerk } }", "other: {}"))
    make_material(after, now=NOW)
    found = former_warnings(after, now=NOW)
    assert [text.partition(" is valid until 2036-11-27, though ")[0] for text in found] == [
        str(clerk.certificate),
        str(peer.certificate),
    ]
    assert all(
        "accept it until it is revoked (`pyfabric identity revoke`)" in text for text in found
    )
    assert found[0].endswith(f"delete {clerk.folder}")
    assert former_warnings(after, now=NOW + timedelta(days=3651)) == ()


def test_changed_attributes_leave_the_earlier_certificate_to_be_revoked(
    before: Plan, tmp_path: Path
) -> None:
    clerk = before.departments["Tax"].users["clerk"]
    earlier = clerk.certificate.read_bytes()
    after = plan(tmp_path, FULL.replace("role: clerk", "role: guest"))
    make_material(after, now=NOW)
    (text,) = former_warnings(after, now=NOW)
    kept = Path(text.partition(" is valid until")[0])
    assert kept.read_bytes() == earlier
    assert clerk.certificate.read_bytes() != earlier
    assert text.endswith(f"delete {kept}")


def test_a_context_of_a_removed_user_gets_another_one(before: Plan, tmp_path: Path) -> None:
    contexts = Contexts(tmp_path / "state")
    own = contexts.all()["small/Tax"]
    contexts.put("mine", own)
    contexts.put("elsewhere", type(own)(own.profile, "/msp/of/somebody", own.channel))
    after = plan(tmp_path, FULL.replace("clerk: { attributes: { role: clerk } }", "other: {}"))
    write_profiles(after)
    told = add_contexts(after, tmp_path / "state")
    assert {name: one.user for name, one in contexts.all().items()} == {
        "small/Tax": "other",
        "mine": "other",
        "elsewhere": "/msp/of/somebody",
        "small/Health": "Admin",
    }
    assert [text.partition(" was of clerk, whom ")[0] for text in told] == [
        "the context small/Tax",
        "the context mine",
    ]
