"""Single nodes, logs, log levels and metrics, as an operator uses them on the embedded runtime."""

from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from pyfabric_network.network import Network

from tests.cli.conftest import Run

NODES = (
    "orderer0.tax",
    "peer0.tax",
    "peer0.health",
    "ca.tax",
    "ca.health",
    "contracts.tax",
    "contracts.health",
)


@pytest.mark.parametrize("command", ["start", "stop", "restart"])
def test_nodes_of_one_process_are_not_started_or_stopped_alone(
    run: Run, state: Path, command: str
) -> None:
    refused = run("network", command, "peer0.tax")
    assert refused.code == 4
    assert "its nodes are one process" in refused.err
    assert "use the native or the compose runtime" in refused.err


@pytest.mark.parametrize("command", ["start", "stop", "restart", "logs", "log-level", "metrics"])
def test_an_unknown_node_is_answered_with_those_there_are(
    run: Run, state: Path, command: str
) -> None:
    refused = run("network", command, "peer7.tax")
    assert refused.code == 4
    assert (
        f"no node of this machine is named peer7.tax; there are: {', '.join(NODES)}" in refused.err
    )


def test_logs_are_chosen_by_level_time_and_count(run: Run, network: Network, state: Path) -> None:
    warning = "development ledger: not for production"
    assert warning in run("network", "logs").out
    assert warning in run("network", "logs", "--level", "warn").out
    assert warning not in run("network", "logs", "--level", "error").out
    assert run("network", "logs", "--tail", "0").out == ""
    assert warning in run("network", "logs", "--since", "1d").out
    later = (datetime.now().astimezone() + timedelta(hours=1)).isoformat()
    assert run("network", "logs", "--since", later).out == ""
    wrong = run("network", "logs", "--since", "yesterday")
    assert (wrong.code, "neither a duration" in wrong.err) == (2, True)
    refused = run("network", "logs", "peer0.tax")
    assert (refused.code, "leave their names out" in refused.err) == (4, True)


def test_levels_of_logs_are_shown_and_changed(run: Run, network: Network, state: Path) -> None:
    shown = run("network", "log-level", "-o", "json")
    assert [row["node"] for row in shown.json()] == list(NODES)
    try:
        changed = run(
            "network", "log-level", "peer0.tax", "pyfabric.ledger=debug:info", "-o", "json"
        )
        assert changed.json() == [{"node": "peer0.tax", "levels": "pyfabric.ledger=debug:info"}]
    finally:
        run("network", "log-level", "peer0.tax", "info")
    refused = run("network", "log-level", "peer0.tax", "very-loud")
    assert (refused.code, "very-loud" in refused.err) == (6, True)


def test_metrics_are_chosen_by_node_and_name(run: Run, network: Network, state: Path) -> None:
    one = run(
        "network", "metrics", "peer0.tax", "--match", "blockchain_height", "-o", "json"
    ).json()
    assert [(row["metric"], row["labels"]) for row in one] == [
        ("ledger_blockchain_height", {"channel": "bills"})
    ]
    assert one[0]["value"] >= 2
    everyone = run("network", "metrics", "--match", "process_open_fds", "-o", "json").json()
    assert [row["node"] for row in everyone] == list(NODES)
    table = run("network", "metrics", "peer0.tax", "--match", "blockchain_height").out
    assert "channel=bills" in table


def test_nodes_that_do_not_answer_are_named_after_those_that_do(
    run: Run, network: Network, state: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    answering = network.operations()["peer0.tax"]
    silent = replace(answering, address="127.0.0.1:1")
    endpoints = {"peer0.health": silent, "peer0.tax": answering}
    monkeypatch.setattr(Network, "operations", lambda _: endpoints)
    found = run("network", "metrics", "--match", "process_open_fds", "-o", "json")
    assert [row["node"] for row in found.json()] == ["peer0.tax"]
    assert (found.code, "peer0.health: UNAVAILABLE" in found.err) == (4, True)
