"""Endorsement policies: expressions, and the nested dicts of fabric-sdk-py."""

from collections.abc import Mapping, Sequence
from typing import Any

from fabric_protos.common import policies_pb2
from fabric_protos.msp import msp_principal_pb2

from pyfabric.errors import ConfigError
from pyfabric.hfc._gone import attributes, gone
from pyfabric.messages.decoding import decode
from pyfabric.rules.policies.syntax import parse_signature_policy

__all__ = ["Dict2String", "d2s", "s2d"]

__getattr__ = attributes(__name__)

Policy = dict[str, Any]


class StringParser:
    """Reads expressions such as `OR('TaxMSP.member', AND('LandMSP.admin', 'TaxMSP.peer'))`."""

    def parse(self, text: str) -> Policy:
        """Return the policy of an expression: `identities` and `policy`. Raises PolicySyntaxError."""
        envelope = parse_signature_policy(text)
        identities: list[Policy] = []
        places = []
        for principal in envelope.identities:
            identity = _identity(principal)
            if identity not in identities:
                identities.append(identity)
            places.append(identities.index(identity))
        return {"identities": identities, "policy": _rule(envelope.rule, places)}


class Dict2String:
    """Writes policies as expressions."""

    def parse(self, policy: Mapping[str, Any]) -> str:
        """Return the expression of a policy, in the form OutOf(n, …). Raises ConfigError for what is no policy."""
        try:
            roles = [
                f"'{one['role']['mspId']}.{one['role']['name']}'" for one in policy["identities"]
            ]
            return _expression(policy["policy"], roles)
        except (KeyError, IndexError, TypeError, AttributeError, ValueError) as error:
            raise ConfigError(
                f"this is no policy: {error!r}: write identities and policy"
            ) from error

    get_policy = gone("util.policies.Dict2String.get_policy")


def s2d() -> StringParser:
    """Return what reads expressions."""
    return StringParser()


d2s = Dict2String()


def _identity(principal: msp_principal_pb2.MSPPrincipal) -> Policy:
    role = decode(msp_principal_pb2.MSPRole, principal.principal)
    name = msp_principal_pb2.MSPRole.MSPRoleType.Name(role.role).lower()
    return {"role": {"name": name, "mspId": role.msp_identifier}}


def _rule(rule: policies_pb2.SignaturePolicy, places: Sequence[int]) -> Policy:
    if not rule.HasField("n_out_of"):
        return {"signed-by": places[rule.signed_by]}
    rules = [_rule(one, places) for one in rule.n_out_of.rules]
    return {f"{rule.n_out_of.n}-of": rules}


def _expression(rule: Mapping[str, Any], roles: Sequence[str]) -> str:
    ((kind, content),) = rule.items()
    if kind == "signed-by":
        return f"OutOf(1, {roles[content]})"
    number = int(kind.removesuffix("-of"))
    parts = [
        roles[one["signed-by"]] if "signed-by" in one else _expression(one, roles)
        for one in content
    ]
    return f"OutOf({number}, {', '.join(parts)})"
