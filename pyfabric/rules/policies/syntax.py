"""The language of signature policies: OR('A.member', AND('B.peer', 'C.peer')), and back.

Fabric reads a policy with a general expression language, in three passes: each pass writes the gates
out as text and the next one reads it. What follows from that is kept: principals are numbered with
the inner gates first and never shared, `outof`, `OutOf` and `OUTOF` are names but `Outof` is not, a
quoted text that is no principal is read again as an expression (so '1' is a number), sums are
numbers, a blank text at the end of a gate counts for AND and is no rule, and a threshold may be one
more than there are rules. Left out are the parts of that language that have no use in a policy
(conditions, escapes in texts, comments, numbers as 1e0 or 0x1): refused here.

Source: common/policydsl of Fabric 3.1.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias

from fabric_protos.common import policies_pb2
from fabric_protos.msp import msp_principal_pb2

from pyfabric.errors import ConfigError, PolicySyntaxError
from pyfabric.messages.decoding import decode
from pyfabric.messages.policies import role_principal
from pyfabric.rules.policies.reader import Expression, Function, Number, Text, read, read_arguments

ROLES: Final[Mapping[str, msp_principal_pb2.MSPRole.MSPRoleType]] = {
    "member": msp_principal_pb2.MSPRole.MSPRoleType.MEMBER,
    "admin": msp_principal_pb2.MSPRole.MSPRoleType.ADMIN,
    "client": msp_principal_pb2.MSPRole.MSPRoleType.CLIENT,
    "peer": msp_principal_pb2.MSPRole.MSPRoleType.PEER,
    "orderer": msp_principal_pb2.MSPRole.MSPRoleType.ORDERER,
}
_PRINCIPAL: Final = re.compile(rf"([0-9A-Za-z.-]+)\.({'|'.join(ROLES)})")
_LAST_PASS: Final = 2


@dataclass(frozen=True, slots=True)
class _Gate:
    threshold: int
    rules: tuple["_Rule", ...]


_Rule: TypeAlias = str | _Gate
_Naming: TypeAlias = Callable[[msp_principal_pb2.MSPPrincipal], str]


def parse_signature_policy(expression: str) -> policies_pb2.SignaturePolicyEnvelope:
    """Return the envelope that Fabric makes of `expression`, to the byte; raises PolicySyntaxError."""
    principals: list[msp_principal_pb2.MSPPrincipal] = []
    rule = _rule(_whole(read(expression), 0), principals)
    return policies_pb2.SignaturePolicyEnvelope(version=0, rule=rule, identities=principals)


def format_signature_policy(
    envelope: policies_pb2.SignaturePolicyEnvelope,
    principal: _Naming | None = None,
) -> str:
    """Return an expression for `envelope`; ConfigError when there is none.

    The language knows only role principals, and MSP ids of letters, digits, dots and hyphens. A description
    for people can write principals in its own way.
    """
    text = _format(envelope.rule, envelope.identities, principal or format_principal)
    return text if text.endswith(")") else f"OR({text})"


def _whole(node: Expression, level: int) -> _Gate:
    """Return the gate that a whole expression is. `level` counts Fabric's passes from 0."""
    if isinstance(node, Function):
        return _gate(node, level)
    if isinstance(node, Text) and level < _LAST_PASS:
        try:
            return _whole(read(node.value), level + 1)
        except PolicySyntaxError as error:
            raise PolicySyntaxError(
                f"in a quoted policy: {error}", position=node.position
            ) from error
    raise PolicySyntaxError(
        "a policy is a gate: OR(…), AND(…) or OutOf(n, …)", position=node.position
    )


def _gate(function: Function, level: int) -> _Gate:
    items = _spread(_without_blank(_with_threshold(function, level), level), level)
    threshold, rules = items[0], [item for item in items[1:] if not isinstance(item, float)]
    if isinstance(threshold, str | _Gate):
        raise PolicySyntaxError(
            f"the first argument of {function.name} must be a number: how many of the others must agree",
            position=function.position,
        )
    if not rules or len(rules) < len(items) - 1:
        raise PolicySyntaxError(
            f"the rules of {function.name} are principals, 'MSP.role', and gates; at least one",
            position=function.position,
        )
    if not -1 < threshold < len(rules) + 2:
        raise PolicySyntaxError(
            f"invalid t-out-of-n predicate, t {threshold:g}, n {len(rules)}: {function.name} asks for "
            "more than there are rules, or for less than none",
            position=function.position,
        )
    return _Gate(int(threshold), tuple(rules))


