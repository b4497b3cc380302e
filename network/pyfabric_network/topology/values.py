"""The texts and numbers of a topology file, each checked by itself; ValueError describes what is wrong."""

import re
from collections.abc import Callable
from typing import Annotated, TypeAlias, TypeVar

from pydantic import AfterValidator

from pyfabric.errors import ConfigError, PolicySyntaxError
from pyfabric.messages.addresses import split
from pyfabric.messages.durations import SECOND, format_duration
from pyfabric.rules.lifecycle import inputs
from pyfabric.rules.policies.application import is_reference
from pyfabric.rules.policies.syntax import parse_signature_policy

_IMPLICIT = re.compile(r"(ANY|ALL|MAJORITY) [A-Za-z][A-Za-z0-9]*")
_UNITS = {"ms": 0.001, "s": 1.0, "B": 1, "KB": 1024, "MB": 1024**2}

N = TypeVar("N", int, float)


def _matching(pattern: str | re.Pattern[str], says: str) -> Callable[[str], str]:
    compiled = re.compile(pattern)

    def check(value: str) -> str:
        if not compiled.fullmatch(value):
            raise ValueError(f"'{value}' {says}")
        return value

    return check


def _no_system_chaincode(name: str) -> str:
    if name in inputs.SYSTEM_NAMES:
        raise ValueError(f"'{name}' is the name of a system chaincode: choose another")
    return name


def between(low: int, high: int) -> Callable[[int], int]:
    """Return a check of a whole number's bounds, both included."""

    def check(value: int) -> int:
        if not low <= value <= high:
            raise ValueError(f"must be from {low} to {high} (it is {value})")
        return value

    return check


def _quantity(value: str, units: tuple[str, ...]) -> float:
    match = re.fullmatch(r"([0-9]+(?:\.[0-9]+)?) ?([A-Za-z]+)", value)
    if match is None or match[2] not in units or float(match[1]) == 0:
        raise ValueError(f"'{value}' must be a number above 0 and one of {', '.join(units)}")
    return float(match[1]) * _UNITS[match[2]]


def seconds(value: str) -> float:
    """Return a duration as a topology writes it ("100ms", "2s")."""
    return _quantity(value, ("ms", "s"))


def go_duration(number: float) -> str:
    """Return seconds as Fabric's files write them ("1m30s")."""
    return format_duration(round(number * SECOND))


def octets(value: str) -> int:
    """Return a size as a topology writes it ("512 KB"; a KB is 1024 bytes, as in Fabric's files)."""
    return int(_quantity(value, ("B", "KB", "MB")))


def _channel_policy(value: str) -> str:
    return value if _IMPLICIT.fullmatch(value) else _signature_policy(value)


def _endorsement(value: str) -> str:
    if _IMPLICIT.fullmatch(value):
        raise ValueError("must be a signature policy or the path of a channel policy (/Channel/…)")
    return value if is_reference(value) else _signature_policy(value)


def _signature_policy(value: str) -> str:
    try:
        parse_signature_policy(value)
    except PolicySyntaxError as error:
        raise ValueError(f"is not a policy: {error} (position {error.position})") from error
    return value


def _membership(value: str) -> str:
    expression = _signature_policy(value)
    if inputs.gate_that_is_no_or(parse_signature_policy(expression).rule) is not None:
        raise ValueError("must be an OR of members: collections know no other membership")
    return expression


def _host_port(value: str) -> str:
    try:
        host, port = split(value)
    except ConfigError:
        host = port = ""
    if not re.fullmatch(r"[A-Za-z0-9.-]+", host) or not re.fullmatch(r"[1-9][0-9]{0,4}", port):
        raise ValueError(f"'{value}' must be a host name or IPv4 address and a port: host:port")
    between(1, 65535)(int(port))
    return value


def _checked_by(check: Callable[[str], object]) -> Callable[[str], str]:
    def keep(value: str) -> str:
        check(value)
        return value

    return keep


NetworkName: TypeAlias = Annotated[
    str,
    AfterValidator(
        _matching(
            r"[a-z][a-z0-9-]{0,30}", "must be lower-case letters, digits and hyphens, at most 31"
        )
    ),
]
DepartmentName: TypeAlias = Annotated[
    str,
    AfterValidator(
        _matching(r"[A-Za-z][A-Za-z0-9-]{0,30}", "must be letters, digits and hyphens, at most 31")
    ),
]
MspId: TypeAlias = Annotated[
    str,
    AfterValidator(
        _matching(r"[A-Za-z0-9][A-Za-z0-9.-]{0,63}", "must be letters, digits, dots and hyphens")
    ),
]
check_user_name = _matching(r"[A-Za-z][A-Za-z0-9_-]{0,30}", "must be letters, digits, - and _")
UserName: TypeAlias = Annotated[str, AfterValidator(check_user_name)]
ChannelName: TypeAlias = Annotated[
    str,
    AfterValidator(
        _matching(
            r"[a-z][a-z0-9.-]{0,248}",
            "must be lower-case letters, digits, dots and hyphens, and start with a letter",
        )
    ),
]
ContractName: TypeAlias = Annotated[
    str,
    AfterValidator(_matching(inputs.NAME, "must be letters and digits, joined by - or _")),
    AfterValidator(_no_system_chaincode),
]
Version: TypeAlias = Annotated[
    str,
    AfterValidator(_matching(inputs.VERSION, "must be letters, digits, '.', '-', '_' and '+'")),
]
ContractClass: TypeAlias = Annotated[
    str,
    AfterValidator(
        _matching(r"[A-Za-z_][\w.]*:[A-Za-z_]\w*", "must be a class, as package.module:Class")
    ),
]
HostName: TypeAlias = Annotated[
    str,
    AfterValidator(
        _matching(
            r"[A-Za-z0-9]([A-Za-z0-9.-]{0,250}[A-Za-z0-9])?", "must be a host name or IPv4 address"
        )
    ),
]
HostPort: TypeAlias = Annotated[str, AfterValidator(_host_port)]
CollectionName: TypeAlias = Annotated[
    str,
    AfterValidator(
        _matching(inputs.COLLECTION, "must be letters, digits, - and _, and not start with _")
    ),
]
PolicyName: TypeAlias = Annotated[
    str, AfterValidator(_matching(r"[A-Za-z][A-Za-z0-9]*", "must be letters and digits"))
]
ChannelPolicy: TypeAlias = Annotated[str, AfterValidator(_channel_policy)]
Endorsement: TypeAlias = Annotated[str, AfterValidator(_endorsement)]
MembershipPolicy: TypeAlias = Annotated[str, AfterValidator(_membership)]
PeerCount: TypeAlias = Annotated[int, AfterValidator(between(0, 1000))]
DefinitionSequence: TypeAlias = Annotated[int, AfterValidator(between(1, 1_000_000))]
Duration: TypeAlias = Annotated[str, AfterValidator(_checked_by(seconds))]
Size: TypeAlias = Annotated[str, AfterValidator(_checked_by(octets))]
