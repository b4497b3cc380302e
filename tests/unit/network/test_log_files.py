"""Logs of several processes are read as one, and followed while they run."""

from pathlib import Path

from pyfabric_network.runtimes.log_files import last_line, read_logs


def test_each_line_names_its_process(tmp_path: Path) -> None:
    files = {name: tmp_path / name for name in ("peer0.tax", "orderer0.tax", "never")}
    files["peer0.tax"].write_bytes(b"one\ntwo\nunfinished")
    files["orderer0.tax"].write_bytes(b"three\n\xff\n")
    assert list(read_logs(files, follow=False, running=lambda: True)) == [
        *("peer0.tax | one", "peer0.tax | two", "peer0.tax | unfinished"),
        *("orderer0.tax | three", "orderer0.tax | \ufffd"),
    ]


def test_one_log_is_read_as_it_is(tmp_path: Path) -> None:
    (tmp_path / "log").write_text("one\n\ntwo\n\n")
    assert list(read_logs({"x": tmp_path / "log"}, follow=False, running=lambda: False)) == [
        *("one", "", "two", "")
    ]
    assert last_line(tmp_path / "log") == "two"
    assert last_line(tmp_path / "none") == "it said nothing"


def test_what_is_written_meanwhile_is_followed_until_the_end(tmp_path: Path) -> None:
    file = tmp_path / "log"
    file.write_text("one\nhal")
    writes = iter(["f\n", "last"])

    def running() -> bool:
        text = next(writes, None)
        if text is None:
            return False
        with file.open("a") as log:
            log.write(text)
        return True

    assert list(read_logs({"x": file}, follow=True, running=running)) == ["one", "half", "last"]
