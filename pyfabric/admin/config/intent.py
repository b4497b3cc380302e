"""The intent behind an update that no edits made: the difference that it makes, as a JSON patch with tests.

Each change tests first what it replaces or removes, so that it cannot be made where that has changed in the meantime.
"""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from pyfabric.admin.config.checking import made_by
from pyfabric.admin.config.edits.draft import Draft
from pyfabric.admin.config.edits.editing import edit_config
from pyfabric.admin.config.edits.patch import JSONPatch
from pyfabric.admin.config.proposal import Base, Proposal
from pyfabric.admin.config.update import compute_update
from pyfabric.errors import ConfigError
from pyfabric.messages.translation.decoding import to_json
from pyfabric.rules.configuration.channel_config import ChannelConfig

_COUNTS = ("version", "sequence")
"""What counts changes and is none."""


def intent(before: bytes, after: bytes) -> JSONPatch:
    """Return the edit that makes one configuration of another (bytes of common.Config).

    Raises ConfigError if they do not differ, or differ in what JSON does not show.
    """
    shown = [to_json(Draft.read(config).config)["channel_group"] for config in (before, after)]
    patch = JSONPatch(tuple(_changes("/channel_group", *shown)))
    wanted = compute_update("channel", before, after)
    if (
        not patch.operations
        or compute_update("channel", before, edit_config(before, [patch])) != wanted
    ):
        raise ConfigError(
            "the change cannot be written as a JSON patch: JSON does not show all of it"
        )
    return patch


def with_intent(proposal: Proposal, config: bytes) -> Proposal:
    """Return a proposal from another tool with the edit that it comes to, so that it can be computed again.

    `config` is the configuration that it was computed from (bytes of common.Config). Raises ConfigError if it was computed
    from another one.
    """
    present = ChannelConfig.from_bytes(config, channel_id=proposal.channel)
    made = made_by(present, proposal.update).SerializeToString(deterministic=True)
    return replace(proposal, edits=(intent(config, made),), base=Base.of(config))


def _changes(path: str, before: Any, after: Any) -> Iterator[Mapping[str, Any]]:
    if isinstance(before, dict) and isinstance(after, dict):
        for key in sorted({*before, *after} - set(_COUNTS)):
            inner = f"{path}/{key.replace('~', '~0').replace('/', '~1')}"
            if key not in before:
                yield {"op": "add", "path": inner, "value": after[key]}
            elif key not in after:
                yield {"op": "test", "path": inner, "value": before[key]}
                yield {"op": "remove", "path": inner}
            else:
                yield from _changes(inner, before[key], after[key])
    elif before != after:
        yield {"op": "test", "path": path, "value": before}
        yield {"op": "replace", "path": path, "value": after}
