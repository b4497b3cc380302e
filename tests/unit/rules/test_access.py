"""Who may do what on a peer: default policies, ACLs, the peer's own MSP, and Fabric's refusals."""

from itertools import chain

import pytest
from fabric_protos.common import common_pb2
from fabric_protos.peer import configuration_pb2, proposal_pb2

from pyfabric.errors import PolicyError
from pyfabric.identity.signing import SigningIdentity
from pyfabric.messages.signatures import SignedData
from pyfabric.rules.access import Access
from pyfabric.rules.configuration.channel_config import ChannelConfig
from pyfabric.rules.proposals import Proposal, read_proposal
from pyfabric.rules.resources import CHANNEL_RESOURCES, LOCAL_RESOURCES
from tests.support.rules import history
from tests.support.rules.people import ADMIN, CLIENT, STRANGER

CHANNEL = "ch"
LOCAL = "during channelless check policy with policy"


def channel(**acls: str) -> ChannelConfig:
    """Return a real channel's configuration, with ACLs for resources ("__" is written for "/")."""
    config = ChannelConfig.from_block(history.blocks()[0])
    if not acls:
        return config
    entries = {
        name.replace("__", "/"): configuration_pb2.APIResource(policy_ref=reference)
        for name, reference in acls.items()
    }
    value = config.raw.channel_group.groups["Application"].values["ACLs"]
    value.value = configuration_pb2.ACLs(acls=entries).SerializeToString()
    return ChannelConfig(config.raw, channel_id=CHANNEL)


def access() -> Access:
    return Access(channel().msp_manager.msps["RegistryMSP"])


def proposal(
    signer: SigningIdentity, *, verified_by: object = None, signature: bytes | None = None
) -> Proposal:
    header = common_pb2.Header(
        channel_header=common_pb2.ChannelHeader().SerializeToString(),
        signature_header=common_pb2.SignatureHeader(
            creator=signer.serialized()
        ).SerializeToString(),
    )
    raw = proposal_pb2.Proposal(header=header.SerializeToString()).SerializeToString()
    read = read_proposal(
        proposal_pb2.SignedProposal(
            proposal_bytes=raw, signature=signer.sign(raw) if signature is None else signature
        )
    )
    read.verified_by = verified_by
    return read


def refusal(check: object, *arguments: object) -> str:
    with pytest.raises(PolicyError) as caught:
        check(*arguments)  # type: ignore[operator]
    return str(caught.value)


@pytest.mark.parametrize("resource", sorted(LOCAL_RESOURCES))
def test_the_peers_own_msp_decides_what_concerns_the_peer(resource: str) -> None:
    check = access().check_proposal
    check(resource, "", None, proposal(ADMIN))
    if LOCAL_RESOURCES[resource] == "Members":
        check(resource, "", None, proposal(CLIENT))
        return
    refused = refusal(check, resource, "", None, proposal(CLIENT))
    assert refused.startswith(
        "Failed verifying that proposal's creator satisfies local MSP principal "
        f"{LOCAL} [Admins]: ["
    )
    assert "The identity is not an admin under this MSP [RegistryMSP]" in refused


def test_what_the_peers_own_msp_refuses() -> None:
    check = access().check_proposal
    assert refusal(check, "cscc/GetChannels", "", None, proposal(STRANGER)).startswith(
        f"Failed deserializing proposal creator {LOCAL} [Members]: [expected MSP ID RegistryMSP, "
    )
    forged = proposal(ADMIN, signature=CLIENT.sign(b"other"))
    assert "signature is invalid" in refusal(check, "cscc/GetChannels", "", None, forged)


@pytest.mark.parametrize("resource", sorted(CHANNEL_RESOURCES))
def test_a_channels_resource_without_a_channel_is_refused(resource: str) -> None:
    path = CHANNEL_RESOURCES[resource]
    assert refusal(access().check_proposal, resource, "", None, proposal(ADMIN)) == (
        f"Failed getting local MSP principal {LOCAL} [{path}]: "
        f"[MSP Principal role [{path}] not recognized]"
    )
    assert refusal(access().check_signed, resource, "", None, SignedData(b"", b"", b"")).startswith(
        "Invalid channel ID name during check policy on signed data."
    )
    assert refusal(access().check_proposal, resource, CHANNEL, None, proposal(ADMIN)) == (
        f"Failed to get policy manager for channel [{CHANNEL}]"
    )


@pytest.mark.parametrize("resource", sorted(CHANNEL_RESOURCES))
def test_a_channels_default_policies(resource: str) -> None:
    config, path = channel(), CHANNEL_RESOURCES[resource]
    access().check_proposal(resource, CHANNEL, config, proposal(CLIENT))
    assert refusal(
        access().check_proposal, resource, CHANNEL, config, proposal(STRANGER)
    ).startswith(
        "Failed evaluating policy on signed data during check policy on channel "
        f"[{CHANNEL}] with policy [{path}]: ["
    )


def test_an_acl_names_another_policy() -> None:
    config = channel(peer__Propose="Readers", qscc__Unheard="/Channel/Application/Admins")
    access().check_proposal("peer/Propose", CHANNEL, config, proposal(CLIENT))
    assert refusal(
        access().check_proposal,
        "peer/Propose",
        CHANNEL,
        channel(peer__Propose="/No/Such"),
        proposal(ADMIN),
    ).startswith("failed evaluating policy on signed data during check policy [/No/Such]: [")
    assert (
        refusal(access().check_proposal, "qscc/Unknown", CHANNEL, config, proposal(ADMIN))
        == "Unmapped policy for qscc/Unknown"
    )


def test_a_creator_whose_signature_is_verified_is_judged_by_who_it_is() -> None:
    config, peer = channel(), access()
    for signer, signature in chain([(CLIENT, b"")] * 2):
        known = proposal(signer, verified_by=config.msp_manager, signature=signature)
        peer.check_proposal("peer/Propose", CHANNEL, config, known)
    unknown = proposal(CLIENT, verified_by=object(), signature=b"")
    assert "implicit policy evaluation failed" in refusal(
        peer.check_proposal, "peer/Propose", CHANNEL, config, unknown
    )
