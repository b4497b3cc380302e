"""The commands on a running network: tables for people, JSON for programs."""

import base64
import io
import os
import re
import shlex
import signal
import subprocess
import sys
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest
import typer
import yaml
from pyfabric_cli.app import app
from pyfabric_cli.doctor_command import foreign_owners
from pyfabric_network.network import Network

Run = Callable[..., Any]
PYFABRIC = [sys.executable, "-c", "from pyfabric_cli.main import main; main()"]


def test_init_copies_a_topology_out_and_never_over_a_file(run: Run, tmp_path: Path) -> None:
    target = tmp_path / "mine.yaml"
    ended = run("network", "init", "--to", str(target))
    assert ended.code == 0
    assert f"pyfabric network up {target}" in ended.err
    assert target.read_bytes() == Path("network/quickstart.yaml").read_bytes()
    target.write_text("mine")
    assert run("network", "init", "--to", str(target)).code == 3
    assert target.read_text() == "mine"


def test_render_writes_a_project_for_docker_compose(run: Run, tmp_path: Path) -> None:
    ended = run("network", "render", "city", "--to", str(tmp_path / "compose"))
    assert ended.code == 0
    for name in ("compose.yaml", "nodes.yaml"):
        committed = Path("network/compose") / name
        assert (tmp_path / "compose" / name).read_text() == committed.read_text()
        assert f"wrote {tmp_path / 'compose' / name}" in ended.err


def test_up_again_shows_the_nodes_and_says_where_the_keys_are(
    run: Run, network: Network, state: Path
) -> None:
    ended = run("network", "up", str(network.state.topology), "-o", "json")
    assert ended.code == 0
    names = [node["node"] for node in ended.json()]
    assert names[:3] == ["orderer0.tax", "peer0.tax", "peer0.health"]
    shown = [name.partition("+")[0] for name in names[3:]]
    assert shown == ["ca.tax", "ca.health", "sample_1.0", "sample_1.0"]
    assert "up small: keys and certificates (1/6)" in ended.err.splitlines()
    assert f"made in one place ({state}/small): for development" in ended.err


def test_a_dry_run_shows_what_is_left_to_do(
    run: Run, network: Network, state: Path, tmp_path: Path
) -> None:
    file = str(network.state.topology)
    nothing = run("network", "up", file, "--dry-run", "-o", "json", "--state", str(state))
    assert (nothing.json(), nothing.err) == ([], "nothing to do\n")
    anew = run("network", "up", file, "--dry-run", "--base-port", "0", "--state", str(tmp_path))
    assert anew.code == 0
    assert ["start", "peer0.health"] in [line.split() for line in anew.out.splitlines()]
    assert not list(tmp_path.iterdir())


@pytest.mark.usefixtures("state")
def test_a_network_keeps_its_runtime(run: Run, network: Network) -> None:
    refused = run("network", "up", str(network.state.topology), "--runtime", "native")
    assert refused.code == 4
    assert "small was made for the embedded runtime" in refused.err


