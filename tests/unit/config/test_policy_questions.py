"""Questions about policies: who satisfies one, and who is missing."""

import pytest
from fabric_protos.common import configtx_pb2

from pyfabric.admin.channels import SetPolicy, edit_config
from pyfabric.admin.config.policy_questions import SatisfyingSet, check_policy
from pyfabric.errors import ConfigError, PolicySyntaxError
from pyfabric.messages.config_blocks import config_from_block
from pyfabric.messages.policies import identity_principal, signed_by
from tests.support.ledger.ordering import Council

COUNCIL = Council(1, bft=False, departments=("Land", "Tax", "Health"))
CONFIG = config_from_block(COUNCIL.genesis())[1].SerializeToString()
PAIR = "AND('TaxMSP.admin', 'LandMSP.member')"


def test_the_smallest_sets_of_an_expression() -> None:
    found = check_policy("OR('TaxMSP.peer', AND('TaxMSP.peer', 'LandMSP.peer'))")
    assert not found.is_satisfied
    assert found.sets == (SatisfyingSet(("TaxMSP",), ("'TaxMSP.peer'",), ("'TaxMSP.peer'",)),)


@pytest.mark.parametrize(
    ("signers", "satisfied"),
    [
        (["TaxMSP", "LandMSP"], True),
        (["TaxMSP.admin", "LandMSP.peer"], True),
        (["TaxMSP.peer", "LandMSP.peer"], False),
        (["TaxMSP.admin"], False),
        ([], False),
    ],
)
def test_whether_signers_satisfy_an_expression(signers: list[str], satisfied: bool) -> None:
    assert check_policy(PAIR, signers).is_satisfied is satisfied


def test_who_is_missing() -> None:
    (one,) = check_policy(PAIR, ["LandMSP.peer"]).sets
    assert one.missing == ("'TaxMSP.admin'",)


def test_a_policy_of_a_channel() -> None:
    found = check_policy("/Channel/Application/Admins", ["TaxMSP", "LandMSP.admin"], config=CONFIG)
    assert found.is_satisfied
    assert [one.organizations for one in found.sets] == [
        ("HealthMSP", "LandMSP"),
        ("HealthMSP", "TaxMSP"),
        ("LandMSP", "TaxMSP"),
    ]
    assert (
        check_policy("Admins", config=CONFIG).sets
        == check_policy("/Channel/Application/Admins", config=CONFIG).sets
    )


@pytest.mark.parametrize(
    ("policy", "config", "kind", "reason"),
    [
        ("OR('TaxMSP.peer'", None, PolicySyntaxError, "found the end"),
        ("/Channel/Admins", None, ConfigError, "give the channel's configuration"),
        (
            "/Channel/Auditors",
            CONFIG,
            ConfigError,
            "no policy /Channel/Auditors; it has .*/Channel/Admins",
        ),
    ],
)
def test_what_is_no_policy(
    policy: str, config: bytes | None, kind: type[Exception], reason: str
) -> None:
    with pytest.raises(kind, match=reason):
        check_policy(policy, config=config)


def test_one_identity_is_not_a_role() -> None:
    edited = edit_config(CONFIG, [SetPolicy("/Channel/Application/Admins", "OR('TaxMSP.admin')")])
    found = configtx_pb2.Config.FromString(edited)
    certificate = COUNCIL.departments[1].admin.identity.certificate
    envelope = signed_by(1, [identity_principal("TaxMSP", certificate)])
    found.channel_group.groups["Application"].policies[
        "Admins"
    ].policy.value = envelope.SerializeToString()
    config = found.SerializeToString()
    assert check_policy("Admins", ["TaxMSP"], config=config).is_satisfied
    assert not check_policy("Admins", ["TaxMSP.admin"], config=config).is_satisfied
