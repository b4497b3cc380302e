"""Endorsement policies of chaincodes and collections: an expression, or the path of a channel's policy."""

import re
from typing import Final

from fabric_protos.common import policies_pb2
from fabric_protos.peer import policy_pb2

from pyfabric.errors import ConfigError, DecodeError
from pyfabric.messages.decoding import decode
from pyfabric.rules.policies.paths import ENDORSEMENT
from pyfabric.rules.policies.syntax import format_signature_policy, parse_signature_policy

_PATH: Final = re.compile(r"/Channel(/[A-Za-z0-9.-]+)+")


def application_policy(text: str) -> bytes:
    """Return the bytes of peer.ApplicationPolicy: of an expression, or of a policy's path; none for "".

    Raises PolicySyntaxError.
    """
    if not text:
        return b""
    if "(" in text:
        policy = policy_pb2.ApplicationPolicy(signature_policy=parse_signature_policy(text))
    else:
        policy = policy_pb2.ApplicationPolicy(channel_config_policy_reference=text)
    return policy.SerializeToString()


def describe_policy(raw: bytes) -> str:
    """Return the text of an endorsement policy, as `application_policy` takes it.

    Raises DecodeError for other bytes, ConfigError for a policy that cannot be written as a text.
    """
    policy = decode(policy_pb2.ApplicationPolicy, raw)
    if policy.HasField("signature_policy"):
        return format_signature_policy(policy.signature_policy)
    return policy.channel_config_policy_reference


def show_policy(raw: bytes) -> str:
    """Return the text of an endorsement policy, or 0x and its bytes if no text describes it."""
    try:
        return describe_policy(raw)
    except (ConfigError, DecodeError):
        return f"0x{raw.hex()}"


def show_signature_policy(envelope: policies_pb2.SignaturePolicyEnvelope) -> str:
    """Return the expression of a signature policy, or 0x and its bytes if none describes it."""
    try:
        return format_signature_policy(envelope)
    except ConfigError:
        return f"0x{envelope.SerializeToString().hex()}"


def is_reference(text: str) -> bool:
    """Return whether a text is the path of a channel's policy."""
    return _PATH.fullmatch(text) is not None


def check_reference(path: str) -> None:
    """Raise ConfigError for a text that is no path of a channel's policy."""
    if not is_reference(path):
        raise ConfigError(
            f"{path!r} is no path of a channel's policy, such as {ENDORSEMENT}, and no expression, such as "
            "OR('TaxMSP.peer')"
        )
