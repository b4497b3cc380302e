"""Checkpoints and their file."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pyfabric._grpc import checkpoint_file
from pyfabric.client.checkpoints import Checkpoint
from pyfabric.errors import ClientError, DecodeError


@given(
    st.builds(Checkpoint, st.none() | st.integers(0, 2**64 - 1), st.none() | st.text(min_size=1))
)
def test_a_checkpoint_comes_back_from_json(checkpoint: Checkpoint) -> None:
    assert Checkpoint.from_json(checkpoint.to_json()) == checkpoint


@pytest.mark.parametrize(
    "raw",
    [
        b"{",
        b"[]",
        b"7",
        b'{"blockNumber":"x"}',
        b'{"blockNumber":-1}',
        b'{"blockNumber":[]}',
        b'{"blockNumber":1,"transactionId":7}',
        b"\xff",
    ],
)
def test_what_is_no_checkpoint_is_refused(raw: bytes) -> None:
    with pytest.raises(DecodeError, match="not a checkpoint"):
        Checkpoint.from_json(raw)


def test_the_file_is_replaced_and_nothing_else_is_left(tmp_path: Path) -> None:
    path = tmp_path / "position.json"
    assert checkpoint_file.load(path) == Checkpoint()
    for number in range(3):
        checkpoint_file.store(path, Checkpoint(number))
        assert checkpoint_file.load(path) == Checkpoint(number)
    assert [each.name for each in tmp_path.iterdir()] == ["position.json"]


def test_a_failed_write_leaves_the_old_checkpoint(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "position.json"
    checkpoint_file.store(path, Checkpoint(1))

    def full(_: int) -> None:
        raise OSError("No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(ClientError, match="No space left on device"):
        checkpoint_file.store(path, Checkpoint(2))
    assert checkpoint_file.load(path) == Checkpoint(1)
    assert [each.name for each in tmp_path.iterdir()] == ["position.json"]


def test_what_cannot_be_read_or_written_names_the_file(tmp_path: Path) -> None:
    junk = tmp_path / "junk.json"
    junk.write_bytes(b"{")
    with pytest.raises(ClientError, match=r"junk\.json: cannot read the checkpoint"):
        checkpoint_file.load(junk)
    with pytest.raises(ClientError, match="cannot read the checkpoint"):
        checkpoint_file.load(tmp_path)
    missing = tmp_path / "no" / "folder.json"
    with pytest.raises(ClientError, match=r"cannot write .*folder\.json"):
        checkpoint_file.store(missing, Checkpoint(1))
