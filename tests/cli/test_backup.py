"""`pyfabric network backup` and `restore`, as an operator uses them."""

import io
import shutil
from pathlib import Path

import pytest
from pyfabric_network.network import Network

from tests.cli.conftest import Run
from tests.support.extent import takes_long
from tests.support.network.network import call, running_network


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """Provide a folder with the file of a passphrase."""
    (tmp_path / "word").write_text("a word\n")
    return tmp_path


@takes_long
def test_a_running_network_is_stopped_and_started_when_asked_for(
    run: Run, place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file, word = str(place / "small.backup"), str(place / "word")
    with running_network(place) as network:
        call(network, "Tax", "put", "colour", "blue")
        state = ("--state", str(network.folder))
        refused = run("network", "backup", "--to", file, *state)
        assert refused.code == 4
        assert (
            "(`pyfabric network down`), or have it stopped and started again (`--stop`)"
            in refused.err
        )
        done = run("network", "backup", "--to", file, "--stop", "--passphrase-file", word, *state)
        assert (done.code, "small.backup, encrypted" in done.err) == (0, True)
        assert call(network, "Tax", "get", "colour") == b"blue"
        assert run("network", "restore", file, "--passphrase-file", word, "--yes", *state).code == 4
    monkeypatch.setattr("sys.stdin", io.StringIO("n\n"))
    declined = run("network", "restore", file, "--passphrase-file", word, *state)
    assert declined.code == 1
    assert "with all keys and blocks by the backup of 20" in declined.err
    shutil.rmtree(network.root)
    restored = run("network", "restore", file, "--passphrase-file", word, *state)
    assert (restored.code, "to start it: pyfabric network up" in restored.err) == (0, True)
    again = Network.reopen(network.folder)
    again.up()
    try:
        assert call(again, "Health", "get", "colour") == b"blue"
    finally:
        again.down()


def test_a_wrong_passphrase_and_other_files_are_refused(run: Run, place: Path) -> None:
    with running_network(place) as network:
        state = ("--state", str(network.folder))
    file = place / "small.backup"
    word, other, empty = place / "word", place / "other", place / "empty"
    other.write_text("another")
    empty.write_text("\n")
    assert (
        run("network", "backup", "--to", str(file), "--passphrase-file", str(empty), *state).code
        == 3
    )
    plain = run("network", "backup", "--to", str(place / "plain"), *state)
    assert "it holds private keys in the clear" in plain.err
    assert (
        run("network", "backup", "--to", str(file), "--passphrase-file", str(word), *state).code
        == 0
    )
    for passphrase, text in (
        (other, "the passphrase is wrong"),
        (empty, "is empty"),
        (place / "none", "No such file"),
    ):
        refused = run("network", "restore", str(file), "--passphrase-file", str(passphrase), *state)
        assert (refused.code, text in refused.err) == (3, True), refused.err
    missing = run("network", "restore", str(place / "nothing"), *state)
    assert (missing.code, "No such file" in missing.err) == (3, True)
    assert run("network", "restore", str(word), *state).code == 3
