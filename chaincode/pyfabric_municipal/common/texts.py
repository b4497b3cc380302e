"""Texts that declarations have in English and in Chinese; docstrings have them as paragraphs of either language."""

from typing import Any, Literal, TypeAlias

from pydantic import Field

Language: TypeAlias = Literal["zh", "en"]


def about(en: str, zh: str) -> Any:
    """Return what `Annotated` has beside an argument's type: what the argument is, in both languages."""
    return Field(description=f"{en}\n\n{zh}")
