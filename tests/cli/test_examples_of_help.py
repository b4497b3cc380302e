"""Every command's help shows examples, each example parses, and they work on the network of README.md."""

import json
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import typer
from pyfabric_cli.app import app
from pyfabric_cli.examples import EXAMPLES
from pyfabric_network.ports import free_base

from tests.support.extent import takes_long
from tests.support.paths import ROOT

Run = Callable[..., Any]
BLOCK = re.compile(r"^```\w+ (?P<name>\S+)\n(?P<body>.*?)^```$", re.MULTILINE | re.DOTALL)
LINES = [line for lines in EXAMPLES.values() for line in lines]
# What goes on until it is interrupted, needs Fabric's programs, or asks for a passphrase.
SINGLE_NODES = ("network start", "network stop", "network restart")
UPGRADES = "network upgrade"  # tests/system/test_upgrade.py
SNAPSHOTS = ("peer snapshot", "--snapshot")
# README's network has no contract of proposals: tests/system/test_channel_updates.py runs these.
PROPOSALS = ("--on-ledger", "update list", "update remove")
NOT_RUN = (
    "move-to-bft",  # needs four orderers: tests/system/test_move_to_bft.py
    "--follow",
    "--runtime native",
    "pyfabric clock",  # needs the contract city: docs/city.md
    "pyfabric data export",  # needs a contract that answers records: docs/data.md
    "--encrypt",
    "upgrade registry --collections",
    *SINGLE_NODES,
    UPGRADES,
    *SNAPSHOTS,
    *PROPOSALS,
)


def commands() -> dict[str, Any]:
    """Return every group and command by its path."""
    root = typer.main.get_command(app)
    context = root.make_context("pyfabric", ["network"])
    found, below = {"": root}, [("", root)]
    while below:
        path, group = below.pop()
        for name in group.list_commands(context) if hasattr(group, "commands") else ():
            inner = group.resolve_command(context, [name])[1]
            found[f"{path} {name}".strip()] = inner
            below.append((f"{path} {name}".strip(), inner))
    return found


COMMANDS = commands()


def arguments(line: str) -> list[str]:
    """Return the arguments of the `pyfabric` in a line of a shell."""
    return shlex.split(line.partition("pyfabric ")[2].partition(" > ")[0].rstrip(')"'))


def test_every_command_has_examples_and_every_example_a_command() -> None:
    assert set(EXAMPLES) == set(COMMANDS), "add its examples to pyfabric_cli/examples.py"


@pytest.mark.parametrize("command", EXAMPLES)
def test_a_help_shows_its_examples(run: Run, command: str) -> None:
    ended = run(*command.split(), "--help")
    assert (ended.code, ended.err) == (0, "")
    *_, shown = ended.out.partition("  Examples:\n")
    assert [line.strip() for line in shown.splitlines()][: len(EXAMPLES[command])] == list(
        EXAMPLES[command]
    )
    assert EXAMPLES[command]
    if not hasattr(COMMANDS[command], "commands"):
        assert all(f"pyfabric {command}" in line for line in EXAMPLES[command])


@pytest.mark.parametrize("line", LINES)
def test_an_example_parses(line: str) -> None:
    words = arguments(line)
    path = ""
    while words and f"{path} {words[0]}".strip() in COMMANDS:
        path = f"{path} {words.pop(0)}".strip()
    command = COMMANDS[path]
    assert not hasattr(command, "commands")
    command.make_context(path, words)


def _write_channel_files(folder: Path) -> None:
    """Write what the examples of `channel config` read: certificates, a list, a patch."""
    updates = ROOT / "tests/vectors/2-config-updates"
    for name, source in {
        "next-root.pem": "root-rollover/new-root.pem",
        "crl.pem": "msp-crl/crl.pem",
        "orderer1.pem": "_base/tls/orderer1.ord.test.crt",
    }.items():
        (folder / name).write_bytes((updates / source).read_bytes())
    policies = "/channel_group/groups/Application/policies"
    copied = {"op": "copy", "from": f"{policies}/Readers", "path": f"{policies}/Guests"}
    (folder / "guests.patch.json").write_text(json.dumps([copied]))


@pytest.fixture
def registry(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Provide a folder with the network and contract of README.md, and the files of other tools."""
    for page in ("README.md", "docs/importing.md"):
        for block in BLOCK.finditer((ROOT / page).read_text(encoding="utf-8")):
            (tmp_path / block["name"]).write_text(block["body"], encoding="utf-8")
    with (tmp_path / "city.yaml").open("a", encoding="utf-8") as topology:
        topology.write(f"base_port: {free_base(range(200))}\n")
    (tmp_path / "price.txt").write_text("88000")
    (tmp_path / "data-sets.csv").write_text("code,title\n306010,Parks\n306011,Trees\n")
    (tmp_path / "collections.yaml").write_text("- { name: drafts, policy: OR('TaxMSP.member') }")
    (tmp_path / "rents").mkdir()
    (tmp_path / "rents/package.json").write_text("{}")
    _write_channel_files(tmp_path)
    for name in ("PYFABRIC_STATE", "PYFABRIC_CONTEXT", "PYFABRIC_NETWORK"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("PATH", f"{Path(sys.executable).parent}:{os.environ['PATH']}")
    monkeypatch.chdir(tmp_path)
    yield tmp_path
    if (tmp_path / ".pyfabric/city").exists():
        subprocess.run(["pyfabric", "network", "down"], cwd=tmp_path, check=True)


@takes_long
@pytest.mark.usefixtures("registry")
def test_the_examples_work_in_their_order(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    for command, lines in EXAMPLES.items():
        if hasattr(COMMANDS[command], "commands"):
            continue
        for line in lines:
            if any(word in line for word in NOT_RUN):
                continue
            if line.startswith("pyfabric") and ">" not in line:
                ended = run(*[os.path.expandvars(word) for word in arguments(line)])
                assert ended.code == 0, f"{line}\n{ended.err}"
                if command == "network bundle":
                    monkeypatch.setenv("FINGERPRINT", ended.err.split(": ")[-1].strip())
                if line.endswith("fees.tgz") and command == "chaincode package":
                    monkeypatch.setenv("PACKAGE_ID", re.search(r"fees_1:\w+", ended.out)[0])
            else:
                subprocess.run(["bash", "-o", "pipefail", "-c", line], check=True)
        if command == "events":
            newest = run("ledger", "block", "-o", "json").json()
            monkeypatch.setenv("ID", newest["transactions"][0]["transaction_id"])
            genesis = run("ledger", "block", "0", "-o", "json").json()
            monkeypatch.setenv("GENESIS_HASH", genesis["hash"])
