"""Policies, capabilities, sizes and times of configtx.yaml, compared with what channels of this project have."""

import re
from collections.abc import Mapping
from typing import Final

from pyfabric.errors import ConfigError, PolicySyntaxError
from pyfabric.messages.durations import parse_duration
from pyfabric.rules.policies.syntax import parse_signature_policy
from pyfabric.rules.policies.usual import Policies
from pyfabric_network.importing.source import Source

_SIZE: Final = re.compile(r"([0-9]+)\s*(?:([kmg])b?)?", re.IGNORECASE)
_FACTORS: Final[Mapping[str, int]] = {"": 1, "k": 1024, "m": 1024**2, "g": 1024**3}


def octets(source: Source, name: str, default: int) -> int:
    """Return a size in bytes as configtxgen reads it (`10 MB`); raise ConfigError."""
    given = source.get(name)
    if not given:
        return default
    found = _SIZE.fullmatch(str(given).strip())
    if found is None:
        raise ConfigError(f"{source.at(name)}: must be a size (it is {given})")
    return int(found[1]) * _FACTORS[(found[2] or "").lower()]


def nanoseconds(source: Source, name: str, default: str) -> int:
    """Return a duration as Go writes it; raise ConfigError."""
    given = source.get(name)
    try:
        return parse_duration(str(given)) if given else parse_duration(default)
    except ConfigError as error:
        raise ConfigError(f"{source.at(name)}: must be a duration (it is {given})") from error


def compare_policies(source: Source, usual: Policies, kind: str) -> None:
    """Leave out the policies of a group that differ from the usual ones, which the topology's channels have."""
    policies = source.part("Policies")
    for name in policies.names():
        rule = read_policy(policies.part(name))
        if name not in usual:
            policies.leave(name, f"{kind} has its usual policies only")
        elif not same_rule(rule, usual[name]):
            policies.leave(name, f"{kind} has its usual policy: {usual[name]}")
    for name in usual:
        if name not in policies.names():
            policies.leave(name, f"{kind} has its usual policy: {usual[name]}")


def compare_capabilities(source: Source, wanted: str) -> None:
    """Leave out the capabilities of a group other than the one wanted, which it gets."""
    capabilities = source.part("Capabilities")
    given = [name for name in capabilities.names() if capabilities.get(name)]
    for name in given:
        if name != wanted:
            capabilities.leave(name, f"the capability is {wanted}")
    if wanted not in given:
        capabilities.leave(wanted, "the capability is set")


def read_policy(policy: Source) -> str:
    """Return the rule of a policy; raise ConfigError."""
    policy.get("Type")
    return policy.text("Rule")


def same_rule(one: str, other: str) -> bool:
    """Return whether two rules are the same policy."""
    if " ".join(one.split()) == " ".join(other.split()):
        return True
    try:
        return bool(parse_signature_policy(one) == parse_signature_policy(other))
    except PolicySyntaxError:
        return False
