"""Edits applied to a configuration, and what Fabric says of the result."""

from collections.abc import Sequence

from pyfabric.admin.config.edits.draft import Draft
from pyfabric.admin.config.edits.edit import Edit
from pyfabric.rules.configuration.succession import check_peer_support, successor
from pyfabric.rules.consensus.types import check_consensus


def edit_config(config: bytes, edits: Sequence[Edit]) -> bytes:
    """Return a configuration (bytes of common.Config) after all edits, in their order.

    What no edit names keeps its bytes. Raises ConfigError, in Fabric's words where Fabric refuses, for an
    edit that cannot be applied and for a configuration that peers or orderers do not take; what depends on
    signatures or running nodes is decided elsewhere.
    """
    draft = Draft.read(config)
    for edit in edits:
        edit.apply(draft)
    _check(Draft.read(config), draft)
    return draft.config.SerializeToString(deterministic=True)


def edit_warnings(config: bytes, edits: Sequence[Edit]) -> tuple[str, ...]:
    """Return what Fabric takes of the edits but what will not have the effect that it seems to have."""
    draft = Draft.read(config)
    for edit in edits:
        edit.apply(draft)
    return tuple(warning for edit in edits for warning in edit.warnings(draft))


def _check(before: Draft, after: Draft) -> None:
    old = before.judged()
    if old is not None:
        new = successor(old, after.config)
        check_consensus(new)
        check_peer_support(new)
