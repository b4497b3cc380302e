"""Whom a collection's policy names, and to whom its data are given."""

from dataclasses import dataclass

import pytest
from fabric_protos.common import policies_pb2
from fabric_protos.msp import msp_principal_pb2

from pyfabric.chaincode.testing import identity
from pyfabric.chaincode.testing.members import TestMembers
from pyfabric.errors import ContractError
from pyfabric.rules.collections import Collection
from pyfabric.rules.requests.dissemination import recipients

Principal = msp_principal_pb2.MSPPrincipal
MEMBERS = TestMembers("ch", ["Org1MSP", "Org2MSP", "Org3MSP"], anybody=False)
SOMEBODY = identity("Org3MSP").serialized()


def collection(*principals: tuple[int, bytes], **fields: int) -> Collection:
    """Return a collection whose policy is any of these principals."""
    rule = policies_pb2.SignaturePolicy
    envelope = policies_pb2.SignaturePolicyEnvelope(
        rule=rule(
            n_out_of=rule.NOutOf(n=1, rules=[rule(signed_by=at) for at in range(len(principals))])
        ),
        identities=[
            Principal(principal_classification=kind, principal=data) for kind, data in principals
        ],
    )
    return Collection("c", envelope, MEMBERS.msp_manager, **fields)


def test_each_kind_of_principal_names_an_organisation_or_none() -> None:
    found = collection(
        (Principal.ROLE, msp_principal_pb2.MSPRole(msp_identifier="Org1MSP").SerializeToString()),
        (
            Principal.ORGANIZATION_UNIT,
            msp_principal_pb2.OrganizationUnit(
                msp_identifier="Org2MSP", organizational_unit_identifier="client"
            ).SerializeToString(),
        ),
        (Principal.IDENTITY, SOMEBODY),
        (Principal.IDENTITY, identity("Org9MSP").serialized()),
        (Principal.ROLE, b"\xff"),
        (Principal.COMBINED, b""),
    )
    assert found.member_organizations == {"Org1MSP", "Org2MSP", "Org3MSP"}
    assert found.includes(MEMBERS.msp_manager.deserialize(SOMEBODY))
    assert not found.includes(MEMBERS.peer("Org2MSP"))
    assert found.stored_by(MEMBERS.peer("Org2MSP"))


def test_a_policy_that_does_not_compile_includes_nobody() -> None:
    broken = Collection("c", policies_pb2.SignaturePolicyEnvelope(version=7), MEMBERS.msp_manager)
    assert not broken.includes(MEMBERS.peer("Org1MSP"))


@dataclass(frozen=True)
class Peer:
    """A peer of an organisation."""

    msp_id: str
    name: str


EAST, WEST = [Peer("East", name) for name in "ab"], [Peer("West", name) for name in "cd"]


@pytest.mark.parametrize("maximum", range(6))
def test_each_organisation_comes_before_a_second_peer_of_one(maximum: int) -> None:
    eligible = [EAST[0], EAST[1], WEST[0], WEST[1]]
    found = recipients(
        collection(maximum_peer_count=maximum),
        eligible,
        channel_id="ch",
        transaction_id="tx",
        namespace="cc",
    )
    assert len(set(found)) == len(found) == min(maximum, len(eligible))
    assert len({one.msp_id for one in found[:2]}) == min(maximum, 2)


def test_too_few_peers_and_no_collection() -> None:
    given = {"channel_id": "ch", "transaction_id": "tx", "namespace": "cc"}
    with pytest.raises(ContractError) as refused:
        recipients(collection(required_peer_count=3, maximum_peer_count=3), EAST, **given)
    assert str(refused.value) == (
        "failed to distribute private collection, txID tx, channel ch: could not build private data "
        "dissemination plan for chaincode cc and collection c: required to disseminate to at least 3 "
        "peers, but know of only 2 eligible peers"
    )
    with pytest.raises(ContractError) as refused:
        recipients(None, EAST, **given)
    assert str(refused.value) == (
        'failed to obtain collections config: no collection config for chaincode "cc"'
    )
