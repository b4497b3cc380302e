"""Chaincode definitions and their endorsement policies."""

import pytest
from fabric_protos.peer import policy_pb2

from pyfabric.admin.definitions import ChaincodeDefinition, application_policy, describe_policy
from pyfabric.errors import DecodeError, PolicySyntaxError
from pyfabric.rules.policies.syntax import parse_signature_policy


def parameter(policy: str | bytes | None) -> bytes:
    definition = ChaincodeDefinition(
        name="directory", version="1.0", sequence=1, endorsement_policy=policy
    )
    return definition.validation_parameter()


def test_a_reference_is_what_peers_write_for_it() -> None:
    """Decode the bytes that a real peer returned for a chaincode with the channel's policy."""
    raw = b"\x12 /Channel/Application/Endorsement"
    assert parameter("/Channel/Application/Endorsement") == raw
    assert describe_policy(raw) == "/Channel/Application/Endorsement"
    assert parameter(raw) == raw


def test_an_expression() -> None:
    raw = parameter("OR('OneMSP.peer')")
    policy = policy_pb2.ApplicationPolicy.FromString(raw)
    assert policy.signature_policy == parse_signature_policy("OR('OneMSP.peer')")
    assert raw.hex() == "0a18120812060801120208001a0c120a0a064f6e654d53501003"
    assert describe_policy(raw) == "OR('OneMSP.peer')"


def test_no_policy_is_the_channels() -> None:
    assert parameter(None) == parameter("") == application_policy("") == b""
    assert describe_policy(b"") == ""


def test_what_is_no_policy() -> None:
    with pytest.raises(PolicySyntaxError, match="is no principal"):
        parameter("OR('OneMSP.boss')")
    with pytest.raises(DecodeError):
        describe_policy(b"\xff")
