"""Texts in two languages at once: paragraphs in English, and beside them paragraphs in Chinese.

Docstrings and descriptions are written so: a closed format, such as a parameter in a chaincode's metadata, has
one text only.
"""

from itertools import dropwhile


def in_language(text: str, language: str) -> str:
    """Return the paragraphs of a text in `zh` or `en`; the whole text if it has none in that language."""
    paragraphs = text.split("\n\n")
    found = [one for one in paragraphs if _is_chinese(one) == (language == "zh")]
    return "\n\n".join(found).strip() or text


def summary(text: str, language: str) -> str:
    """Return the first line of a text in a language."""
    return in_language(text, language).partition("\n")[0]


def _is_chinese(paragraph: str) -> bool:
    """Return whether the first letter of a paragraph is a Chinese character."""
    first = next(dropwhile(lambda each: not each.isalpha(), paragraph), "")
    return "\u4e00" <= first <= "\u9fff"