def test_programs_of_fabric_are_looked_for_where_the_environment_says(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FABRIC_BIN", str(tmp_path / "bin"))
    monkeypatch.setenv("PYFABRIC_RUNTIME", "native")
    refused = run("network", "up", "--base-port", "0", "--state", str(tmp_path / "state"))
    assert refused.code == 4
    assert f"Fabric's program peer is not in {tmp_path / 'bin'}" in refused.err
    monkeypatch.setenv("PYFABRIC_RUNTIME", "nothing")
    assert "PYFABRIC_RUNTIME: input should be" in run("network", "up").err


@pytest.mark.usefixtures("state")
def test_status_in_both_forms(run: Run) -> None:
    table = run("network", "status")
    assert table.code == 0
    assert table.out.splitlines()[0].split() == [
        "node",
        "department",
        "address",
        "state",
        "channels",
    ]
    assert "peer0.health" in table.out
    nodes = run("network", "status", "-o", "json").json()
    assert {node["state"] for node in nodes} == {"up"}
    assert all(node["channels"]["bills"] >= 3 for node in nodes[:3])


@pytest.mark.usefixtures("state")
def test_invoke_query_and_what_the_ledger_tells_of_it(run: Run) -> None:
    done = run("chaincode", "invoke", "sample", "put", "colour", "蓝", "-o", "json").json()
    assert done["result"] == "蓝"
    query = run("chaincode", "query", "sample", "get", "colour", "--context", "Health")
    assert query.out == "蓝\n"
    facts = run("ledger", "tx", done["transaction_id"], "-o", "json").json()
    assert facts["block_number"] == done["block_number"]
    assert facts["arguments"] == ["colour", "蓝"]
    assert (facts["code"], facts["creator"], facts["function"]) == ("VALID", "TaxMSP", "put")
    assert set(facts["endorsers"]) == {"TaxMSP", "HealthMSP"}
    assert {
        "namespace": "sample", "key": "colour", "deleted": False, "value": "蓝",
    } in facts["writes"]  # fmt: skip
    assert (facts["user"], facts["timestamp"][:2]) == ("clerk@tax", "20")
    assert facts["reads"][0]["namespace"] == "_lifecycle"
    block = run("ledger", "block", str(done["block_number"]), "-o", "json").json()
    assert [each["transaction_id"] for each in block["transactions"]] == [done["transaction_id"]]
    table = run("ledger", "tx", done["transaction_id"])
    assert "colour" in table.out
    assert run("ledger", "block").out.startswith("number")


@pytest.mark.usefixtures("state")
def test_values_of_a_transaction_are_json_text_or_digits_and_cut(run: Run) -> None:
    def written(value: str, form: str = "json") -> Any:
        done = run("chaincode", "invoke", "sample", "put", "value", value, "-o", "json").json()
        shown = run("ledger", "tx", done["transaction_id"], "-o", form)
        return shown.json()["writes"][0]["value"] if form == "json" else shown.out

    assert written('{"a": [1, null]}') == {"a": [1, None]}
    assert written("not {json") == "not {json"
    assert written("\x01") == "0x01"
    assert written("x" * 3000) == "x" * 1000 + "… (3000 bytes)"
    table = written('{"a": 1}', "table")
    assert '  no       {"a": 1}\n' in table
    assert "user            clerk@tax\n" in table
    assert "\nwrites\nnamespace" in table


@pytest.mark.usefixtures("state")
def test_the_trace_of_a_transaction(run: Run) -> None:
    done = run("chaincode", "invoke", "sample", "put", "traced", "x", "-o", "json").json()
    steps = run("ledger", "trace", done["transaction_id"], "-o", "json").json()
    assert {step["department"] for step in steps} == {"TaxMSP", "TaxOrdererMSP", "HealthMSP", ""}
    assert steps[0]["did"] == "asked sample for put('traced', 'x')"
    assert steps[1]["writes"] == ["'traced' of sample = 'x'"]
    words = run("ledger", "trace", done["transaction_id"]).out
    assert "peer0.health (HealthMSP) endorsed it\n  read" in words
    assert words.endswith(f"into block {done['block_number']} as transaction 0: it is valid\n")


@pytest.mark.usefixtures("state")
def test_what_query_prints_can_be_decoded(run: Run, tmp_path: Path) -> None:
    file, printed = tmp_path / "result", tmp_path / "printed"
    ask = ("chaincode", "query", "qscc", "GetBlockByNumber", "bills", "0")
    wrote = run(*ask, "--to", str(file))
    assert wrote.err.endswith(f"wrote {file}: {file.stat().st_size} bytes\n")
    shown = run("message", "decode", str(file)).json()
    assert shown["header"]["number"] == "0"
    base64_lines = base64.b64encode(file.read_bytes()) + b"\n"
    for content in (run(*ask).out.encode(), run(*ask, "-o", "json").out.encode(), base64_lines):
        printed.write_bytes(content)
        assert run("message", "decode", str(printed)).json() == shown


@pytest.mark.usefixtures("state")
def test_a_block_as_json_and_back(run: Run, tmp_path: Path) -> None:
    file, again, text = tmp_path / "first.block", tmp_path / "again.block", tmp_path / "first.json"
    assert run("ledger", "block", "0", "--to", str(file)).code == 0
    shown = run("message", "decode", str(file))
    group = shown.json()["data"]["data"][0]["payload"]["data"]["config"]["channel_group"]
    assert sorted(group["groups"]) == ["Application", "Orderer"]
    text.write_text(shown.out)
    assert (
        f"{again}: a common.Block of" in run("message", "encode", str(text), "--to", str(again)).err
    )
    assert run("message", "decode", str(again)).json() == shown.json()
    complete = run("message", "decode", str(file), "--complete").json()
    assert complete["metadata"]["metadata"][0]["value"]["last_config"] == {"index": "0"}
    assert "protos.SignedProposal" in run("message", "types").out.splitlines()


@pytest.mark.usefixtures("state")
def test_how_blocks_are_cut(run: Run) -> None:
    for cutting in ("at-once", "by-batch"):
        assert (
            run("network", "blocks", cutting).err == f"blocks are cut {cutting.replace('-', ' ')}\n"
        )


@pytest.mark.usefixtures("state")
def test_snapshots_and_dumps(run: Run, tmp_path: Path) -> None:
    def value() -> str:
        return run("chaincode", "query", "sample", "get", "kept").out.strip()

    run("chaincode", "invoke", "sample", "put", "kept", "one")
    assert "pyfabric network revert fresh" in run("network", "snapshot", "fresh").err
    run("chaincode", "invoke", "sample", "put", "kept", "two")
    assert "private data of all departments" in run("network", "dump", str(tmp_path / "two")).err
    assert run("network", "revert", "fresh").code == 0
    assert value() == "one"
    assert run("network", "load", str(tmp_path / "two")).code == 0
    assert value() == "two"


@pytest.mark.usefixtures("state")
def test_height_grows_by_a_block(run: Run) -> None:
    before = run("ledger", "height", "-o", "json").json()
    run("chaincode", "invoke", "sample", "put", "a", "b")
    after = run("ledger", "height", "-o", "json").json()
    assert after["height"] == before["height"] + 1
    assert after["previous_hash"] == before["current_hash"]


@pytest.mark.usefixtures("state")
def test_a_user_is_chosen_by_option(run: Run) -> None:
    assert run("chaincode", "query", "sample", "role").out == "clerk\n"
    assert run("chaincode", "query", "sample", "role", "--user", "Admin").out == "\n"


@pytest.mark.usefixtures("state")
def test_calls_warn_of_code_that_was_edited_and_not_deployed(run: Run, network: Network) -> None:
    calls = (("invoke", "sample", "put", "a", "b"), ("query", "sample", "get", "a"))
    assert not any("warning" in run("chaincode", *call).err for call in calls)
    module = network.state.topology.parent / "sample.py"
    before = module.read_text()
    module.write_text(before + "\n")
    try:
        for call in calls:
            told = run("chaincode", *call)
            assert told.code == 0
            assert f"the code of sample beside {network.state.topology} was edited" in told.err
        refused = run("chaincode", "deploy")
    finally:
        module.write_text(before)
    assert refused.code == 4
    assert "sample on bills: its code differs from version 1.0+" in refused.err


@pytest.mark.usefixtures("state")
def test_list_deploy_and_metadata(run: Run) -> None:
    listed = run("chaincode", "list", "-o", "json").json()
    assert [(one["name"], one["endorsement"]) for one in listed] == [
        ("sample", "/Channel/Application/Endorsement")
    ]
    assert re.fullmatch(r"1\.0\+[0-9a-f]{32}", listed[0]["version"])
    deployed = run("chaincode", "deploy", "-o", "json")
    assert [one["changed"] for one in deployed.json()] == [False]
    assert "deploy: sample on bills (2/2)" in deployed.err.splitlines()
    table = [line.split() for line in run("chaincode", "metadata", "sample").out.splitlines()]
    assert ["sample:put", "transaction", "key:", "string,", "value:", "string", "string"] in table
    assert ["sample:role", "query", "string"] in table
    assert "sample" in run("chaincode", "metadata", "sample", "-o", "json").json()["contracts"]


@pytest.mark.usefixtures("state")
def test_events_of_the_past_and_on_from_a_checkpoint(run: Run, tmp_path: Path) -> None:
    file = str(tmp_path / "seen.json")
    watch = ("events", "--chaincode", "sample", "--checkpoint", file, "-o", "json")
    run("chaincode", "invoke", "sample", "put", "first", "1")
    lines = run(*watch).out.splitlines()
    assert '"payload": "first"' in lines[-1]
    assert run(*watch).out == ""
    run("chaincode", "invoke", "sample", "put", "second", "2")
    run("chaincode", "invoke", "sample", "put", "third", "3")
    assert ['"second"' in line or '"third"' in line for line in run(*watch).out.splitlines()] == [
        True,
        True,
    ]


@pytest.mark.usefixtures("state")
def test_blocks_of_the_past_and_on_from_a_checkpoint(run: Run, tmp_path: Path) -> None:
    height = run("ledger", "height", "-o", "json").json()["height"]
    file = str(tmp_path / "seen.json")
    first = run("events", "--checkpoint", file)
    assert first.out.splitlines()[0].startswith("0  ")
    assert first.out.splitlines()[-1].startswith(f"{height - 1}  ")
    assert run("events", "--checkpoint", file).out == ""
    assert (
        run("events", "--start", str(height - 1), "-o", "json").json()["block_number"] == height - 1
    )


@pytest.mark.usefixtures("state")
def test_following_goes_on_until_interrupted() -> None:
    command = [*PYFABRIC, "events", "--follow", "--start", "0", "-o", "json"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as following:
        assert following.stdout is not None
        assert '"block_number": 0' in following.stdout.readline()
        assert '"block_number": 1' in following.stdout.readline()
        following.send_signal(signal.SIGINT)
        following.stdout.read()
        assert following.wait(timeout=30) == 130


@pytest.mark.usefixtures("state")
def test_contexts_are_listed_shown_made_and_removed(run: Run, network: Network) -> None:
    listed = run("context", "list", "-o", "json").json()
    assert [(one["name"], one["current"]) for one in listed] == [
        ("small/Tax", "*"),
        ("small/Health", ""),
    ]
    shown = run("context", "show", "Tax", "-o", "json").json()
    assert (shown["msp_id"], shown["users"]) == ("TaxMSP", ["Admin", "clerk"])
    admin = str(network.plan.departments["Health"].admin.msp)
    made = run(
        "context", "set", "mine", "--profile", listed[1]["profile"], "--user", admin,
        "--channel", "bills",
    )  # fmt: skip
    assert made.code == 0
    assert run("chaincode", "query", "sample", "role", "-c", "mine").out == "\n"
    assert run("context", "set", "mine", "--channel", "other").code == 0
    assert run("context", "show", "mine", "-o", "json").json()["channel"] == "other"
    assert run("context", "use", "mine").code == 0
    assert run("context", "remove", "mine").code == 0
    assert run("ledger", "height").code == 3
    assert run("context", "use", "Tax").err == "now acting as small/Tax\n"


@pytest.mark.usefixtures("state")
def test_a_profile_in_both_forms(run: Run) -> None:
    profile = run("network", "profile", "Health").json()
    assert profile["organizations"]["Health"]["mspid"] == "HealthMSP"
    assert yaml.safe_load(run("network", "profile", "Health", "--format", "yaml").out) == profile


@pytest.mark.usefixtures("state")
def test_logs(run: Run) -> None:
    assert "development ledger: not for production" in run("network", "logs").out


def test_down_asks_before_it_deletes(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    state = ("--state", str(tmp_path))
    assert run("network", "up", "--base-port", "0", *state).code == 0
    monkeypatch.setattr("sys.stdin", io.StringIO("n\n"))
    declined = run("network", "down", "--delete", *state)
    assert declined.code == 1
    assert run("network", "status", *state).code == 0
    ended = run("network", "down", *state)
    assert (ended.code, ended.err.splitlines()[-1]) == (0, "quickstart is down")
    down = run("network", "status", *state)
    assert down.code == 4
    assert run("network", "up", *state).code == 0
    assert " stopped\n" in down.out
    assert "orderer0.econinfo does not run" in down.err
    assert run("network", "down", "--delete", "--yes", *state).code == 0
    assert not (tmp_path / "quickstart").exists()


def test_doctor_reports_versions_and_who_else_owns_the_name(run: Run, tmp_path: Path) -> None:
    ended = run("doctor", "-o", "json", "--state", str(tmp_path))
    assert (ended.code, ended.json()["pyfabric-ledger"]) == (10, version("pyfabric-ledger"))
    assert "there is no network or context" in ended.err
    assert foreign_owners(["pyfabric-ledger", "PyFabric_Ledger", "pyfabric"]) == ["pyfabric"]


def test_the_version_is_that_of_the_distribution(run: Run) -> None:
    assert run("--version").out == f"pyfabric-ledger {version('pyfabric-ledger')}\n"


def test_a_mistyped_group_is_answered_with_its_likely_name(run: Run) -> None:
    ended = run("netwrok", "up")
    assert ended.code == 2
    assert "Did you mean 'network'?" in ended.err


def test_a_group_in_the_overview_has_the_help_of_its_own(run: Run) -> None:
    overview = " ".join(run("--help").out.split())
    for name, part in type(typer.main.get_command(app)).parts.items():  # type: ignore[attr-defined]
        assert f"{name} {part.help}" in overview
        assert part.help in " ".join(run(name, "--help").out.split())


def test_completion_is_installed_for_the_shell_that_asks(tmp_path: Path) -> None:
    done = subprocess.run(
        ["bash", "-c", f"{shlex.join(PYFABRIC)} --install-completion; exit $?"],
        env={"HOME": str(tmp_path)}, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    script = (tmp_path / ".bash_completions" / "pyfabric.sh").read_text(encoding="utf-8")
    assert "_PYFABRIC_COMPLETE=complete_bash" in script


@pytest.mark.usefixtures("state")
def test_a_terminal_gets_a_bar_and_other_places_get_lines(network: Network) -> None:
    terminal, other_end = os.openpty()
    with os.fdopen(terminal, "rb", buffering=0) as shown:
        done = subprocess.run(
            [*PYFABRIC, "network", "up", str(network.state.topology)],
            stdout=subprocess.PIPE, stderr=other_end, timeout=60, check=False,
        )  # fmt: skip
        os.close(other_end)
        said = shown.read(65536)
    assert done.returncode == 0
    assert b"\x1b[" in said
    assert b"(1/6)" not in said


@pytest.mark.usefixtures("state")
def test_the_environment_of_fabric_s_own_programs_in_both_forms(run: Run) -> None:
    shell = run("network", "env", "Tax")
    variables = run("network", "env", "Tax", "-o", "json").json()
    assert shell.out.splitlines() == [f"export {name}={value}" for name, value in variables.items()]
    assert variables["CORE_PEER_LOCALMSPID"] == "TaxMSP"
    assert run("network", "env", "Taxi").code == 4


@pytest.mark.parametrize(
    ("line", "offered"),
    [
        ("pyfabric netw", ["network"]),
        ("pyfabric network up qui", ["quickstart"]),
        ("pyfabric network down -n sm", ["small"]),
        ("pyfabric context use Ta", ["Tax"]),
        ("pyfabric context use sm", ["small/Tax", "small/Health"]),
        ("pyfabric chaincode deploy ", ["sample"]),
        ("pyfabric chaincode query --context Health s", ["sample"]),
        ("pyfabric chaincode deploy --network other s", ["sample"]),
        ("pyfabric chaincode query --context nobody s", ["sample"]),
        ("pyfabric events --chaincode sam", ["sample"]),
        ("pyfabric network up --runtime na", ["native"]),
        ("pyfabric network down -n sm --state nowhere -n s", []),
    ],
)
def test_the_shell_completes(state: Path, line: str, offered: list[str]) -> None:
    environment = {
        "_PYFABRIC_COMPLETE": "complete_bash",
        "COMP_WORDS": line,
        "COMP_CWORD": str(line.count(" ")),
        "PYFABRIC_STATE": str(state),
    }
    done = subprocess.run(
        PYFABRIC, env=environment, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.stdout.split() == offered
