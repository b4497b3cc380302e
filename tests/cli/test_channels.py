"""`pyfabric channel`: what a channel's configuration is, and what differs between two."""

import json
from pathlib import Path

import pytest
from pyfabric_network.network import Network

from tests.cli.conftest import Run
from tests.support.paths import ROOT

VECTORS = ROOT / "tests/vectors/2-config-updates"
BASE = VECTORS / "_base"


@pytest.fixture
def channel(network: Network) -> str:
    return next(iter(network.plan.channels))


@pytest.mark.usefixtures("state")
def test_the_channels_of_a_peer(run: Run, channel: str) -> None:
    (row,) = run("channel", "list", "-o", "json").json()
    height = run("ledger", "height", "-o", "json").json()
    assert row == {key: height[key] for key in ("channel", "height", "current_hash")}
    assert run("channel", "list").out.splitlines()[1].split()[:2] == [channel, str(row["height"])]


@pytest.mark.usefixtures("state")
def test_a_live_channel_is_shown(run: Run, network: Network, channel: str) -> None:
    shown = run("channel", "show").out
    assert "etcdraft, STATE_NORMAL" in shown
    for title in ("organizations", "consenters", "policies"):
        assert f"\n{title}\n" in shown
    assert "/Channel/Application/LifecycleEndorsement" in shown
    view = run("channel", "show", "-o", "json").json()
    assert view["channel"] == channel
    assert {one["name"] for one in view["organizations"] if one["section"] == "application"} == {
        one.msp_id for one in network.plan.channels[channel].departments
    }
    (consenter,) = view["consenters"]
    assert consenter["address"] == str(network.plan.orderers[0].inside)
    assert consenter["server_tls"]["expires"]


@pytest.mark.parametrize("name", ["config.pb", "config.json", "genesis.block"])
def test_a_configuration_in_a_file_is_shown(run: Run, name: str) -> None:
    view = run("channel", "show", str(BASE / name), "-o", "json").json()
    assert view["channel"] == ("ledger1" if name == "genesis.block" else "")
    assert view["batch"]["max_message_count"] == 50
    assert len(view["consenters"]) == 3
    again = run("channel", "show", str(BASE / name), "--json").json()
    assert again == json.loads((BASE / "config.json").read_text())


def test_differences_of_files_in_words_and_as_json(run: Run) -> None:
    before, after = (str(VECTORS / "batch" / f"{name}.pb") for name in ("original", "modified"))
    assert run("channel", "diff", before, after).out.splitlines()[1:] == [
        (
            "/Channel/Orderer/BatchSize     BatchSize of Orderer: max_message_count 50 → 99; "
            "preferred_max_bytes 2097152 → 1048576"
        ),
        "/Channel/Orderer/BatchTimeout  BatchTimeout of Orderer: timeout 2s → 350ms",
    ]
    found = run("channel", "diff", before, after, "-o", "json").json()
    assert found[1]["after"] == {"mod_policy": "Admins", "value": {"timeout": "350ms"}}
    same = run("channel", "diff", before, before)
    assert (same.code, same.out, same.err) == (0, "", "no differences\n")


def test_what_an_update_of_fabrics_tools_changes(run: Run) -> None:
    original, modified, update = (
        str(VECTORS / "several" / f"{name}.pb") for name in ("original", "modified", "update")
    )
    found = run("channel", "diff", original, update, "-o", "json").json()
    assert found == run("channel", "diff", original, modified, "-o", "json").json()
    assert len(found) == 5
    other = run(
        "channel", "diff", str(BASE / "genesis.block"), str(VECTORS / "live/accepted-acl/update.pb")
    )
    assert other.code == 3
    assert "ConfigUpdate for channel" in other.err


@pytest.mark.usefixtures("state")
def test_the_live_channel_against_its_genesis_block_and_its_topology(
    run: Run, network: Network, channel: str
) -> None:
    block = str(network.plan.channels[channel].block)
    assert run("channel", "diff", block).err == "no differences\n"
    assert run("channel", "diff", "live", "topology", "-o", "json").json() == []
    topology = network.state.topology
    text = topology.read_text()
    try:
        topology.write_text(text.replace("timeout: 20ms", "timeout: 20ms, max_messages: 7"))
        (found,) = run("channel", "diff", "live", "topology", "-o", "json").json()
    finally:
        topology.write_text(text)
    assert found["words"].startswith("BatchSize of Orderer: max_message_count")
    try:
        more = text.replace("  Health: {}", "  Health: {}\n  Water: {}")
        topology.write_text(more.replace("[Tax, Health]", "[Tax, Health, Water]"))
        (found,) = run("channel", "diff", "live", "topology", "-o", "json").json()
    finally:
        topology.write_text(text)
    assert found["words"].startswith("organisation WaterMSP added: AnchorPeers: 127.0.0.1:")
    assert run("channel", "diff", "live", "topology", "--channel", "sea").code == 6


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"", "no configuration is in it: it must be a configuration block"),
        (b"\xff\xff", "no configuration is in it: it must be"),
        (b"{", "not JSON"),
        (b'{"channel_group": 1}', "no configuration is in it: common.Config.channel_group"),
        (b'{"header": {"number": "0"}}', "block 0 is not a config block"),
    ],
)
def test_files_that_hold_no_configuration(
    run: Run, tmp_path: Path, content: bytes, problem: str
) -> None:
    file = tmp_path / "file"
    file.write_bytes(content)
    ended = run("channel", "show", str(file))
    assert ended.code == 3
    assert f"{file}: {problem}" in ended.err
    assert run("channel", "diff", str(tmp_path / "absent"), str(file)).code == 3
