"""Texts that declarations have in English and in Chinese; docstrings have them as paragraphs of either language."""

from typing import Any, Literal, TypeAlias

from pydantic import Field

from pyfabric.messages.languages import in_both

Language: TypeAlias = Literal["zh", "en"]


def about(en: str, zh: str) -> Any:
    """Return what `Annotated` has beside an argument's type: what the argument is, in both languages."""
    return Field(description=in_both(en, zh))
