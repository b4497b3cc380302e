"""Mistakes of users: one line on standard error, an exit code, no traceback."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from fabric_protos.common import common_pb2
from pyfabric_cli.exits import ExitCode, exit_code, exit_code_table

from pyfabric.errors import (
    CommitError,
    CommitStatusError,
    ConfigError,
    DecodeError,
    EndorseError,
    FabricError,
    IdentityError,
    LedgerError,
    NetworkError,
    OrdererError,
    PeerResponseError,
    StatusCode,
    SubmitError,
    ValidationCode,
)
from pyfabric.identity.issuing import CertificateAuthority
from pyfabric.identity.keys import generate_private_key, private_key_pem

Run = Callable[..., Any]


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (ConfigError("x"), ExitCode.INPUT),
        (DecodeError("x"), ExitCode.INPUT),
        (NetworkError("x"), ExitCode.NETWORK),
        (LedgerError("x"), ExitCode.NETWORK),
        (IdentityError("x"), ExitCode.IDENTITY),
        (EndorseError("x", code=StatusCode.ABORTED), ExitCode.REFUSED),
        (EndorseError("x", code=StatusCode.UNAVAILABLE), ExitCode.UNREACHABLE),
        (PeerResponseError("x", status=500), ExitCode.REFUSED),
        (OrdererError("x", status=400), ExitCode.REFUSED),
        (SubmitError("x", code=StatusCode.UNAVAILABLE), ExitCode.UNKNOWN_OUTCOME),
        (CommitStatusError("x", code=StatusCode.DEADLINE_EXCEEDED), ExitCode.UNKNOWN_OUTCOME),
        (
            CommitError(transaction_id="t", code=ValidationCode.MVCC_READ_CONFLICT, block_number=1),
            ExitCode.INVALID,
        ),
    ],
)
def test_each_kind_of_error_has_its_exit_code(error: FabricError, code: ExitCode) -> None:
    assert exit_code(error) is code


def test_the_documented_table_and_the_help_are_the_codes(run: Run) -> None:
    assert exit_code_table() in Path("docs/exit-codes.md").read_text(encoding="utf-8")
    assert exit_code_table().count("\n") == 2 + len(ExitCode)
    said = run("--help")
    assert said.code == 0
    for code in ExitCode:
        assert f" {code.value}  " in said.out


def one_line(ended: Any, code: ExitCode, *words: str) -> None:
    assert ended.code == code
    assert ended.out == ""
    assert ended.err.startswith("error: ")
    assert ended.err.count("\n") == 1
    for word in words:
        assert word in ended.err


def test_a_wrong_topology(run: Run, tmp_path: Path) -> None:
    file = tmp_path / "city.yaml"
    file.write_text("name: city\ndepartment: {}\n")
    ended = run("network", "up", str(file), "--state", str(tmp_path / "state"))
    one_line(ended, ExitCode.INPUT, f"{file}:2: department:", "did you mean departments?")
    assert not (tmp_path / "state").exists()


def test_a_topology_that_is_not_there(run: Run, tmp_path: Path) -> None:
    ended = run("network", "up", str(tmp_path / "none.yaml"), "--state", str(tmp_path))
    one_line(ended, ExitCode.INPUT, "none.yaml: no such file", "quickstart")


def test_a_wrong_setting(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYFABRIC_OUTPUT", "xml")
    one_line(run("network", "status"), ExitCode.INPUT, "PYFABRIC_OUTPUT", "'table' or 'json'")


def test_no_network_and_no_context(run: Run, tmp_path: Path) -> None:
    empty = str(tmp_path)
    one_line(
        run("network", "status", "--state", empty), ExitCode.NETWORK, "no networks", "network up"
    )
    one_line(run("ledger", "height", "--state", empty), ExitCode.INPUT, "no context is chosen")


def test_a_folder_that_cannot_be_written(run: Run, tmp_path: Path) -> None:
    (tmp_path / "state").write_text("a file, where a folder should be")
    ended = run("network", "up", "--base-port", "0", "--state", str(tmp_path / "state"))
    one_line(ended, ExitCode.INPUT, "state")


def test_a_wrong_command_line(run: Run) -> None:
    for arguments in (["network", "fly"], ["ledger", "block", "-1"], ["chaincode", "invoke"]):
        ended = run(*arguments)
        assert ended.code == ExitCode.USAGE
        assert "Traceback" not in ended.err


@pytest.mark.usefixtures("state")
@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        (["chaincode", "query", "other", "get"], ExitCode.REFUSED, "chaincode other in channel bills"),
        (["chaincode", "query", "sample", "fly"], ExitCode.REFUSED, "function that does not exist: fly"),
        (["chaincode", "invoke", "sample", "put", "a"], ExitCode.REFUSED, "Expected 2 parameters, but 1"),
        (["chaincode", "query", "sample", "get", "a", "--channel", "x"], ExitCode.UNREACHABLE, "channel [x]"),
        (["chaincode", "query", "sample", "get", "a", "-u", "nobody"], ExitCode.NETWORK, "no user nobody"),
        (["chaincode", "query", "sample", "get", "a", "-c", "Zoo"], ExitCode.INPUT, "no context is named Zoo"),
        (["chaincode", "invoke", "sample", "put", "a", "b", "--transient", "x"], ExitCode.INPUT, "KEY=VALUE"),
        (["chaincode", "deploy", "other"], ExitCode.NETWORK, "no contract named other"),
        (["ledger", "tx", "abc"], ExitCode.REFUSED, "no such transaction ID [abc]"),
        (["ledger", "trace", "abc"], ExitCode.NETWORK, "no node has seen a transaction abc"),
        (["network", "revert", "never"], ExitCode.NETWORK, "no snapshot is named never"),
        (["network", "load", "nothing"], ExitCode.NETWORK, "nothing: No such file or directory"),
        (["ledger", "block", "999999"], ExitCode.INPUT, "bills has blocks 0 to"),
        (["network", "profile", "Zoo"], ExitCode.NETWORK, "no department named Zoo"),
        (["network", "logs", "-n", "big"], ExitCode.NETWORK, "no network named big"),
        (["context", "use", "Zoo"], ExitCode.INPUT, "there are: small/Tax, small/Health"),
        (["context", "set", "new", "--user", "x"], ExitCode.INPUT, "needs --profile, --user and --channel"),
    ],
)  # fmt: skip
def test_on_a_running_network(run: Run, arguments: list[str], code: ExitCode, says: str) -> None:
    ended = run(*arguments)
    assert ended.code == code
    assert says in ended.err
    assert ended.err.splitlines()[-1].startswith("error: ")
    assert "Traceback" not in ended.err
    assert ended.out == ""


def test_a_message_that_is_none(run: Run, tmp_path: Path) -> None:
    file, missing = tmp_path / "file", str(tmp_path / "missing")
    file.write_bytes(b"\xff")
    for arguments, said in (
        (["decode", str(file)], "1 bytes are not a common.Block"),
        (["decode", str(file), "--type", "common.Blok"], "do you mean common.Block"),
        (["encode", str(file), "--to", missing], "not JSON"),
        (["decode", missing], "No such file"),
    ):
        ended = run("message", *arguments)
        assert ended.code == ExitCode.INPUT
        assert said in ended.err
    assert not Path(missing).exists()


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "is empty: it holds no message"),
        (b"\n", "is empty: it holds no message"),
        (
            common_pb2.Envelope(payload=b"\x0a\x02\x08\x01").SerializeToString(),
            "is not a common.Block but, perhaps, a message of another type: name it by --type",
        ),
        (
            common_pb2.BlockHeader(number=7, previous_hash=b"x").SerializeToString(),
            "not a common.Block",
        ),
        (b"abcd\n", "are not a common.Block"),
    ],
)
def test_only_a_block_is_shown_as_a_block(
    run: Run, tmp_path: Path, content: bytes, said: str
) -> None:
    file = tmp_path / "file"
    file.write_bytes(content)
    ended = run("message", "decode", str(file))
    assert (ended.code, ended.out) == (ExitCode.INPUT, "")
    assert said in ended.err


def test_a_message_may_end_with_a_newline_or_be_written_as_text(run: Run, tmp_path: Path) -> None:
    envelope = common_pb2.Envelope(payload=common_pb2.Payload(data=b"data").SerializeToString())
    raw, file = envelope.SerializeToString(), tmp_path / "file"
    file.write_bytes(raw)
    shown = run("message", "decode", str(file), "--type", "common.Envelope").json()
    for content in (raw + b"\n", raw.hex().encode() + b"\n", b"0x" + raw.hex().encode()):
        file.write_bytes(content)
        assert run("message", "decode", str(file), "--type", "common.Envelope").json() == shown


@pytest.mark.parametrize(
    "command",
    [
        ("chaincode", "query", "sample", "role"),
        ("chaincode", "invoke", "sample", "role"),
        ("events",),
        ("ledger", "height"),
    ],
)
def test_an_expired_identity_is_told_before_a_peer_is_asked(
    run: Run, state: Path, tmp_path: Path, command: tuple[str, ...]
) -> None:
    authority = CertificateAuthority.create(
        "ca", "Gone", now=datetime.now(UTC) - timedelta(days=9000)
    )
    key = generate_private_key()
    past = datetime.now(UTC) - timedelta(days=8000)
    certificate = authority.issue("gone", now=past, public_key=key.public_key(), unit="client")
    folder = tmp_path / "gone"
    for part, content in (("signcerts", certificate), ("keystore", private_key_pem(key))):
        (folder / part).mkdir(parents=True)
        (folder / part / "file.pem").write_bytes(content)
    ended = run(*command, "--user", str(folder))
    assert (ended.code, ended.out) == (ExitCode.IDENTITY, "")
    assert "expired at" in ended.err
