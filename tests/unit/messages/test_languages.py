"""Texts in two languages at once."""

import pytest

from pyfabric.messages.languages import in_both, in_language, summary

BOTH = """Grant a permit.

许可建设。

It holds for a year.

（有效期一年。）"""


@pytest.mark.parametrize(
    ("text", "language", "found"),
    [
        (BOTH, "en", "Grant a permit.\n\nIt holds for a year."),
        (BOTH, "zh", "许可建设。\n\n（有效期一年。）"),
        ("Areas in mu (亩).", "en", "Areas in mu (亩)."),
        ("Areas in mu (亩).", "zh", "Areas in mu (亩)."),
        ("面积", "en", "面积"),
        ("`mu`: 亩", "zh", "`mu`: 亩"),
        ("", "zh", ""),
        ("42", "en", "42"),
        ("EPC URI\n\nEPC标识URI", "en", "EPC URI"),
        ("EPC URI\n\nEPC标识URI", "zh", "EPC标识URI"),
    ],
)
def test_a_text_is_read_in_a_language_or_whole(text: str, language: str, found: str) -> None:
    assert in_language(text, language) == found


def test_a_summary_is_the_first_line() -> None:
    text = "Grant a permit.\nTo anybody.\n\n许可建设。\n任何人均可申请。"
    assert [summary(text, language) for language in ("en", "zh")] == [
        "Grant a permit.",
        "许可建设。",
    ]


def test_what_is_written_in_both_is_read_in_each() -> None:
    text = in_both("A plot.", "地块")
    assert [in_language(text, one) for one in ("en", "zh")] == ["A plot.", "地块"]
