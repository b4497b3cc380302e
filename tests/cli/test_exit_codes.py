"""Every documented exit code occurs, and no other; with `-o json` errors are JSON, for all commands."""

import io
import json
import re
import signal
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import typer
from pyfabric_cli.app import app
from pyfabric_cli.exits import ExitCode, exit_code
from pyfabric_cli.settings import wants_json
from pyfabric_network.network import Network

from pyfabric import errors
from pyfabric.errors import (
    CAError,
    CommitError,
    DeliverError,
    DiscoveryError,
    FabricError,
    GatewayError,
    GoneError,
    OrdererError,
    PeerResponseError,
    PolicySyntaxError,
    StatusCode,
    TopologyError,
    ValidationCode,
)
from pyfabric.identity.issuing import CertificateAuthority
from pyfabric.identity.keys import generate_private_key, private_key_pem
from tests.support.network.network import TOPOLOGY, running_network

Run = Callable[..., Any]
PYFABRIC = [sys.executable, "-m", "pyfabric_cli"]
PUT = ("chaincode", "invoke", "sample", "put", "a")


def documented() -> set[int]:
    table = Path("docs/exit-codes.md").read_text(encoding="utf-8")
    return {int(code) for code in re.findall(r"^\| (\d+) \|", table, re.MULTILINE)}


def expired(folder: Path) -> str:
    """Return an MSP folder whose certificate expired long ago."""
    past = datetime.now(UTC) - timedelta(days=9000)
    authority = CertificateAuthority.create("ca", "Gone", now=past)
    key = generate_private_key()
    certificate = authority.issue("gone", now=past, public_key=key.public_key(), unit="client")
    for part, content in (("signcerts", certificate), ("keystore", private_key_pem(key))):
        (folder / part).mkdir(parents=True)
        (folder / part / "file.pem").write_bytes(content)
    return str(folder)


