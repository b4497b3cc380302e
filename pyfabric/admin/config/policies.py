"""Policies of a configuration, from their written form."""

from collections.abc import Callable, Sequence
from typing import Final

from fabric_protos.common import configtx_pb2, policies_pb2
from fabric_protos.msp import identities_pb2, msp_principal_pb2

from pyfabric.admin.config.certificates import describe_certificate
from pyfabric.errors import ConfigError, PolicySyntaxError
from pyfabric.messages.decoding import decode
from pyfabric.rules.configuration.elements import DEFAULT_MOD_POLICY
from pyfabric.rules.policies.syntax import (
    format_principal,
    format_signature_policy,
    parse_signature_policy,
)
from pyfabric.rules.policies.usual import Policies

_REQUIRED: Final = ("Admins", "Readers", "Writers")
_META_RULES: Final = {
    "ALL": policies_pb2.ImplicitMetaPolicy.Rule.ALL,
    "ANY": policies_pb2.ImplicitMetaPolicy.Rule.ANY,
    "MAJORITY": policies_pb2.ImplicitMetaPolicy.Rule.MAJORITY,
}


def add_policies(
    group: configtx_pb2.ConfigGroup, policies: Policies, *, place: str, required: Sequence[str] = ()
) -> None:
    """Put policies into a group. ConfigError names `place` and the policy that is wrong or missing."""
    for name in (*required, *_REQUIRED):
        if name not in policies:
            raise ConfigError(f"{place}: no {name} policy defined")
    for name, rule in policies.items():
        try:
            policy = parse_policy(rule)
        except (ConfigError, PolicySyntaxError) as error:
            raise ConfigError(f"{place}: policy {name}, {rule!r}: {error}") from error
        set_policy(group, name, policy)


def set_policy(group: configtx_pb2.ConfigGroup, name: str, policy: policies_pb2.Policy) -> None:
    """Put one policy into a group. A new one gets the usual mod_policy, an old one keeps its own."""
    if name not in group.policies:
        group.policies[name].mod_policy = DEFAULT_MOD_POLICY
    group.policies[name].policy.CopyFrom(policy)


def parse_policy(rule: str) -> policies_pb2.Policy:
    """Return the policy that a Rule of configtx.yaml describes; raises ConfigError or PolicySyntaxError."""
    if "(" in rule:
        return _signature(parse_signature_policy(rule))
    words = rule.split(" ")
    if len(words) != 2:
        raise ConfigError(
            f"expected two space separated tokens, but got {len(words)}: write ANY, ALL or MAJORITY and "
            "the name of a policy, or a signature policy such as OR('A.member')"
        )
    if words[0] not in _META_RULES:
        raise ConfigError(f"unknown rule type '{words[0]}', expected ALL, ANY, or MAJORITY")
    meta = policies_pb2.ImplicitMetaPolicy(rule=_META_RULES[words[0]], sub_policy=words[1])
    return policies_pb2.Policy(
        type=policies_pb2.Policy.PolicyType.IMPLICIT_META, value=meta.SerializeToString()
    )


def format_policy(
    policy: policies_pb2.Policy,
    principal: Callable[[msp_principal_pb2.MSPPrincipal], str] = format_principal,
) -> str:
    """Return the rule of a policy, as `parse_policy` takes it; ConfigError for one that no rule describes."""
    kinds = policies_pb2.Policy.PolicyType
    if policy.type == kinds.IMPLICIT_META:
        meta = decode(policies_pb2.ImplicitMetaPolicy, policy.value, ConfigError)
        names = {number: name for name, number in _META_RULES.items()}
        return f"{names[meta.rule]} {meta.sub_policy}"
    if policy.type == kinds.SIGNATURE:
        envelope = decode(policies_pb2.SignaturePolicyEnvelope, policy.value, ConfigError)
        return format_signature_policy(envelope, principal)
    raise ConfigError(f"a policy of type {policy.type} has no rule")


def describe_policy_rule(policy: policies_pb2.Policy) -> str:
    """Return the rule of a policy, or words for one that no rule describes."""
    try:
        return format_policy(policy, describe_principal)
    except ConfigError as error:
        return f"no rule: {error}"


def describe_principal(principal: msp_principal_pb2.MSPPrincipal) -> str:
    """Return a principal as expressions write it, or words for one that they don't know."""
    kinds = msp_principal_pb2.MSPPrincipal.Classification
    if principal.principal_classification == kinds.IDENTITY:
        identity = decode(identities_pb2.SerializedIdentity, principal.principal, ConfigError)
        return f"'{identity.mspid}: {describe_certificate(identity.id_bytes)}'"
    if principal.principal_classification == kinds.ORGANIZATION_UNIT:
        unit = decode(msp_principal_pb2.OrganizationUnit, principal.principal, ConfigError)
        return f"'{unit.msp_identifier}: OU {unit.organizational_unit_identifier}'"
    return format_principal(principal)


def _signature(envelope: policies_pb2.SignaturePolicyEnvelope) -> policies_pb2.Policy:
    return policies_pb2.Policy(
        type=policies_pb2.Policy.PolicyType.SIGNATURE, value=envelope.SerializeToString()
    )
