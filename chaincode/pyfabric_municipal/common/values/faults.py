"""What is wrong in a value, in words that follow its kind's name."""

from typing import NamedTuple


class Fault(NamedTuple):
    """A fault: its part of the refusal's code, and its words in English and Chinese."""

    code: str
    en: str
    zh: str
