"""The example sessions of the contracts: what their files may say, and that pages show the very commands that the tests run."""

import shlex
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from tools import sessions
from tools.make_contract_pages import contracts
from tools.sessions import PAGE_MOMENT, call_of, read_session, resolve, shows

CONTRACTS = {one.contract_name().lower(): one for one in contracts()}
FILES = sorted(sessions.FOLDER.glob("*.yaml"))
CALL = "- {by: clerk@Tax, invoke: record, en: Tax records it., zh: 税务局登记。, "


def session(tmp_path: Path, text: str) -> Path:
    """Return a file with a session."""
    file = tmp_path / "credit.yaml"
    file.write_text(text, encoding="utf-8")
    return file


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("{by: clerk, shows: {}}", "by"),
        (CALL + "shows: {}, refused: role}", "either refused or shows"),
        (CALL + "query: read, shows: {}}", "either invoke or query"),
        (CALL + "shows: {}, argument: [1]}", "argument"),
        (CALL + "}", "either refused or shows"),
    ],
)
def test_what_is_no_session_is_named(tmp_path: Path, text: str, problem: str) -> None:
    with pytest.raises(ValueError, match=problem):
        read_session(session(tmp_path, text))


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("{today}/{today-1}/{today+31}", "2026-12-01/2026-11-30/2027-01-01"),
        ("{now} {now-60}", "2026-12-01T02:00:00Z 2026-12-01T01:59:00Z"),
        ("京税证{year}-{year+1}/{year2}", "京税证2026-2027/26"),
        ("{uscc Tax}", "11110000MB9G10058J"),
        ("$penalty", "7f"),
        ("{nothing} {x}", "{nothing} {x}"),
    ],
)
def test_texts_name_days_codes_and_what_was_kept(text: str, value: str) -> None:
    given: dict[str, Any] = {"a": [text, 1]}
    assert resolve(given, {"penalty": "7f"}, PAGE_MOMENT) == {"a": [value, 1]}


def test_what_nothing_has_kept_is_an_error() -> None:
    with pytest.raises(KeyError):
        resolve("$penalty", {}, PAGE_MOMENT)


@pytest.mark.parametrize(
    ("wanted", "found", "holds"),
    [
        ({"a": 1}, {"a": 1, "b": 2}, True),
        ({"a": {"b": 1}}, {"a": {"b": 2}}, False),
        ({"a": 1}, {}, False),
        ([{"a": 1}], [{"a": 1}, {"a": 2}], True),
        ([{"a": 1}, {"a": 2}], [{"a": 1}], False),
        ("x", "x", True),
        ({"a": 1}, [1], False),
    ],
)
def test_a_result_shows_members_and_first_items(wanted: Any, found: Any, *, holds: bool) -> None:
    assert shows(wanted, found) is holds


@pytest.mark.parametrize("file", FILES, ids=[file.stem for file in FILES])
def test_a_shell_reads_the_commands_that_the_tests_run(file: Path) -> None:
    entries, name = read_session(file), file.stem
    lines = [
        line.removeprefix("$ ")
        for line in sessions.section(entries, name, CONTRACTS, "en")
        if line.startswith("$ ")
    ]
    assert len(lines) == len(entries)
    kept: dict[str, str] = {}
    moment = PAGE_MOMENT
    for entry, line in zip(entries, lines, strict=True):
        if entry.keep:
            line = line.removeprefix(f"{entry.keep}=$(").removesuffix(
                " -o json | jq -r .result.id)"
            )
        moment += timedelta(seconds=entry.later)
        if not entry.holder:
            assert shlex.split(line) == call_of(entry, name, kept, moment).words()
        if entry.keep:
            kept[entry.keep] = f"${entry.keep}"
