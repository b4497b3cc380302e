"""Invalid channel models: each error names the part."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from pyfabric.admin.config.genesis import genesis_block
from pyfabric.admin.config.model import (
    AnchorPeer,
    ApplicationModel,
    BFTModel,
    ChannelModel,
    ConsenterModel,
    OrdererModel,
    OrganizationModel,
    RaftModel,
)
from pyfabric.errors import ConfigError, PolicyError
from pyfabric.messages.blocks import parse_block, signature_set
from pyfabric.messages.signatures import SignedData
from pyfabric.rules.configuration.channel_config import ChannelConfig
from pyfabric.rules.policies.usual import orderer_policies, organization_policies
from tests.support.network.members import Organization

ONE, TWO = Organization("OneMSP"), Organization("TwoMSP")


def organization(one: Organization, **more: Any) -> OrganizationModel:
    return OrganizationModel(
        name=one.msp_id, msp=one.definition, policies=organization_policies(one.msp_id), **more
    )


def consenter(number: int = 0) -> ConsenterModel:
    return ConsenterModel(
        host="o.test",
        port=7050 + number,
        client_tls_certificate=b"c",
        server_tls_certificate=b"s",
        number=number,
        msp_id="OneMSP" if number else "",
        identity=ONE.member("orderer", number).identity.certificate if number else b"",
    )


ORDERER = OrdererModel(
    organizations=(organization(ONE, endpoints=("o.test:7050",)),),
    consensus=RaftModel(consenters=(consenter(),)),
    policies=orderer_policies(["OneMSP"]),
)
MODEL = ChannelModel(
    channel_id="directory",
    orderer=ORDERER,
    application=ApplicationModel(
        organizations=(
            organization(ONE, anchor_peers=(AnchorPeer("p.test", 7051),)),
            organization(TWO),
        )
    ),
)
BFT = BFTModel(consenters=tuple(consenter(number) for number in (1, 2, 3, 4)))
BFT_MODEL = replace(MODEL, capabilities=("V3_0",), orderer=replace(ORDERER, consensus=BFT))


def built(model: ChannelModel) -> ChannelConfig:
    block = genesis_block(model, timestamp=datetime(2026, 11, 25, tzinfo=UTC), nonce=bytes(24))
    return ChannelConfig.from_block(parse_block(block))


def test_the_defaults_make_a_channel() -> None:
    config = built(MODEL)
    assert config.batch.timeout == 2.0
    assert config.application_organizations["OneMSP"].anchor_peers == ("p.test:7051",)
    assert config.capabilities.application == {"V2_5"}


def test_blocks_are_valid_by_the_orderer_role_alone() -> None:
    policy = built(MODEL).policy("/Channel/Orderer/BlockValidation")
    for unit, good in (("orderer", True), ("client", False), ("peer", False), ("admin", False)):
        member = ONE.member(unit)
        signed = [SignedData(b"block", member.serialized(), member.sign(b"block"))]
        if good:
            policy.evaluate(signed)
        else:
            with pytest.raises(PolicyError):
                policy.evaluate(signed)


def test_bft_blocks_need_three_of_four() -> None:
    policy = built(BFT_MODEL).policy("/Channel/Orderer/BlockValidation")
    signers = [ONE.member("orderer", number) for number in (1, 2, 3)]
    signed = [SignedData(b"block", one.serialized(), one.sign(b"block")) for one in signers]
    policy.evaluate(signed)
    with pytest.raises(PolicyError):
        policy.evaluate(signed[:2])


def test_a_genesis_block_is_not_signed() -> None:
    block = genesis_block(MODEL, timestamp=datetime(2026, 11, 25, tzinfo=UTC), nonce=bytes(24))
    assert signature_set(parse_block(block), {}) == []


def test_acls() -> None:
    acls = {"peer/Propose": "Admins"}
    model = replace(MODEL, application=replace(MODEL.application, acls=acls))
    assert built(model).acls == {"peer/Propose": "/Channel/Application/Admins"}


def test_what_may_be_left_out() -> None:
    silent = replace(ORDERER, organizations=(organization(ONE),))
    model = replace(MODEL, orderer=silent, application=replace(MODEL.application, capabilities=()))
    config = built(model)
    assert config.orderer_addresses == ()
    assert config.capabilities.application == frozenset()


def with_policies(**policies: str | None) -> ChannelModel:
    chosen = {**MODEL.policies, **policies}
    return replace(
        MODEL, policies={name: rule for name, rule in chosen.items() if rule is not None}
    )


def with_raft(**changes: Any) -> ChannelModel:
    raft = replace(RaftModel(consenters=(consenter(),)), **changes)
    return replace(MODEL, orderer=replace(ORDERER, consensus=raft))


def with_bft(*consenters: ConsenterModel) -> ChannelModel:
    return replace(
        BFT_MODEL, orderer=replace(ORDERER, consensus=replace(BFT, consenters=consenters))
    )


@pytest.mark.parametrize(
    ("model", "text"),
    [
        (with_policies(Admins=None), "channel: no Admins policy defined"),
        (
            with_policies(Readers="MOST Readers"),
            "channel: policy Readers, 'MOST Readers': unknown rule",
        ),
        (with_policies(Readers="ANY"), "expected two space separated tokens, but got 1"),
        (with_policies(Readers="OR(A.peer)"), "channel: policy Readers, .* unknown name A.peer"),
        (
            replace(MODEL, orderer=replace(ORDERER, policies=MODEL.policies)),
            "orderer: no BlockValidation policy defined",
        ),
        (
            replace(
                MODEL,
                application=replace(
                    MODEL.application,
                    organizations=(replace(organization(TWO), policies={}),),
                ),
            ),
            "application organization TwoMSP: no Admins policy defined",
        ),
        (with_raft(consenters=()), "etcdraft configuration did not specify any consenter"),
        (with_raft(tick_interval="500"), "etcdraft tick interval: time: missing unit"),
        (
            with_raft(election_tick=1),
            "election tick \\(1\\) must be greater than heartbeat tick \\(1\\)",
        ),
        (
            with_raft(consenters=(replace(consenter(), host=""),)),
            "consenter 1 in etcdraft configuration did not specify host",
        ),
        (with_raft(consenters=(replace(consenter(), port=0),)), "did not specify port"),
        (
            with_raft(consenters=(replace(consenter(), client_tls_certificate=b""),)),
            "did not specify client TLS cert",
        ),
        (
            with_raft(consenters=(consenter(), replace(consenter(), server_tls_certificate=b""))),
            "consenter 2 in etcdraft configuration did not specify server TLS cert",
        ),
        (
            replace(BFT_MODEL, capabilities=("V2_0",)),
            "orderer: type BFT must be used with the V3_0 channel capability",
        ),
        (with_bft(), "BFT configuration did not specify any consenter"),
        (with_bft(consenter()), "BFT consenter 1 .* needs a number above 0, an MSP id"),
        (
            replace(BFT_MODEL, orderer=replace(ORDERER, organizations=(organization(ONE),))),
            "orderer organization OneMSP: orderer endpoints are missing",
        ),
    ],
)
def test_refused(model: ChannelModel, text: str) -> None:
    with pytest.raises(ConfigError, match=text):
        built(model)
