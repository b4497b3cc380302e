"""Who satisfies a policy: questions about an expression, or about a policy of a channel by its path."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from pyfabric.errors import ConfigError
from pyfabric.identity.msp import MSPManager
from pyfabric.identity.principals import MSPPrincipal
from pyfabric.identity.units import Role
from pyfabric.messages.decoding import decode
from pyfabric.rules.configuration.channel_config import ChannelConfig
from pyfabric.rules.policies.choices import (
    Able,
    anyone,
    can_be_satisfied,
    choices,
    members_of,
    organizations,
)
from pyfabric.rules.policies.evaluation import MissingPolicy, Policy, SignaturePolicy
from pyfabric.rules.policies.paths import absolute
from pyfabric.rules.policies.syntax import ROLES, parse_signature_policy

_ANY_CHANNEL: Final = (
    "channel"  # a configuration does not name its channel, and no policy asks for it
)


@dataclass(frozen=True, slots=True)
class SatisfyingSet:
    """Organisations (MSP ids) that satisfy a policy together, where none can be left out.

    `signers` must sign at least, such as `'TaxMSP.admin'`, one for each identity. `missing` are those of them that are
    not among the given signers.
    """

    organizations: tuple[str, ...]
    signers: tuple[str, ...]
    missing: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class PolicyCheck:
    """Whether the given signers satisfy a policy, and the smallest sets that do; none if nobody can."""

    is_satisfied: bool
    sets: tuple[SatisfyingSet, ...]


def check_policy(
    policy: str, signers: Sequence[str] = (), *, config: bytes | None = None
) -> PolicyCheck:
    """Return whether signers satisfy a policy, and the smallest sets of organisations that do.

    `policy` is an expression such as OR('TaxMSP.admin'), which any organisation is taken to be able to satisfy, or a
    path such as /Channel/Application/Admins in a configuration (bytes of common.Config). A signer is an MSP id, for all
    members of that organisation, or such as TaxMSP.peer. Raises PolicySyntaxError, ConfigError for a policy that does
    not exist, PolicyError for one that can be satisfied in too many ways.
    """
    found, able = _read(policy, config)
    signing = [_able(one) for one in signers]

    def signs(principal: MSPPrincipal) -> bool:
        return able(principal) and any(one(principal) for one in signing)

    return PolicyCheck(
        can_be_satisfied(found, signs),
        tuple(
            SatisfyingSet(
                choice.organizations,
                choice.signers,
                tuple(
                    signer
                    for signer, raw in zip(choice.signers, choice.principals, strict=True)
                    if not signs(decode(MSPPrincipal, raw))
                ),
            )
            for choice in choices(found, able)
        ),
    )


def _read(policy: str, config: bytes | None) -> tuple[Policy, Able]:
    if "(" in policy:
        return SignaturePolicy(parse_signature_policy(policy), MSPManager([])), anyone
    if config is None:
        raise ConfigError(
            f"{policy!r} is the path of a channel's policy: give the channel's configuration, or an expression such "
            "as OR('TaxMSP.admin')"
        )
    channel = ChannelConfig.from_bytes(config, channel_id=_ANY_CHANNEL)
    found = channel.policy(absolute(policy))
    if isinstance(found, MissingPolicy):
        known = ", ".join(f"/Channel/{name}" for name in sorted(channel.policies.policies))
        raise ConfigError(f"the channel has no policy {absolute(policy)}; it has {known}")
    return found, members_of(channel.msp_manager)


def _able(signer: str) -> Able:
    """Return which principals a signer satisfies."""
    msp_id, dot, name = signer.rpartition(".")
    if not dot or name not in ROLES:
        return lambda principal: organizations(principal) <= {signer}

    def satisfies(principal: MSPPrincipal) -> bool:
        if principal.principal_classification != MSPPrincipal.ROLE:
            return False
        wanted = decode(Role, principal.principal)
        return wanted.msp_identifier == msp_id and wanted.role in (Role.MEMBER, ROLES[name])

    return satisfies
