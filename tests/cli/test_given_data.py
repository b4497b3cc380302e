"""Arguments and transient data from the command line, from files and from standard input."""

import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from pyfabric_cli.exits import ExitCode

Run = Callable[..., Any]
ASK = ("chaincode", "query", "sample", "transient", "-o", "json")


def options(*given: str) -> list[str]:
    return [part for one in given for part in ("--transient", one)]


@pytest.fixture
def standard_input(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(b"\xff from\nstdin\n")))


@pytest.mark.usefixtures("state", "standard_input")
@pytest.mark.parametrize("stdin", ["-", "@-"])
def test_values_are_taken_byte_for_byte(run: Run, tmp_path: Path, stdin: str) -> None:
    (tmp_path / "secret").write_bytes(b"\x00\xfe\r\n")
    given = options(f"file=@{tmp_path / 'secret'}", f"in={stdin}", "text=a=@b", "at=@@home", "no=")
    found = {key: bytes.fromhex(value) for key, value in run(*ASK, *given).json().items()}
    assert found == {
        "file": b"\x00\xfe\r\n",
        "in": b"\xff from\nstdin\n",
        "text": b"a=@b",
        "at": b"@home",
        "no": b"",
    }


@pytest.mark.usefixtures("state", "standard_input")
@pytest.mark.parametrize(
    ("given", "says"),
    [
        (["a=@nowhere"], "nowhere: No such file or directory"),
        (["a=-", "b=@-"], "standard input can be read once only"),
        (["a=1", "a=2"], "--transient a: is given twice"),
        (["=x"], "must be KEY=VALUE, KEY=@FILE or KEY=-"),
    ],
)
def test_what_cannot_be_read_is_refused_before_the_call(
    run: Run, given: list[str], says: str
) -> None:
    ended = run("chaincode", "invoke", "sample", "put", "a", "b", *options(*given))
    assert (ended.code, ended.out) == (ExitCode.INPUT, "")
    assert says in ended.err


@pytest.mark.usefixtures("state", "standard_input")
def test_an_argument_may_be_a_file_or_standard_input(run: Run, tmp_path: Path) -> None:
    (tmp_path / "value").write_text("两行\nof a file\n", encoding="utf-8")
    put = ("chaincode", "invoke", "sample", "put", "-o", "json")
    assert run(*put, "k", f"@{tmp_path / 'value'}").json()["result"] == "两行\nof a file\n"
    assert run(*put, "k", "@@home").json()["result"] == "@home"
    assert run(*put, "k", "-").json()["result"] == "-"
    assert "(value): is not valid UTF-8" in run(*put, "k", "@-").err  # it arrives byte for byte


@pytest.mark.usefixtures("state")
@pytest.mark.parametrize(
    ("given", "says"),
    [
        (("k", "@nowhere"), "nowhere: No such file or directory"),
        (("@-", "@-"), "standard input can be read once only"),
        (("@-", "v", "--transient", "a=-"), "standard input can be read once only"),
    ],
)
def test_an_argument_that_cannot_be_read_is_refused_before_the_call(
    run: Run, given: tuple[str, ...], says: str
) -> None:
    ended = run("chaincode", "query", "sample", "get", *given)
    assert (ended.code, ended.out) == (ExitCode.INPUT, "")
    assert says in ended.err


@pytest.mark.usefixtures("state")
def test_a_secret_without_its_key_is_not_printed(run: Run) -> None:
    assert "hunter2" not in run(*ASK, *options("hunter2")).err
