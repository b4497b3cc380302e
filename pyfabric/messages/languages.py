"""Texts in two languages at once: paragraphs in English, and beside them paragraphs in Chinese.

Docstrings and descriptions are written so: a closed format, such as a parameter in a chaincode's metadata, has
one text only.
"""


def in_both(en: str, zh: str) -> str:
    """Return one text of a text in English and one in Chinese."""
    return f"{en}\n\n{zh}"


def in_language(text: str, language: str) -> str:
    """Return the paragraphs of a text in `zh` or `en`; the whole text if it has none in that language."""
    paragraphs = text.split("\n\n")
    found = [one for one in paragraphs if _is_chinese(one) == (language == "zh")]
    return "\n\n".join(found).strip() or text


def summary(text: str, language: str) -> str:
    """Return the first line of a text in a language."""
    return in_language(text, language).partition("\n")[0]


def _is_chinese(paragraph: str) -> bool:
    """Return whether a paragraph is in Chinese: a quarter of its letters are; English ones have a word of it at most."""
    letters = [each for each in paragraph if each.isalpha()]
    return 4 * sum("\u4e00" <= each <= "\u9fff" for each in letters) >= len(letters) > 0
