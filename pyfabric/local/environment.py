"""The environment of programs that run others' code: what the system's libraries need, nothing of the operator's."""

from collections.abc import Mapping
from typing import Final

_KEPT: Final = frozenset(("LANG", "LD_LIBRARY_PATH", "PATH", "TMPDIR", "TZ"))
_KEPT_KINDS: Final = ("LC_", "PYTHON")


def clean_environment(environment: Mapping[str, str]) -> dict[str, str]:
    """Return the variables that find programs, modules and room for temporary files, and set language and time zone, and no others."""
    return {
        name: value
        for name, value in environment.items()
        if name in _KEPT or name.startswith(_KEPT_KINDS)
    }
