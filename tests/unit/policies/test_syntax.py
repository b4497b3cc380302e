"""The policy language: what real Fabric accepts, to the byte, and refuses (3-signature-policies)."""

import json

import pytest
from fabric_protos.common import policies_pb2
from fabric_protos.msp import msp_principal_pb2
from hypothesis import given, settings
from hypothesis import strategies as st

from pyfabric.errors import ConfigError, PolicySyntaxError
from pyfabric.rules.policies.reader import MAX_DEPTH
from pyfabric.rules.policies.syntax import (
    ROLES,
    format_signature_policy,
    parse_signature_policy,
)
from tests.conftest import ROOT

FOLDER = ROOT / "tests" / "vectors" / "3-signature-policies"
ACCEPTED = json.loads((FOLDER / "accepted.json").read_text(encoding="utf-8"))
REFUSED = json.loads((FOLDER / "refused.json").read_text(encoding="utf-8"))

PRINCIPALS = st.builds(
    lambda msp_id, role: f"'{msp_id}.{role}'",
    st.from_regex(r"[A-Za-z0-9.-]{1,10}", fullmatch=True),
    st.sampled_from(sorted(ROLES)),
)


def gates(rules: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return st.lists(rules, min_size=1, max_size=3).flatmap(
        lambda chosen: st.sampled_from(
            [f"OR({', '.join(chosen)})", f"AND({', '.join(chosen)})"]
            + [f"OutOf({n}, {', '.join(chosen)})" for n in range(len(chosen) + 2)]
        )
    )


POLICIES = gates(st.recursive(PRINCIPALS, gates, max_leaves=12))


def principal(raw: bytes, classification: int = 0) -> policies_pb2.SignaturePolicyEnvelope:
    """Return a policy that asks for one principal of any kind."""
    return policies_pb2.SignaturePolicyEnvelope(
        rule=policies_pb2.SignaturePolicy(signed_by=0),
        identities=[
            msp_principal_pb2.MSPPrincipal(principal_classification=classification, principal=raw)
        ],
    )


def test_the_counts() -> None:
    assert (len(ACCEPTED), len(REFUSED)) == (43, 40)


@pytest.mark.parametrize("case", ACCEPTED, ids=lambda case: case["policy"])
def test_accepted_to_the_byte(case: dict) -> None:
    envelope = parse_signature_policy(case["policy"])
    assert envelope.SerializeToString().hex() == case["envelope_hex"]


@pytest.mark.parametrize("case", ACCEPTED, ids=lambda case: case["policy"])
def test_what_is_accepted_can_be_written_again(case: dict) -> None:
    envelope = parse_signature_policy(case["policy"])
    assert parse_signature_policy(format_signature_policy(envelope)) == envelope


@pytest.mark.parametrize("case", REFUSED, ids=lambda case: case["policy"])
def test_refused_with_a_place(case: dict) -> None:
    with pytest.raises(PolicySyntaxError) as refusal:
        parse_signature_policy(case["policy"])
    assert 0 <= refusal.value.position <= len(case["policy"])


@settings(max_examples=40)
@given(POLICIES)
def test_policies_survive_writing_and_reading(text: str) -> None:
    envelope = parse_signature_policy(text)
    again = parse_signature_policy(format_signature_policy(envelope))
    assert again == envelope


@given(st.one_of(st.text(max_size=40), st.text(alphabet="ORANDoutf'\"`(),;+-*.1A ", max_size=40)))
def test_any_text_is_a_policy_or_a_syntax_error(text: str) -> None:
    try:
        parse_signature_policy(text)
    except PolicySyntaxError as error:
        position = error.position
        assert 0 <= position <= len(text)


@pytest.mark.parametrize(
    ("text", "same"),
    [
        ("OutOf(2 * 1 - 0, 'A.peer', 'B.peer')", "AND('A.peer', 'B.peer')"),
        ("OutOf((1), 'A.peer')", "OR('A.peer')"),
        ("OutOf(2 - 1, `A.peer`)", "OR('A.peer')"),
        ("OutOf(--1, 'A.peer')", "OR('A.peer')"),
        ("OutOf(-0.5, 'A.peer')", "OutOf(0, 'A.peer')"),
        ("OR(\"outof(1, 'A.peer')\")", "OR(OR('A.peer'))"),
        ("\"outof(1, 'A.peer')\"", "OR('A.peer')"),
        ("AND(\"'A.peer', 'B.peer'\")", "OR('A.peer', 'B.peer')"),
    ],
)
def test_quirks_of_the_three_passes(text: str, same: str) -> None:
    assert parse_signature_policy(text) == parse_signature_policy(same)


@pytest.mark.parametrize(
    ("text", "message", "position"),
    [
        ("OR('A.peer', 'A.boss')", "'A.boss' is no principal", 13),
        ("OR(A.peer)", "unknown name A.peer: a principal stands in quotes", 3),
        ("OR('A.peer'", "expected ',', found the end", 11),
        ("OR('A.peer' 'B.peer')", "expected ','", 12),
        ("OR('A.peer') x", "the policy should end here", 13),
        ("Any('A.peer')", "unknown gate Any: use OR, AND or OutOf", 0),
        ("OutOf(3, 'A.peer')", "t 3, n 1", 0),
        ("OutOf('A.peer', 'B.peer')", "the first argument of OutOf", 0),
        ("OutOf(1, 2)", "the rules of OutOf are principals", 0),
        ("OutOf('A' + 1, 'B.peer')", "only numbers can be added", 6),
        ("OR(?)", "unexpected character '?'", 3),
        ("OR(,)", "unexpected ','", 3),
        ("OR((1)", "expected ',', found the end", 6),
        ("OR((1,2))", "expected ')', found ','", 5),
        ("7", "a policy is a gate", 0),
        ("'`7`'", "in a quoted policy", 0),
        ("OR(\"'`A`'\")", "is no principal", 3),
        ("OR(" * (MAX_DEPTH + 1), f"nested more than {MAX_DEPTH} deep", 3 * MAX_DEPTH + 3),
        ("-" * 5000, "nested more than", MAX_DEPTH + 1),
    ],
)
def test_messages_and_places(text: str, message: str, position: int) -> None:
    with pytest.raises(PolicySyntaxError) as refusal:
        parse_signature_policy(text)
    assert message in str(refusal.value)
    assert refusal.value.position == position


def test_a_single_principal_is_written_as_a_gate() -> None:
    role = msp_principal_pb2.MSPRole(msp_identifier="A", role=ROLES["peer"])
    assert format_signature_policy(principal(role.SerializeToString())) == "OR('A.peer')"


@pytest.mark.parametrize(
    "envelope",
    [
        principal(b"", classification=1),
        principal(b"\xff"),
        principal(msp_principal_pb2.MSPRole(msp_identifier="A_B").SerializeToString()),
        principal(b"\x0a\x01A\x10\x63"),
        policies_pb2.SignaturePolicyEnvelope(),
        policies_pb2.SignaturePolicyEnvelope(rule=policies_pb2.SignaturePolicy(signed_by=3)),
    ],
)
def test_what_has_no_expression(envelope: policies_pb2.SignaturePolicyEnvelope) -> None:
    with pytest.raises(ConfigError):
        format_signature_policy(envelope)


A, AB = "1a0712050a01411003", "1a0712050a014110031a0712050a01421003"


@pytest.mark.parametrize(
    ("text", "made"),
    [
        ("OR('A.peer','')", "12081206080112020800" + A),
        ("OR('A.peer',' \t')", "12081206080112020800" + A),
        ("OutOf(1,'A.peer', '')", "12081206080112020800" + A),
        ("AND('A.peer','')", "12081206080212020800" + A),
        ("OR(AND('A.peer',''),'')", "120e120c080112081206080212020800" + A),
        ("AND('A.peer','B.peer','')", "120c120a0803120208001202 0801".replace(" ", "") + AB),
        ("OutOf(.5,'A.peer')", "1206120412020800" + A),
        ("OutOf(1.,'A.peer')", "12081206080112020800" + A),
        ("OutOf('.5','A.peer')", "1206120412020800" + A),
        ("OutOf(-.5,'A.peer')", "1206120412020800" + A),
        ("OutOf(1.+.5,'A.peer','B.peer')", "120c120a08011202080012020801" + AB),
    ],
)
def test_blank_ends_and_short_numbers_are_fabrics(text: str, made: str) -> None:
    # The bytes are those of policydsl.FromString of Fabric 3.1.5.
    envelope = parse_signature_policy(text)
    assert envelope.SerializeToString(deterministic=True).hex() == made


@pytest.mark.parametrize(
    "text",
    [
        "OR('A.peer','','')",
        "OR('','A.peer')",
        "OR('A.peer','','B.peer')",
        "OR('')",
        "AND('')",
        "OutOf(1,'')",
        "OutOf('','A.peer')",
        "OutOf(.,'A.peer')",
        "OutOf(1..,'A.peer')",
        "OutOf(1.2.3,'A.peer')",
    ],
)
def test_other_blanks_and_points_are_refused_as_in_fabric(text: str) -> None:
    with pytest.raises(PolicySyntaxError):
        parse_signature_policy(text)