def _with_threshold(function: Function, level: int) -> Sequence[Expression]:
    arguments: Sequence[Expression] = function.arguments
    if level == 0 and function.name in ("And", "AND"):
        arguments = (Number(len(arguments), function.position), *arguments)
    elif level == 0 and function.name in ("Or", "OR"):
        arguments = (Number(1, function.position), *arguments)
    elif function.name != "outof" and (level > 0 or function.name not in ("OutOf", "OUTOF")):
        raise PolicySyntaxError(
            f"unknown gate {function.name}: use OR, AND or OutOf", position=function.position
        )
    if len(arguments) < 2:
        raise PolicySyntaxError(
            f"expected at least two arguments to NOutOf. Given {len(arguments)}: {function.name} has no "
            "rules",
            position=function.position,
        )
    return arguments


def _without_blank(arguments: Sequence[Expression], level: int) -> Sequence[Expression]:
    """Leave out a blank text at the end: written out it is a comma before the bracket, which may stand."""
    last = arguments[-1]
    blank = isinstance(last, Text) and not last.value.strip(" \t\r\n")
    return arguments[:-1] if blank and level < _LAST_PASS else arguments


def _spread(arguments: Sequence[Expression], level: int) -> list[float | _Rule]:
    """Return what the arguments come to, once the texts that are no principals are read again."""
    items: list[float | _Rule] = []
    for node in arguments:
        if isinstance(node, Number):
            items.append(float(node.value))
        elif isinstance(node, Function):
            items.append(_gate(node, level))
        elif _PRINCIPAL.fullmatch(node.value):
            items.append(node.value)
        else:
            items.extend(_again(node, level))
    return items


def _again(node: Text, level: int) -> list[float | _Rule]:
    message = (
        f"{node.value!r} is no principal: write 'MSP.role' with letters, digits, '.' and '-' in the "
        f"MSP id and a role of {', '.join(ROLES)}"
    )
    if level == _LAST_PASS:
        raise PolicySyntaxError(message, position=node.position)
    try:
        return _spread(read_arguments(node.value), level + 1)
    except PolicySyntaxError as error:
        raise PolicySyntaxError(message, position=node.position) from error


def _rule(
    gate: _Gate, principals: list[msp_principal_pb2.MSPPrincipal]
) -> policies_pb2.SignaturePolicy:
    """Return the message of a gate; principals are numbered with the inner gates' first."""
    inner = {
        index: _rule(rule, principals)
        for index, rule in enumerate(gate.rules)
        if isinstance(rule, _Gate)
    }
    rules = []
    for index, rule in enumerate(gate.rules):
        if isinstance(rule, str):
            rules.append(policies_pb2.SignaturePolicy(signed_by=len(principals)))
            principals.append(_principal(rule))
        else:
            rules.append(inner[index])
    return policies_pb2.SignaturePolicy(
        n_out_of=policies_pb2.SignaturePolicy.NOutOf(n=gate.threshold, rules=rules)
    )


def _principal(text: str) -> msp_principal_pb2.MSPPrincipal:
    msp_id, _, role = text.rpartition(".")
    return role_principal(msp_id, ROLES[role])


def _format(
    rule: policies_pb2.SignaturePolicy,
    principals: Sequence[msp_principal_pb2.MSPPrincipal],
    name: _Naming,
) -> str:
    kind = rule.WhichOneof("Type")
    if kind == "signed_by" and 0 <= rule.signed_by < len(principals):
        return name(principals[rule.signed_by])
    if kind != "n_out_of":
        raise ConfigError(
            "a rule of this signature policy is neither a gate nor one of its principals"
        )
    count, rules = rule.n_out_of.n, [_format(one, principals, name) for one in rule.n_out_of.rules]
    if count == 1:
        return f"OR({', '.join(rules)})"
    if count == len(rules):
        return f"AND({', '.join(rules)})"
    return f"OutOf({', '.join([str(count), *rules])})"


def format_principal(principal: msp_principal_pb2.MSPPrincipal) -> str:
    """Return a role as expressions write it, with quotes; ConfigError for another principal."""
    kinds = msp_principal_pb2.MSPPrincipal.Classification
    if principal.principal_classification == kinds.ROLE:
        role = decode(
            msp_principal_pb2.MSPRole, principal.principal, ConfigError, "a principal is no role"
        )
        names = {number: name for name, number in ROLES.items()}
        text = f"{role.msp_identifier}.{names.get(role.role, '')}"
        if _PRINCIPAL.fullmatch(text):
            return f"'{text}'"
    raise ConfigError("a principal of this signature policy cannot be written as 'MSP.role'")
