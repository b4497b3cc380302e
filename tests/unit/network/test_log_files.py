"""Logs of several processes are read as one, and followed while they run."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from pyfabric_network.runtimes.log_choice import LogChoice, LogLevel
from pyfabric_network.runtimes.log_files import choose_lines, last_line, panic, read_logs


def test_each_line_names_its_process(tmp_path: Path) -> None:
    files = {name: tmp_path / name for name in ("peer0.tax", "orderer0.tax", "never")}
    files["peer0.tax"].write_bytes(b"one\ntwo\nunfinished")
    files["orderer0.tax"].write_bytes(b"three\n\xff\n")
    assert list(read_logs(files, LogChoice(), follow=False, running=lambda: True)) == [
        *("peer0.tax | one", "peer0.tax | two", "peer0.tax | unfinished"),
        *("orderer0.tax | three", "orderer0.tax | \ufffd"),
    ]


def test_one_log_is_read_as_it_is(tmp_path: Path) -> None:
    (tmp_path / "log").write_text("one\n\ntwo\n\n")
    assert list(
        read_logs({"x": tmp_path / "log"}, LogChoice(), follow=False, running=lambda: False)
    ) == [*("one", "", "two", "")]
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

    assert list(read_logs({"x": file}, LogChoice(), follow=True, running=running)) == [
        "one",
        "half",
        "last",
    ]


LOCAL = datetime(2026, 11, 30, 12, 0, 7).astimezone()
NATIVE = [
    "\x1b[34m2026-11-30 10:00:00.001 UTC 0001 INFO\x1b[0m [orderer] \x1b[34;1mstart\x1b[0m -> begins",
    "2026-11-30T10:00:01.250Z DEBUG gossip.state one",
    "2026-11-30T10:00:02.250Z INFO gossip.state two",
    "2026-11-30T12:00:03.250+02:00 WARN gossip.state three",
    "2026-11-30T10:00:04.250Z ERROR orderer four",
    "a line below it",
    "2026-11-30 10:00:05.001 UTC 00ff PANI [orderer] five",
    "panic: five",
]


@pytest.mark.parametrize(
    ("choice", "expected"),
    [
        (LogChoice(), NATIVE),
        (LogChoice(level=LogLevel.DEBUG), NATIVE),
        (LogChoice(level=LogLevel.INFO), [*NATIVE[:1], *NATIVE[2:]]),
        (LogChoice(level=LogLevel.WARN), NATIVE[3:]),
        (LogChoice(level=LogLevel.ERROR), NATIVE[4:]),
        (LogChoice(since=datetime(2026, 11, 30, 10, 0, 3, tzinfo=UTC)), NATIVE[3:]),
        (
            LogChoice(since=datetime(2026, 11, 30, 10, 0, 5, tzinfo=UTC), level=LogLevel.WARN),
            NATIVE[6:],
        ),
        (LogChoice(tail=2), NATIVE[-2:]),
        (LogChoice(tail=0), []),
        (LogChoice(tail=1, level=LogLevel.DEBUG), NATIVE[-1:]),
    ],
)
def test_levels_times_and_counts_choose_records(
    tmp_path: Path, choice: LogChoice, expected: list[str]
) -> None:
    (tmp_path / "log").write_text("\n".join(NATIVE) + "\n")
    logs = {"x": tmp_path / "log"}
    assert list(read_logs(logs, choice, follow=False, running=lambda: False)) == expected
    lines = [f"x-1  | {line}" for line in NATIVE]
    found = choose_lines(lines, choice, follow=False)
    assert list(found) == [f"x-1  | {line}" for line in expected]


def test_a_record_of_our_own_programs_has_the_time_of_this_machine() -> None:
    line = f"{LOCAL:%Y-%m-%d %H:%M:%S},123 WARNING pyfabric.ledger: development ledger"
    assert LogChoice(since=LOCAL, level=LogLevel.WARN).filter()(line)
    assert not LogChoice(since=LOCAL + timedelta(seconds=1)).filter()(line)
    assert not LogChoice(level=LogLevel.ERROR).filter()(line)


def test_what_comes_before_the_first_record_has_no_level_and_no_time() -> None:
    assert LogChoice().filter()("printed by a contract")
    assert not LogChoice(level=LogLevel.DEBUG).filter()("printed by a contract")
    assert not LogChoice(since=LOCAL).filter()("printed by a contract")


def test_the_last_lines_are_of_each_log_and_what_follows_comes_all(tmp_path: Path) -> None:
    files = {name: tmp_path / name for name in ("one", "two")}
    for file in files.values():
        file.write_text("first\nlast\n")
    left = iter([True, False])

    def running() -> bool:
        with files["two"].open("a") as log:
            log.write("more\nand more\n")
        return next(left)

    found = list(read_logs(files, LogChoice(tail=1), follow=True, running=running))
    assert found == ["one | last", "two | and more", "two | more", "two | and more"]


def test_a_program_that_panicked_is_reported_with_its_reason(tmp_path: Path) -> None:
    """Read the end of a log of Fabric's orderer on a full disk."""
    log = tmp_path / "log"
    record = "2026-11-30T03:58:25.130Z PANIC orderer.common.multichannel Could not append block\n"
    reason = "panic: [channel: a] Could not append block: write blockfile_000000: no space left on device"
    trace = "\ngoroutine 1 [running]:\nmain.main()\n\t/work/fabric/cmd/orderer/main.go:15 +0xf\n"
    log.write_text(record + reason + "\n" + trace, encoding="utf-8")
    assert panic(log) == last_line(log) == reason
    log.write_text(record + reason + "\n" + trace + record, encoding="utf-8")  # it ran again
    assert panic(log) is None
    assert last_line(log) == record.strip()
    log.write_bytes(b"x" * 300_000 + b"\n" + reason.encode() + b"\n")
    assert panic(log) == reason
    assert panic(tmp_path / "none") is None
    log.write_text("goroutine\n", encoding="utf-8")
    assert panic(log) is None
