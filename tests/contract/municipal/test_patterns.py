"""Patterns of fields: pydantic looks for one anywhere in a text, so each names its beginning and end."""

import re

from tests.support.paths import ROOT

PATTERN = re.compile(r"""pattern=(r?)(["'])(?P<text>.*?)\2\)""")


def test_every_pattern_of_a_field_is_of_the_whole_text() -> None:
    found = {
        f"{file.relative_to(ROOT)}: {match['text']}": match["text"]
        for file in sorted((ROOT / "chaincode").rglob("*.py"))
        for match in PATTERN.finditer(file.read_text(encoding="utf-8"))
    }
    assert len(found) > 5
    assert [name for name, text in found.items() if not re.fullmatch(r"\^.*\$", text)] == []