def declines(run: Run, _: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setattr("sys.stdin", io.StringIO("n\n"))
    return run("network", "down", "--delete", "-o", "json")


def interrupts(_: Run, __: Path, ___: pytest.MonkeyPatch) -> Any:
    command = [*PYFABRIC, "events", "--follow", "--start", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as following:
        assert following.stdout is not None
        following.stdout.readline()
        following.send_signal(signal.SIGINT)
        following.stdout.read()
        following.wait(timeout=30)
    return following.returncode


def sends_more_than_the_orderer_takes(run: Run, folder: Path, _: pytest.MonkeyPatch) -> Any:
    small = TOPOLOGY.replace("timeout: 20ms", "preferred_bytes: 10 KB, absolute_bytes: 20 KB")
    assert small != TOPOLOGY
    folder.mkdir()
    with running_network(folder, small) as network:
        return run(*PUT, "x" * 30_000, "-o", "json", "--state", str(network.folder))


def line(*arguments: str) -> Callable[[Run, Path, pytest.MonkeyPatch], Any]:
    return lambda run, _, __: run(*arguments, "-o", "json")


WAYS: dict[ExitCode, Callable[[Run, Path, pytest.MonkeyPatch], Any]] = {
    ExitCode.OK: line("network", "status"),
    ExitCode.FAULT: declines,
    ExitCode.USAGE: line("ledger", "block", "-1"),
    ExitCode.INPUT: line("context", "use", "Zoo"),
    ExitCode.NETWORK: line("network", "logs", "-n", "big"),
    ExitCode.IDENTITY: lambda run, folder, _: run(
        "ledger", "height", "--user", expired(folder), "-o", "json"
    ),
    ExitCode.REFUSED: line("chaincode", "query", "sample", "fly"),
    ExitCode.UNREACHABLE: line("chaincode", "query", "sample", "get", "a", "--channel", "x"),
    ExitCode.UNKNOWN_OUTCOME: sends_more_than_the_orderer_takes,
    ExitCode.INVALID: line(*PUT, "b", "--endorser", "TaxMSP"),
    ExitCode.UNCHECKED: line("doctor", "--context", "small/Tax"),
    ExitCode.INTERRUPTED: interrupts,
}


def test_the_documented_codes_are_those_that_there_are() -> None:
    assert documented() == set(ExitCode) == set(WAYS)


@pytest.mark.usefixtures("state")
@pytest.mark.parametrize("code", WAYS, ids=lambda code: str(int(code)))
def test_each_code_occurs(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: ExitCode
) -> None:
    ended = WAYS[code](run, tmp_path / "msp", monkeypatch)
    if code is ExitCode.INTERRUPTED:
        assert ended == code
        return
    assert ended.code == code
    if code in (ExitCode.OK, ExitCode.UNCHECKED):
        return
    assert ended.out == ""
    facts = json.loads(ended.err.splitlines()[-1])
    assert facts["exit_code"] == code
    assert facts["message"]
    assert "\n" not in facts["message"]


FACTS: dict[type[FabricError], dict[str, Any]] = {
    CAError: {"code": 20, "status": 401},
    DeliverError: {"status": 500},
    DiscoveryError: {"address": "a"},
    GoneError: {"why": "y", "instead": "z"},
    OrdererError: {"status": 500},
    PeerResponseError: {"status": 500},
    PolicySyntaxError: {"position": 1},
    TopologyError: {"file": None, "line": None, "key": ""},
}


def raised(kind: type[FabricError]) -> list[FabricError]:
    """Return errors of a kind: a gateway's, one for each code."""
    if issubclass(kind, GatewayError):
        return [kind("x", code=code) for code in StatusCode]
    if issubclass(kind, CommitError):
        return [kind(transaction_id="t", code=code, block_number=1) for code in ValidationCode]
    return [kind("x", **FACTS.get(kind, {}))]


def test_no_error_has_another_code() -> None:
    kinds = [kind for kind in vars(errors).values() if isinstance(kind, type)]
    found = [kind for kind in kinds if issubclass(kind, FabricError)]
    assert len(found) > 20
    for kind in found:
        for error in raised(kind):
            assert exit_code(error) in documented() - {0, 1, 2, 10, 130}


@pytest.mark.usefixtures("state")
def test_a_refusal_as_json_has_the_details_of_each_peer(run: Run, network: Network) -> None:
    ended = run("chaincode", "invoke", "sample", "put", "a", "-o", "json")
    assert (ended.code, ended.out) == (ExitCode.REFUSED, "")
    facts = json.loads(ended.err)
    assert facts["kind"] == "EndorseError"
    assert facts["code"] == "ABORTED"
    assert len(facts["transaction_id"]) == 64
    peer = str(network.plan.departments["Tax"].peers[0].outside)
    (detail,) = facts["details"]
    assert (detail["address"], detail["msp_id"]) == (peer, "TaxMSP")
    assert detail["message"].startswith("chaincode response 500, Expected 2 parameters, but 1")
    assert facts["message"].startswith("Expected 2 parameters, but 1")
    assert facts["message"].count("Expected 2 parameters") == 1


@pytest.mark.usefixtures("state")
def test_an_invalid_transaction_as_json_has_its_place(run: Run) -> None:
    facts = json.loads(run(*PUT, "b", "--endorser", "TaxMSP", "-o", "json").err)
    assert facts["code"] == "ENDORSEMENT_POLICY_FAILURE"
    assert facts["block_number"] > 1


def commands() -> list[str]:
    root = typer.main.get_command(app)
    context = root.make_context("pyfabric", ["network"])
    found = []
    below = [("", root)]
    while below:
        prefix, group = below.pop()
        names = group.list_commands(context) if hasattr(group, "commands") else []
        if not names:
            found.append(prefix.strip())
        for name in names:
            inner = group.resolve_command(context, [name])[1]
            below.append((f"{prefix} {name}", inner))
    return found


@pytest.mark.parametrize("command", commands())
def test_a_wrong_command_line_is_json_too(run: Run, command: str) -> None:
    ended = run(*command.split(), "-o", "json", "--zzz")
    assert (ended.code, ended.out) == (ExitCode.USAGE, "")
    assert json.loads(ended.err) == {
        "message": "No such option: --zzz",
        "kind": "UsageError",
        "exit_code": 2,
    }
    assert "Error: No such option" in run(*command.split(), "--zzz").err


def test_the_environment_asks_for_json(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYFABRIC_OUTPUT", "json")
    ended = run("netwrok")
    assert json.loads(ended.err)["message"].startswith("No such command 'netwrok'.")
    assert run("netwrok", "-o", "table").err.startswith("Usage: ")


@pytest.mark.parametrize(
    ("arguments", "wanted"),
    [
        ("ledger height -o json", True),
        ("ledger height -ojson", True),
        ("events -fo json", True),
        ("ledger height --output json", True),
        ("ledger height --output=json", True),
        ("-o json ledger height -o table", False),
        ("ledger height", False),
        ("chaincode query sample get -- -o json", False),
        ("chaincode query sample get json", False),
        ("ledger height -o", False),
    ],
)
def test_what_asks_for_json(arguments: str, wanted: bool) -> None:
    assert wants_json(arguments.split(), {}) is wanted
