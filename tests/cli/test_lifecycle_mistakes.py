"""What the lifecycle commands say of wrong input, and how they reach a department's peers."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from pyfabric_cli.exits import ExitCode
from pyfabric_network.ports import free_base

Run = Callable[..., Any]
pytestmark = pytest.mark.usefixtures("state")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Provide a working folder with a few files."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "cc").mkdir()
    (tmp_path / "cc/connection.json").write_text('{"address": "127.0.0.1:9"}')
    (tmp_path / "junk.tgz").write_bytes(b"junk")
    (tmp_path / "broken.json").write_text("{")
    (tmp_path / "broken.yaml").write_text("- a: [")
    (tmp_path / "text.yaml").write_text("words")
    (tmp_path / "binary.yaml").write_bytes(b"\xff\xfe")
    (tmp_path / "other.json").write_text('{"name": "other", "version": "1", "sequence": 1}')
    (tmp_path / "odd.json").write_text('{"name": "sample", "sequence": 1}')
    (tmp_path / "key.pem").write_text("no certificate")
    return tmp_path


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize(
    ("line", "code", "says"),
    [
        ("package x_1", ExitCode.INPUT, "say what to package: one of --folder, --address and --contract"),
        ("package x_1 --folder cc --address a:1", ExitCode.INPUT, "one of --folder, --address and --contract"),
        ("package --folder cc --type ccaas", ExitCode.INPUT, "give the package a label"),
        ("package x_1 --folder cc", ExitCode.INPUT, "say with --type what is in the folder"),
        ("package x_1 --folder nowhere --type node", ExitCode.INPUT, "nowhere is not a folder"),
        ("package _x --folder cc --type ccaas", ExitCode.INPUT, "invalid label '_x'"),
        ("package x_1 --address a:1 --tls-roots key.pem", ExitCode.INPUT, "key.pem"),
        ("package --contract nothing", ExitCode.NETWORK, "no contract named nothing in small; there are: sample"),
        ("package-id junk.tgz", ExitCode.INPUT, "junk.tgz: peers refuse this package: error reading as gzip stream"),
        ("install junk.tgz", ExitCode.INPUT, "peers refuse this package"),
        ("install nowhere.tgz", ExitCode.INPUT, "nowhere.tgz"),
        ("installed --peer peer7.tax", ExitCode.INPUT, "Tax has no peer peer7.tax; there are: peer0.tax"),
        ("get-package sample_0:00", ExitCode.REFUSED, "chaincode install package 'sample_0:00' not found"),
        ("installed --user clerk", ExitCode.REFUSED, "The identity is not an admin under this MSP"),
        ("approve new", ExitCode.INPUT, "new is not defined on bills yet: give it a version"),
        ("approve new --version 1", ExitCode.INPUT, "Tax runs no package for version 1 of new yet: name one with --package"),
        ("approve sample --version 9", ExitCode.INPUT, "Tax runs no package for version 9"),
        ("approve new --version 1 --package junk.tgz", ExitCode.INPUT, "peers refuse this package"),
        ("approve new --version 1 --package junk.tgz --package-id x:1", ExitCode.INPUT, "give either --package or --package-id"),
        ("approve sample --definition other.json", ExitCode.INPUT, "other.json is the definition of other, not of sample"),
        ("approve sample --definition odd.json", ExitCode.INPUT, "odd.json: the chaincode definition lacks version"),
        ("approve sample --definition other.json --version 2", ExitCode.INPUT, "leave out the options for its fields"),
        ("approve sample --collections broken.json", ExitCode.INPUT, "broken.json: is not JSON"),
        ("approve sample --collections broken.yaml", ExitCode.INPUT, "broken.yaml: is neither JSON nor YAML"),
        ("approve sample --collections binary.yaml", ExitCode.INPUT, "binary.yaml: is not text in UTF-8"),
        ("approve sample --collections text.yaml", ExitCode.INPUT, "text.yaml: collections must be a list of objects"),
        ("approve sample --collections nowhere.yaml", ExitCode.INPUT, "nowhere.yaml"),
        ("approve sample --policy OR('TaxMSP.boss')", ExitCode.INPUT, "is no principal"),
        ("approve sample --policy Endorsement", ExitCode.INPUT, "'Endorsement' is no path of a channel's policy"),
        ("upgrade new --version 2", ExitCode.INPUT, "new is not defined on bills yet: `pyfabric chaincode approve` begins it"),
        ("upgrade sample --yes", ExitCode.INPUT, "nothing of sample changes"),
        ("readiness new", ExitCode.INPUT, "Tax has not approved new on bills"),
        ("commit new", ExitCode.INPUT, "Tax has not approved new on bills"),
        ("approved sample --sequence 7", ExitCode.INPUT, "Tax has not approved sequence 7 of sample on bills"),
        ("committed new", ExitCode.INPUT, "new is not defined on bills"),
    ],
)  # fmt: skip
def test_a_mistake_is_named_and_changes_nothing(
    run: Run, line: str, code: ExitCode, says: str
) -> None:
    height = run("ledger", "height", "-o", "json").out
    ended = run("chaincode", *line.split(" "))
    assert (ended.code, ended.out) == (code, "")
    assert says in ended.err
    assert run("ledger", "height", "-o", "json").out == height


@pytest.mark.usefixtures("folder")
def test_an_implicit_rule_that_no_policy_of_the_channel_has(run: Run) -> None:
    ended = run("chaincode", "approve", "sample", "--policy", "ANY Endorsement")
    assert ended.code == ExitCode.INPUT
    assert "no application policy of the channel is ANY Endorsement" in ended.err


def test_an_upgrade_that_is_declined_changes_nothing(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    import io

    height = run("ledger", "height", "-o", "json").out
    monkeypatch.setattr("sys.stdin", io.StringIO("n\n"))
    ended = run(
        "chaincode", "upgrade", "sample", "--policy", "AND('TaxMSP.peer', 'HealthMSP.peer')"
    )
    assert ended.code == ExitCode.FAULT
    assert "endorsement_policy: /Channel/Application/Endorsement becomes AND(" in ended.err
    assert "for Tax, Health? [y/N]" in ended.err
    assert run("ledger", "height", "-o", "json").out == height


def test_a_peer_that_is_not_reachable_is_passed_over(run: Run, folder: Path) -> None:
    profile = run("network", "profile", "Tax", "--format", "json").json()
    gone = json.loads(json.dumps(profile["peers"]["peer0.tax"]))
    gone["url"] = f"grpcs://127.0.0.1:{free_base(range(1))}"
    profile["peers"]["gone.tax"] = gone
    gone["grpcOptions"] = {"ssl-target-name-override": "gone.tax"}
    profile["organizations"]["Tax"]["peers"] = ["gone.tax", "peer0.tax"]
    (folder / "profile.json").write_text(json.dumps(profile))
    run(
        "context",
        "set",
        "two",
        "--profile",
        "profile.json",
        "--user",
        "Admin",
        "--channel",
        "bills",
    )
    try:
        found = run("chaincode", "committed", "sample", "--context", "two", "-o", "json")
        assert found.json()["name"] == "sample"
        rows = run(
            "chaincode", "installed", "--peer", "peer0.tax", "--context", "two", "-o", "json"
        )
        assert {row["peer"] for row in rows.json()} == {"peer0.tax"}
        ended = run("chaincode", "installed", "--context", "two")
        assert ended.code == ExitCode.UNREACHABLE
    finally:
        run("context", "remove", "two")


def test_a_service_elsewhere_and_a_contract_of_the_topology_are_packaged(
    run: Run, folder: Path, network: Any
) -> None:
    (folder / "ca.pem").write_bytes(
        network.plan.departments["Tax"].peers[0].member.tls_roots.read_bytes()
    )
    line = ("chaincode", "package", "fees_1", "--address", "fees:9999", "--tls-roots", "ca.pem")
    made = run(*line, "--to", "fees.tgz", "-o", "json").json()
    assert run("chaincode", "package-id", "fees.tgz", "-o", "json").json() == {
        "label": "fees_1", "type": "ccaas", "package_id": made["package_id"], "files": ["connection.json"],
    }  # fmt: skip
    again = run(*line, "--to", "fees.tgz", "-o", "json").json()
    assert again == made
    contract = run("chaincode", "package", "--contract", "sample", "-o", "json").json()
    assert contract["package_id"] == network.plan.contracts["sample"].package.package_id
    assert (folder / contract["file"]).exists()
