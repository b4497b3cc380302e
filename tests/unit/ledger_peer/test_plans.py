"""Endorsement plans: the next peers to ask, and when a layout is complete or impossible."""

from random import Random

from fabric_protos.peer import proposal_response_pb2
from hypothesis import given
from hypothesis import strategies as st

from pyfabric.rules.discovery.endorsement import Descriptor
from pyfabric.rules.discovery.endorsement_plan import EndorsementPlan, arrange
from pyfabric.rules.discovery.principals import merge_all, principal_sets
from pyfabric.rules.policies.syntax import parse_signature_policy


def test_a_merged_set_needs_no_more_than_both() -> None:
    both = [
        principal_sets(parse_signature_policy(text))
        for text in ("AND('A.peer','B.peer')", "OR('A.member','C.member')")
    ]
    merged = merge_all(both)
    assert [len(one) for one in merged] == [2]


def endorsement(name: str) -> proposal_response_pb2.ProposalResponse:
    return proposal_response_pb2.ProposalResponse(
        payload=b"same", endorsement=proposal_response_pb2.Endorsement(endorser=name.encode())
    )


def test_a_plan_starts_with_the_preferred_group_and_completes() -> None:
    descriptor = Descriptor(
        "asset",
        {"G0": ("a",), "G1": ("b",), "G2": ("c",)},
        ({"G1": 1, "G2": 1}, {"G0": 1, "G1": 1}, {"G0": 1, "G2": 1}),
    )
    for seed in range(8):
        plan = arrange(descriptor, "a", ["a", "b", "c"], Random(seed))
        assert plan.add("a", endorsement("a"))
        (other,) = plan.endorsers()
        assert other in "bc"
        assert plan.add(other, endorsement(other))
        assert plan.completed is not None
        assert [one.endorser for one in plan.completed] == [b"a", other.encode()]


def test_a_group_may_have_to_endorse_more_than_once() -> None:
    plan = EndorsementPlan([{"G0": 2}], {"G0": ["a", "b", "c"]})
    assert plan.endorsers() == ["a", "b"]
    assert plan.add("a", endorsement("a"))
    assert plan.completed is None
    assert plan.next_in_group("b") == "c"
    assert plan.add("c", endorsement("c"))
    assert plan.completed is not None
    assert [one.endorser for one in plan.completed] == [b"a", b"c"]


def test_another_payload_is_refused() -> None:
    plan = EndorsementPlan([{"G0": 1, "G1": 1}], {"G0": ["a"], "G1": ["b"]})
    assert sorted(plan.endorsers()) == ["a", "b"]
    assert plan.add("a", endorsement("a"))
    other = endorsement("b")
    other.payload = b"different"
    assert not plan.add("b", other)
    assert plan.completed is None


def test_a_failed_group_takes_its_layouts_away() -> None:
    plan = EndorsementPlan([{"G0": 1, "G1": 1}, {"G1": 1}, {"G0": 1}], {"G0": ["a"], "G1": ["b"]})
    assert sorted(plan.endorsers()) == ["a", "b"]
    assert plan.next_in_group("b") is None
    plan.abandon(["b"])
    assert plan.endorsers() == []


@given(st.integers(1, 4), st.data())
def test_every_principal_set_satisfies_its_policy(threshold: int, data: st.DataObject) -> None:
    rules = data.draw(st.lists(st.sampled_from("ABCD"), min_size=threshold, max_size=5))
    text = f"OutOf({threshold}, {', '.join(repr(f'{one}.peer') for one in rules)})"
    sets = principal_sets(parse_signature_policy(text))
    assert all(len(one) == threshold for one in sets)


def test_a_layout_may_ask_two_peers_of_one_group() -> None:
    plan = EndorsementPlan([{"G0": 2}], {"G0": ["a", "b"]})
    assert sorted(plan.endorsers()) == ["a", "b"]
    assert plan.add("a", endorsement("a"))
    assert plan.completed is None
    assert plan.add("b", endorsement("b"))
    assert plan.completed is not None
    assert [one.endorser for one in plan.completed] == [b"a", b"b"]
