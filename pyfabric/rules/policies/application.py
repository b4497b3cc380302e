"""Endorsement policies of chaincodes and collections: an expression, or the path of a channel's policy."""

from fabric_protos.peer import policy_pb2

from pyfabric.messages.decoding import decode
from pyfabric.rules.policies.syntax import format_signature_policy, parse_signature_policy


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
