"""Why a policy of a channel is not satisfied, in words and in parts."""

import pytest
from fabric_protos.common import configtx_pb2, policies_pb2
from hypothesis import given
from hypothesis import strategies as st

from pyfabric.identity.msp import MemberIdentity
from pyfabric.identity.signing import SigningIdentity
from pyfabric.messages.policies import identity_principal, signed_by
from pyfabric.rules.configuration.channel_config import ChannelConfig
from pyfabric.rules.policies.choices import members_of
from pyfabric.rules.policies.evaluation import holds
from pyfabric.rules.policies.explanation import Explanation, counts, explain
from pyfabric.rules.policies.syntax import parse_signature_policy
from tests.support.ledger.ordering import Council

COUNCIL = Council(1, bft=False, departments=("Land", "Tax", "Health"))
CONFIG = ChannelConfig.from_block(COUNCIL.genesis())
ADMINS = {one.name: one.admin for one in (*COUNCIL.departments, COUNCIL.ordering)}
APPLICATION = "/Channel/Application/Admins"
PATHS = sorted(f"/Channel/{name}" for name in CONFIG.policies.policies)


def identities(*people: SigningIdentity) -> list[MemberIdentity]:
    return [CONFIG.msp_manager.deserialize(one.serialized()) for one in people]


def explained(path: str, *people: SigningIdentity) -> Explanation:
    return explain(CONFIG.policies, path, identities(*people), members_of(CONFIG.msp_manager))


def test_the_departments_that_are_missing_are_named() -> None:
    found = explained(APPLICATION, ADMINS["Tax"])
    assert (found.is_satisfied, found.required, found.signers) == (False, 2, ("TaxMSP",))
    assert found.rule == "2 of 3 Admins"
    assert sorted(one.path for one in found.missing) == [
        "/Channel/Application/Health/Admins",
        "/Channel/Application/Land/Admins",
    ]
    assert {one.choices[0].organizations for one in found.missing} == {("HealthMSP",), ("LandMSP",)}
    text = str(found)
    assert text.startswith(f"{APPLICATION} needs 2 of 3 and has 1: /Channel/Application/")
    assert "/Channel/Application/Land/Admins needs OR('LandMSP.admin')" in text
    assert "Tax" not in text


def test_nothing_is_missing_of_what_is_satisfied() -> None:
    found = explained(APPLICATION, ADMINS["Tax"], ADMINS["Land"])
    assert (found.is_satisfied, found.missing) == (True, ())
    assert str(found) == f"{APPLICATION} is satisfied"


def test_sub_policies_are_explained_down_to_the_departments() -> None:
    found = explained("/Channel/Admins", ADMINS["Tax"], ADMINS["Ordering"])
    assert {one.path: one.is_satisfied for one in found.parts} == {
        "/Channel/Orderer/Admins": True,
        APPLICATION: False,
    }
    assert found.signers == ("OrderingMSP", "TaxMSP")
    assert "/Channel/Admins needs 2 of 2 and has 1: /Channel/Application/Admins needs" in str(found)


def test_a_user_does_not_count_where_an_administrator_must_sign() -> None:
    user = COUNCIL.departments[1].identity("ann", "client")
    assert explained(APPLICATION, user).signers == ()
    assert not counts(CONFIG.policy(APPLICATION), *identities(user))
    assert counts(CONFIG.policy("/Channel/Writers"), *identities(user))


def test_a_policy_that_does_not_exist() -> None:
    found = explained("/Channel/Application/Auditors", ADMINS["Tax"])
    assert (found.is_satisfied, found.choices) == (False, ())
    assert str(found) == "/Channel/Application/Auditors needs a policy that does not exist"


@pytest.mark.parametrize("path", PATHS)
@given(people=st.sets(st.sampled_from(sorted(ADMINS))))
def test_an_explanation_agrees_with_the_evaluation(path: str, people: set[str]) -> None:
    signers = [ADMINS[one] for one in sorted(people)]
    found = explained(path, *signers)
    assert found.is_satisfied == holds(CONFIG.policy(path), identities(*signers))
    assert bool(found.missing) != found.is_satisfied
    held = sum(one.is_satisfied for one in found.parts)
    assert not found.parts or found.is_satisfied == (held >= found.required)


def with_policy(policy: policies_pb2.SignaturePolicyEnvelope) -> ChannelConfig:
    """Return the configuration with another policy of those who administer the members."""
    found = configtx_pb2.Config()
    found.CopyFrom(CONFIG.raw)
    entry = found.channel_group.groups["Application"].policies["Admins"]
    entry.policy.CopyFrom(policies_pb2.Policy(type=1, value=policy.SerializeToString()))
    return ChannelConfig(found, channel_id="council")


def test_a_rule_that_no_expression_can_write() -> None:
    config = with_policy(
        signed_by(1, [identity_principal("LandMSP", ADMINS["Land"].identity.certificate)])
    )
    found = explain(config.policies, APPLICATION, [], members_of(config.msp_manager))
    assert str(found) == f"{APPLICATION} needs a rule that no expression can write"
    assert found.choices[0].organizations == ("LandMSP",)


def test_ways_that_are_too_many_are_left_out() -> None:
    roles = ["admin", "peer", "client", "orderer"]
    names = [f"'{one.msp_id}.{role}'" for one in COUNCIL.departments for role in roles] * 2
    config = with_policy(parse_signature_policy(f"OutOf(12, {', '.join(names)})"))
    found = explain(config.policies, APPLICATION, [], lambda _: True)
    assert (found.is_satisfied, found.choices) == (False, ())


def test_a_policy_that_does_not_exist_counts_nobody() -> None:
    assert not counts(CONFIG.policy("/Channel/Nothing"), *identities(ADMINS["Tax"]))
