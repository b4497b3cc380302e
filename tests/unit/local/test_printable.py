"""Text of others on terminals and in logs."""

import io
import json
import logging

import pytest

from pyfabric.local.printable import LogFormatter, one_line, printable


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("plain, ä, 中, \u00a0, \u200d and 🏙\n\tnext", None),
        ("\x1b[2J\x1b]0;title\x07", "\\u001b[2J\\u001b]0;title\\u0007"),
        ("\x9b31m\x7f\r\x00", "\\u009b31m\\u007f\\u000d\\u0000"),
        ("a\u202eb\u2066c\u2028d", "a\\u202eb\\u2066c\\u2028d"),
        ("\ud800", "\\ud800"),
    ],
)
def test_what_controls_a_terminal_is_escaped(text: str, wanted: str | None) -> None:
    assert printable(text) == (text if wanted is None else wanted)


def test_json_stays_json() -> None:
    value = "\x1b\x9b\u202e\n"
    assert json.loads(printable(json.dumps(value, ensure_ascii=False))) == value


def test_a_text_of_several_lines_is_written_on_one() -> None:
    assert one_line("a\nb\r\n") == "a\\nb\\u000d\\n"


def test_no_text_forges_a_line_of_the_log() -> None:
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(LogFormatter("%(levelname)s %(message)s"))
    log = logging.getLogger("tests.printable")
    log.propagate = False
    log.addHandler(handler)
    try:
        raise ValueError("first\nERROR forged\x1b[1m")
    except ValueError:
        log.warning("%s failed", "tx\nERROR forged", exc_info=True)
    first, *rest = stream.getvalue().splitlines()
    assert first == "WARNING tx\\nERROR forged failed"
    assert all(line.startswith("    ") for line in rest)
    assert rest[-1] == "    ERROR forged\\u001b[1m"
