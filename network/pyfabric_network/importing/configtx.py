"""configtx.yaml and crypto-config.yaml, of configtxgen and cryptogen, as a topology.

Each chosen profile with an Application section is a channel. Only profiles are read: for configtxgen, too, the
other sections are anchors alone. Source: internal/configtxgen of Fabric 3.1.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Final

from pyfabric.errors import ConfigError
from pyfabric.rules.policies.usual import APPLICATION_POLICIES, CHANNEL_POLICIES
from pyfabric_network.importing.configtx_ordering import (
    compare_ordering,
    consensus_of,
    ordering_of,
)
from pyfabric_network.importing.configtx_organizations import Organizations
from pyfabric_network.importing.configtx_values import (
    compare_capabilities,
    compare_policies,
    read_policy,
    same_rule,
)
from pyfabric_network.importing.draft import Draft, channel_name, network_name
from pyfabric_network.importing.source import Source

_CAPABILITY: Final[Mapping[str, str]] = {"3.1": "V3_0", "2.5": "V2_0"}
_GROUP: Final = re.compile(r"(/Channel/(?:Application|Orderer)/)([^/]+)(/.*)")


def is_configtx(document: Mapping[str, object]) -> bool:
    """Return whether a document looks like a configtx.yaml."""
    return any(str(key).lower() == "profiles" for key in document)


def import_configtx(
    document: Source, crypto: Sequence[Source], name: str | None, wanted: Mapping[str, str]
) -> Draft:
    """Return the draft of a topology, called like its first channel unless it has a name; raise ConfigError.

    `wanted` has profiles, each with the name of its channel (empty for one like the profile's); without any, all
    that describe a channel are read.
    """
    profiles = _profiles(document, wanted)
    service = _ordering_profile(document.part("Profiles"), list(profiles.values()))
    orderer = service.part("Orderer")
    organizations = Organizations(crypto)
    organizations.read_orderers(orderer)
    members = {
        name: organizations.read_members(profile.part("Application"))
        for name, profile in profiles.items()
    }
    consensus = consensus_of(orderer)
    v3 = next(iter(profiles.values())).part("Capabilities").get("V3_0") or consensus == "bft"
    called = name or network_name(next(iter(profiles)))
    draft = Draft({"name": called, "fabric": "3.1" if v3 else "2.5", "departments": {}})
    nodes = organizations.write(draft, orderer)
    draft.document["ordering"] = ordering_of(orderer, consensus, nodes)
    compare_ordering(orderer, organizations.ordering_msp_ids(), consensus)
    draft.document["channels"] = {
        name: {"departments": departments} for name, departments in members.items()
    }
    for channel, profile in profiles.items():
        _compare_orderer(profile, service)
        _read_channel(draft, profile, channel, organizations)
    left_out = [*document.left_out(), *(one for source in crypto for one in source.left_out())]
    draft.left_out[:0] = left_out
    return draft


def _profiles(document: Source, wanted: Mapping[str, str]) -> dict[str, Source]:
    """Return the profiles to be read, by the name of the channel of each."""
    for section in document.names():
        if section.lower() != "profiles":
            document.get(section)
    profiles = document.part("Profiles")
    channels = [name for name in profiles.names() if _is_channel(profiles.part(name))]
    for name in wanted:
        if name not in channels:
            known = ", ".join(channels) or "none"
            raise ConfigError(f"Profiles has no channel profile named {name}; there are: {known}")
    found: dict[str, Source] = {}
    for name in wanted or channels:
        given = wanted.get(name, "")
        channel = channel_name(given or name, list(found))
        if given and channel != given:
            raise ConfigError(f"{given} cannot be the name of a channel: {channel} can")
        found[channel] = profiles.part(name)
    if not found:
        raise ConfigError("Profiles has none with an Application section: no channel is described")
    return found


def _is_channel(profile: Source) -> bool:
    return bool(profile.part("Application").parts("Organizations"))


def _ordering_profile(profiles: Source, chosen: Sequence[Source]) -> Source:
    """Return the profile whose Orderer section the network has; others that are not read are named or passed over."""
    every = [profiles.part(name) for name in profiles.names()]
    service = next((one for one in [*chosen, *every] if one.part("Orderer").names()), None)
    if service is None:
        raise ConfigError("Profiles has none with an Orderer section: no orderer is described")
    read = {service.path, *(one.path for one in chosen)}
    for name, profile in zip(profiles.names(), every, strict=True):
        if profile.path not in read:
            profiles.leave(name, "was not chosen" if _is_channel(profile) else "is no channel")
    return service


def _compare_orderer(profile: Source, service: Source) -> None:
    """Leave out a channel's own Orderer section that differs from the network's."""
    if profile.path == service.path or not profile.part("Orderer").names():
        return
    if not profile.part("Orderer").is_like(service.part("Orderer")):
        reason = f"a topology has one ordering service, for all channels: that of {service.path}"
        profile.leave("Orderer", reason)
    profile.get("Orderer")


def _read_channel(
    draft: Draft, profile: Source, channel: str, organizations: Organizations
) -> None:
    application = profile.part("Application")
    compare_policies(profile, CHANNEL_POLICIES, "a channel")
    compare_capabilities(profile, _CAPABILITY[draft.document["fabric"]])
    compare_capabilities(application, "V2_5")
    profile.leave_if_given("channels need no consortium", "Consortium", "Consortiums")
    policies = application.part("Policies")
    for name, usual in APPLICATION_POLICIES.items():
        if name not in policies.names():
            policies.leave(name, f"a channel's application has it: {usual}")
    for name in policies.names():
        rule = read_policy(policies.part(name))
        if not same_rule(rule, APPLICATION_POLICIES.get(name, "")):
            draft.offer(("channels", channel, "policies", name), rule, policies.at(name))
    acls = application.part("ACLs")
    for resource in acls.names():
        path = _GROUP.sub(
            lambda found: found[1] + organizations.group(found[2]) + found[3], acls.text(resource)
        )
        draft.offer(("channels", channel, "acls", resource), path, acls.at(resource))
