"""The edit for all that has no edit of its own: a JSON patch on a configuration as configtxlator shows it."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from fabric_protos.common import configtx_pb2

from pyfabric.admin.config.edits.draft import Draft
from pyfabric.admin.config.edits.edit import Edit
from pyfabric.errors import ConfigError, DecodeError
from pyfabric.extras import require
from pyfabric.messages.translation.decoding import to_json
from pyfabric.messages.translation.encoding import from_json


@dataclass(frozen=True, slots=True)
class JSONPatch(Edit):
    """Operations of RFC 6902 on the JSON of common.Config, in which paths begin with /channel_group/."""

    kind: ClassVar[str] = "json-patch"

    operations: Sequence[Mapping[str, Any]]

    def apply(self, draft: Draft) -> None:
        """Change what the operations name; all else keeps its bytes."""
        before = to_json(draft.config)
        after = _patched(before, self.operations)
        try:
            made = from_json(configtx_pb2.Config, after)
        except DecodeError as error:
            raise ConfigError(f"the patch does not leave a configuration: {error}") from error
        Draft(made)
        _keep(
            draft.config.channel_group,
            made.channel_group,
            before["channel_group"],
            after["channel_group"],
        )
        draft.config.CopyFrom(made)


def _patched(document: Any, operations: Sequence[Mapping[str, Any]]) -> Any:
    require("network", "jsonpatch")
    from jsonpatch import JsonPatchException, apply_patch
    from jsonpointer import JsonPointerException

    made = document
    for number, operation in enumerate(operations, 1):
        try:
            made = apply_patch(made, [operation])
        except (JsonPatchException, JsonPointerException, TypeError) as error:
            problem = str(error).partition(" in {")[0]  # jsonpointer shows the whole document
            raise ConfigError(
                f"operation {number} of the patch, {json.dumps(operation)}: {problem}"
            ) from error
    return made


def _keep(
    before: configtx_pb2.ConfigGroup,
    after: configtx_pb2.ConfigGroup,
    shown_before: Mapping[str, Any],
    shown_after: Mapping[str, Any],
) -> None:
    """Give elements that read the same their bytes back: JSON has no order of a map, and no unknown field."""
    for kind in ("values", "policies"):
        old, new = getattr(before, kind), getattr(after, kind)
        for name in set(old) & set(new):
            if shown_before[kind][name] == shown_after[kind][name]:
                new[name].CopyFrom(old[name])
    for name in set(before.groups) & set(after.groups):
        _keep(
            before.groups[name],
            after.groups[name],
            shown_before["groups"][name],
            shown_after["groups"][name],
        )
