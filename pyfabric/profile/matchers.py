"""The entity matchers of the Go SDK: patterns by which a node's name leads to another entry and address.

A matcher has a `pattern` (a regular expression), `mappedHost` (the entry whose certificates hold),
`urlSubstitutionExp` and `sslTargetOverrideUrlSubstitutionExp`, in which $1 stands for the pattern's first group.
The first matcher whose pattern is found in a name decides.
"""

import re
from dataclasses import dataclass
from typing import Final

from pyfabric.local.fields import FieldError, Fields

_GROUP: Final = re.compile(r"\$(?:(\$)|(\w+)|\{(\w+)\})")


@dataclass(frozen=True, slots=True)
class Match:
    """Where a name leads; the entry itself has what is not given here."""

    entry: str
    url: str | None
    server_name: str | None


def match(document: Fields, kind: str, name: str) -> Match | None:
    """Return where the matchers of `kind` (peer, orderer) lead a name; None without one that fits.

    Raises FieldError for a pattern that is no regular expression.
    """
    matchers = document.part("entityMatchers", {})
    found = matchers.value(kind) if matchers.holds(kind, list) else []
    for index, one in enumerate(found):
        matcher = Fields(one, f"{matchers.at(kind)}.{index}")
        pattern = _pattern(matcher)
        if pattern.search(name):
            return Match(
                entry=_substituted(pattern, matcher.optional_text("mappedHost"), name) or name,
                url=_substituted(pattern, matcher.optional_text("urlSubstitutionExp"), name),
                server_name=_substituted(
                    pattern, matcher.optional_text("sslTargetOverrideUrlSubstitutionExp"), name
                ),
            )
    return None


def _pattern(matcher: Fields) -> re.Pattern[str]:
    try:
        return re.compile(matcher.text("pattern"))
    except re.error as error:
        raise FieldError(f"{matcher.at('pattern')}: is no regular expression: {error}") from error


def _substituted(pattern: re.Pattern[str], template: str | None, name: str) -> str | None:
    """Return a template with the groups of a match; None for an empty one. Without $ it stands for itself."""
    if not template or "$" not in template:
        return template or None

    def groups(found: re.Match[str]) -> str:
        return _GROUP.sub(lambda group: group[1] or _group(found, group[2] or group[3]), template)

    return pattern.sub(groups, name)


def _group(found: re.Match[str], name: str) -> str:
    """Return what a group of a match holds; as in Go, a group that is not there is empty."""
    try:
        return found[int(name) if name.isdigit() else name] or ""
    except IndexError:
        return ""
