"""The demo, as `make demo` runs it: it prints every step, and leaves nothing running."""

import re
import signal
import subprocess
import sys
from pathlib import Path

DEMO = Path(__file__).parents[2] / "tools" / "demo.py"


def running_with(text: str) -> list[str]:
    """Return the command lines of processes that contain `text`."""
    found = []
    for file in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            line = file.read_bytes().replace(b"\x00", b" ").decode(errors="replace")
        except OSError:  # it ended meanwhile
            continue
        if text in line:
            found.append(line)
    return found


def test_it_shows_grant_receipt_and_refusals(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, DEMO, "--folder", tmp_path], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    lines = [
        line for line in done.stdout.splitlines() if re.match(r" *(\d+|-)  [0-9a-f]{64}", line)
    ]
    blocks = [int(line.split()[0]) for line in lines if line.split()[0] != "-"]
    again = next(place for place in range(1, len(blocks)) if blocks[place] < blocks[place - 1])
    for channel in (blocks[:again], blocks[again:]):
        assert channel == sorted(channel)
    for step in (
        "upholds the penalty",
        "grants it",
        "signs the receipt",
        "REFUSES it: 与申请事项无关",
    ):
        assert any(step in line for line in lines), step
    refused = [line for line in lines if line.split()[0] == "-"]
    for line, words in zip(
        refused, ("is not in force", "is not shared", "yuan entered as"), strict=True
    ):
        assert words in line
    across = [line for line in done.stdout.splitlines() if "reads across" in line]
    assert [line.split()[0] for line in across] == ["EconInfo", "MktSup"]
    assert all("京市监罚〔" in line for line in across)
    assert re.search(
        r"Haidian is REFUSED: INVOKE_CHAINCODE failed: transaction ID: [0-9a-f]{64}: Failed to get "
        r"policy manager for channel \[credit\]",
        done.stdout,
    )
    assert "everything is stopped" in done.stdout
    assert running_with(str(tmp_path)) == []


def test_it_leaves_nothing_running_when_it_is_stopped(tmp_path: Path) -> None:
    with subprocess.Popen(
        [sys.executable, DEMO, "--folder", tmp_path],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline().startswith("network up")
        assert running_with(str(tmp_path / "quickstart"))
        process.send_signal(signal.SIGTERM)
        process.stdout.read()
        assert process.wait() == 128 + signal.SIGTERM
    assert running_with(str(tmp_path)) == []
