"""Key-level policies: the bytes are those of Go's package statebased (v2.3.0)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pyfabric.chaincode import KeyEndorsementPolicy
from pyfabric.errors import DecodeError
from pyfabric.rules.policies.syntax import parse_signature_policy

names = st.sampled_from(["TaxMSP", "LandMSP", "HealthMSP", "a", "B", "税务MSP"])
NOBODY = KeyEndorsementPolicy()


@pytest.mark.parametrize(
    ("policy", "expected"),
    [
        (NOBODY, "12021200"),
        (NOBODY.with_peers("TaxMSP"), "120812060801120208001a0c120a0a065461784d53501003"),
        (
            NOBODY.with_peers("TaxMSP", "LandMSP").with_members("HealthMSP"),
            (
                "1210120e08031202080012020801120208021a0d120b0a094865616c74684d53501a0d120b0a074c616e"
                "644d535010031a0c120a0a065461784d53501003"
            ),
        ),
        (
            NOBODY.with_peers("税务MSP", "a", "B").with_members("a").without("B"),
            "120c120a080212020800120208011a0512030a01611a0f120d0a09e7a88ee58aa14d53501003",
        ),
        (
            KeyEndorsementPolicy.from_bytes(
                parse_signature_policy("OR('A.peer', 'Z.admin')").SerializeToString()
            ).with_members("B"),
            "1210120e08031202080012020801120208021a0712050a014110031a0512030a01421a0712050a015a1001",
        ),
    ],
)
def test_the_bytes_are_those_of_go(policy: KeyEndorsementPolicy, expected: str) -> None:
    assert policy.to_bytes().hex() == expected
    assert KeyEndorsementPolicy.from_bytes(policy.to_bytes()) == policy


@given(st.sets(names), st.sets(names), st.sets(names))
def test_a_policy_is_a_set_of_departments(
    peers: set[str], members: set[str], gone: set[str]
) -> None:
    policy = NOBODY.with_peers(*peers).with_members(*members).without(*gone)
    assert set(policy.msp_ids) == (peers | members) - gone
    assert KeyEndorsementPolicy.from_bytes(policy.to_bytes()) == policy
    assert policy.without(*peers, *members) == NOBODY == KeyEndorsementPolicy.from_bytes(None)


def test_only_roles_are_read() -> None:
    envelope = parse_signature_policy("AND('A.peer', 'B.member')")
    envelope.identities[0].principal_classification = 1
    read = KeyEndorsementPolicy.from_bytes(envelope.SerializeToString())
    assert read == NOBODY.with_members("B")


def test_bytes_that_are_no_policy() -> None:
    envelope = parse_signature_policy("AND('A.peer', 'B.member')")
    envelope.identities[0].principal = b"\xff"
    for wrong in (b"policy", envelope.SerializeToString()):
        with pytest.raises(DecodeError, match="bytes are not a"):
            KeyEndorsementPolicy.from_bytes(wrong)
