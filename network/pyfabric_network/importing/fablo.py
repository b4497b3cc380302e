"""A fablo file (fablo-config.json or .yaml, versions 1 and 2) as a topology.

Source of its keys and their defaults: the schema in fablo's documentation.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

from pyfabric.errors import ConfigError
from pyfabric_network.importing.draft import Draft, channel_name
from pyfabric_network.importing.fablo_chaincodes import write_contracts
from pyfabric_network.importing.fablo_organizations import (
    Organization,
    first_group,
    read_organizations,
    write_departments,
)
from pyfabric_network.importing.source import Source

_GLOBAL: Final = ("global", "networkSettings")
"""The section of general settings; before version 1 it had the second name."""
_OLDEST: Final = (2, 5)


def is_fablo(document: Mapping[str, object]) -> bool:
    """Return whether a document looks like a fablo file."""
    return "orgs" in document and any(key in document for key in _GLOBAL)


def import_fablo(document: Source, name: str) -> Draft:
    """Return the draft of a topology with this name; raise ConfigError for what is no network."""
    document.get("$schema")
    document.leave_if_given("a topology runs no commands", "hooks")
    draft = Draft({"name": name, "fabric": _fabric(document)})
    organizations = read_organizations(document)
    group = _group(document, organizations)
    write_departments(draft, organizations, group)
    if draft.document["ordering"]["consensus"] == "bft" and draft.document["fabric"] != "3.1":
        _settings(document).leave("fabricVersion", "BFT needs the capabilities of Fabric 3")
        draft.document["fabric"] = "3.1"
    channels = _write_channels(draft, document, organizations)
    departments = {one.name: one.department for one in organizations}
    write_contracts(draft, document, departments, channels)
    draft.left_out += document.left_out()
    return draft


def _settings(document: Source) -> Source:
    return document.part(next((key for key in _GLOBAL if key in document.names()), _GLOBAL[0]))


def _fabric(document: Source) -> str:
    """Return the version whose capabilities the channels have."""
    settings = _settings(document)
    version = settings.text("fabricVersion", "2.5")
    found = re.match(r"(\d+)(?:\.(\d+))?", version)
    if found is None:
        raise ConfigError(f"{settings.at('fabricVersion')}: must be a version (it is {version})")
    number = (int(found[1]), int(found[2] or 0))
    if number < _OLDEST:
        settings.leave("fabricVersion", "channels have the capabilities of Fabric 2.5 at least")
    if settings.get("tls") is False:
        settings.leave("tls", "nodes always use TLS")
    if settings.get("peerDevMode") is True:
        settings.leave(
            "peerDevMode", "contracts are changed in place with chaincode deploy --reload"
        )
    settings.leave_if_given("--runtime chooses what runs the nodes", "engine")
    settings.leave_if_given("FABRIC_VERSION chooses the images", "fabricImages")
    settings.leave_if_given("log levels are set on running nodes: network log-level", "monitoring")
    settings.leave_if_given("is another program", "tools")
    return "3.1" if number >= (3, 0) else "2.5"


def _group(document: Source, organizations: Sequence[Organization]) -> str:
    """Return the group of orderers that the first channel names; others' groups are left out."""
    channels = document.parts("channels")
    known = {group for one in organizations for group in one.orderers}
    default = first_group(organizations)
    wanted = [channel.text("ordererGroup", default) for channel in channels]
    found = next((group for group in wanted if group in known), default)
    for channel, group in zip(channels, wanted, strict=True):
        if group != found:
            reason = f"a topology has one ordering service, for all channels: that of {found}"
            channel.leave("ordererGroup", reason)
    return found


def _write_channels(
    draft: Draft, document: Source, organizations: Sequence[Organization]
) -> dict[str, str]:
    """Write the channels; return their names in the topology by those in the file."""
    by_name = {one.name: one for one in organizations}
    names: dict[str, str] = {}
    channels: dict[str, Any] = {}
    for source in document.parts("channels"):
        given = source.text("name")
        names[given] = name = channel_name(given, list(channels))
        if name != given:
            source.leave("name", f"the channel is called {name}, as Fabric has names")
        members: list[str] = []
        for member in source.parts("orgs"):
            one = by_name.get(member.text("name"))
            if one is None or not one.peers:
                member.leave("", "is no organisation with peers")
                continue
            if len(member.get("peers") or []) < one.peers:
                member.leave("peers", "all peers of a department join its channels")
            members.append(one.department)
        channels[name] = {"departments": members, "contracts": []}
    draft.document["channels"] = channels
    return names
