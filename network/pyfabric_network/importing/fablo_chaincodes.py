"""The chaincodes of a fablo file, as contracts that each department serves by a program of its own."""

from collections.abc import Mapping
from typing import Any, Final

from pyfabric_network.importing.draft import Draft
from pyfabric_network.importing.source import Source

_FIRST_PORT: Final = 9100
_SERVED: Final = "each department serves the contract itself, at its address in the topology (docs/topologies.md)"
_DEFINITION: Final = ("version", "initRequired", "endorsement", "privateData")


def write_contracts(
    draft: Draft, document: Source, departments: Mapping[str, str], channels: Mapping[str, str]
) -> None:
    """Write the contracts. `departments` and `channels` are those of the topology by their names in the file."""
    read: dict[str, list[object]] = {}
    draft.document["contracts"] = {}
    for source in document.parts("chaincodes"):
        name, channel = source.text("name"), channels.get(source.text("channel"))
        definition = [source.get(key) for key in _DEFINITION]
        source.leave_if_given(
            _SERVED, "lang", "directory", "image", "chaincodeMountPath", "chaincodeStartCommand"
        )
        source.leave_if_given("a contract is initialised by a call, if it needs that", "init")
        if channel is None:
            source.leave("", "its channel is not in the file")
        elif read.setdefault(name, definition) != definition:
            source.leave("", "a contract has one definition, on all its channels: the first")
        else:
            _write(draft, source, name, channel, departments)


def _write(
    draft: Draft, source: Source, name: str, channel: str, departments: Mapping[str, str]
) -> None:
    """Write a contract, or a further channel of one that is there."""
    contracts, members = draft.document["contracts"], draft.document["channels"][channel]
    used = sum(len(contract["addresses"]) for contract in contracts.values())
    is_new = name not in contracts
    contract = contracts.setdefault(name, {"version": source.text("version"), "addresses": {}})
    for department in members["departments"]:
        if department not in contract["addresses"]:
            contract["addresses"][department] = f"127.0.0.1:{_FIRST_PORT + used}"
            used += 1
    members["contracts"].append(name)
    if is_new:
        _define(draft, source, name, departments)


def _define(draft: Draft, source: Source, name: str, departments: Mapping[str, str]) -> None:
    contract: dict[str, Any] = draft.document["contracts"][name]
    if source.get("initRequired"):
        contract["init_required"] = True
    if rule := source.get("endorsement"):
        draft.offer(("contracts", name, "endorsement"), str(rule), source.at("endorsement"))
    anchors = [
        draft.document["departments"][department]["anchor_peers"]
        for department in contract["addresses"]
    ]
    for collection in source.parts("privateData"):
        names = [str(one) for one in collection.get("orgNames") or []]
        key = ("contracts", name, "collections", collection.text("name"))
        members = [departments.get(one, one) for one in names]
        draft.offer(key, {"members": members}, collection.path)
        # fablo's own rules: members alone, all anchor peers of the channel at most, those of one member at least.
        for setting, value in (
            ("member_only_read", True),
            ("member_only_write", True),
            ("max_peer_count", sum(anchors)),
            ("required_peer_count", min(anchors, default=0)),
        ):
            draft.offer((*key, setting), value, collection.path)
