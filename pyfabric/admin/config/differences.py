"""What differs between two configurations, element by element, in words and as JSON.

Versions and sequences are left out: they count changes and are none.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal, TypeAlias

from pyfabric.admin.config.edits.draft import Draft
from pyfabric.admin.config.wording import added, changed, removed
from pyfabric.messages.translation.decoding import to_json

ElementKind: TypeAlias = Literal["group", "value", "policy"]
_MEMBERS: Final[Mapping[str, ElementKind]] = {"values": "value", "policies": "policy"}


@dataclass(frozen=True, slots=True)
class Difference:
    """One element that was added, removed or changed.

    `path` is such as /Channel/Orderer/BatchSize. `before` and `after` are the element as configtxlator
    shows it, without versions, and None where there is none; of a group that stays they hold its
    mod_policy alone. `words` say it to people.
    """

    path: str
    element: ElementKind
    words: str
    before: dict[str, Any] | None
    after: dict[str, Any] | None


def differences(before: bytes, after: bytes) -> tuple[Difference, ...]:
    """Return the differences between two configurations (bytes of common.Config), by their paths.

    Raises DecodeError for other bytes, ConfigError for a configuration without groups.
    """
    return tuple(_group("/Channel", _tree(before), _tree(after)))


def _tree(config: bytes) -> dict[str, Any]:
    shown: dict[str, Any] = to_json(Draft.read(config).config)["channel_group"]
    return _without_versions(shown)


def _without_versions(group: Mapping[str, Any]) -> dict[str, Any]:
    def bare(element: Mapping[str, Any]) -> dict[str, Any]:
        return {key: value for key, value in element.items() if key != "version"}

    return {
        **bare(group),
        "groups": {name: _without_versions(one) for name, one in group["groups"].items()},
        **{kind: {name: bare(one) for name, one in group[kind].items()} for kind in _MEMBERS},
    }


def _group(path: str, before: dict[str, Any], after: dict[str, Any]) -> Iterator[Difference]:
    if before["mod_policy"] != after["mod_policy"]:
        yield _difference(
            path,
            "group",
            {"mod_policy": before["mod_policy"]},
            {"mod_policy": after["mod_policy"]},
        )
    for kind, element in _MEMBERS.items():
        for name in sorted({*before[kind], *after[kind]}):
            old, new = before[kind].get(name), after[kind].get(name)
            if old != new:
                yield _difference(f"{path}/{name}", element, old, new)
    for name in sorted({*before["groups"], *after["groups"]}):
        old, new = before["groups"].get(name), after["groups"].get(name)
        if old is None or new is None:
            yield _difference(f"{path}/{name}", "group", old, new)
        else:
            yield from _group(f"{path}/{name}", old, new)


def _difference(
    path: str,
    element: ElementKind,
    before: dict[str, Any] | None,
    after: dict[str, Any] | None,
) -> Difference:
    if before is None:
        words = added(path, element, after or {})
    elif after is None:
        words = removed(path, element, before)
    else:
        words = changed(path, element, before, after)
    return Difference(path, element, words, before, after)
