"""The contract of proposals: which configurations it believes, and which signatures it keeps."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from fabric_protos.common import common_pb2, configtx_pb2
from pyfabric_proposals.contract import MOST_BYTES, Proposals

from pyfabric.admin.channels import Edit, SetACLs, SetBatch, edit_config
from pyfabric.admin.config.proposal import Proposal, make_proposal
from pyfabric.admin.config.proposal_files import read_proposal, write_proposal
from pyfabric.admin.config.update import config_signature, signature_header
from pyfabric.chaincode import Chaincode
from pyfabric.chaincode.testing import TestLedger
from pyfabric.errors import ContractError, ValidationCode
from pyfabric.identity.signing import Identity, SigningIdentity
from pyfabric.messages.blocks import (
    block_signature_message,
    new_block,
    orderer_metadata_value,
    signatures_slot,
)
from pyfabric.messages.config_blocks import config_from_block
from pyfabric.messages.envelopes import channel_header
from tests.support.extent import takes_long
from tests.support.ledger.ordering import CHANNEL, NOW, Council

COUNCIL = Council(3, bft=False, departments=("Land", "Tax", "Health"))
BLOCK = COUNCIL.genesis()
CONFIG = config_from_block(BLOCK)[1].SerializeToString(deterministic=True)
GENESIS = BLOCK.SerializeToString()
LAND, TAX, HEALTH = (one.admin for one in COUNCIL.departments)
ORDERER = COUNCIL.orderers[0].identity
ORDERING = COUNCIL.ordering.admin
ACLS = SetACLs({"peer/Propose": "/Channel/Application/Admins"})


def user(department: int) -> Identity:
    return COUNCIL.departments[department].identity("clerk", "client").identity


def signature(proposal: Proposal, one: SigningIdentity) -> bytes:
    header = signature_header(one.serialized(), b"nonce")
    return config_signature(header, one.sign(header + proposal.update))


def proposal(*signers: SigningIdentity, edit: Edit = ACLS, config: bytes = CONFIG) -> Proposal:
    made = make_proposal(CHANNEL, config, [edit])
    return made.signed(*(signature(made, one) for one in signers))


def config_after(edit: Edit, config: bytes = CONFIG) -> bytes:
    """Return a configuration in which the elements that an edit changes have a newer version."""
    before = configtx_pb2.Config.FromString(config).channel_group
    found = configtx_pb2.Config.FromString(edit_config(config, [edit]))
    for name, section in found.channel_group.groups.items():
        old = before.groups[name]
        section.version += set(section.values) != set(old.values)
        for key, value in section.values.items():
            value.version += key in old.values and value.value != old.values[key].value
    found.sequence += 1
    return found.SerializeToString(deterministic=True)


def config_block(
    number: int, config: bytes, signer: SigningIdentity, channel: str = CHANNEL
) -> bytes:
    """Return a configuration block as an orderer signs it."""
    payload = common_pb2.Payload(
        header=common_pb2.Header(
            channel_header=channel_header(common_pb2.HeaderType.CONFIG, channel, NOW)
        ),
        data=configtx_pb2.ConfigEnvelope(
            config=configtx_pb2.Config.FromString(config)
        ).SerializeToString(deterministic=True),
    )
    envelope = common_pb2.Envelope(payload=payload.SerializeToString()).SerializeToString()
    block = new_block(number, b"previous", [envelope])
    value = orderer_metadata_value(number)
    header = common_pb2.SignatureHeader(
        creator=signer.serialized(), nonce=b"nonce"
    ).SerializeToString()
    signed = common_pb2.MetadataSignature(
        signature_header=header,
        signature=signer.sign(block_signature_message(value, header, block.header)),
    )
    block.metadata.metadata[common_pb2.SIGNATURES] = signatures_slot(value, [signed])
    return block.SerializeToString()


class World:
    """The contract on a channel of the council, which knows the genesis block."""

    def __init__(self) -> None:
        self.ledger = TestLedger(
            Chaincode([Proposals()]),
            channel=CHANNEL,
            organizations=[one.msp_id for one in COUNCIL.departments],
        )
        self.genesis = self.submit("begin", GENESIS).decode()

    def submit(self, function: str, *arguments: object, by: int = 0) -> bytes:
        return self.ledger.submit(function, *arguments, as_=user(by))

    def ask(self, function: str, *arguments: object) -> Any:
        return self.ledger.evaluate(function, self.genesis, *arguments, as_=user(0))

    def kept(self, size: int = 100) -> list[dict[str, str]]:
        """Return all proposals that the contract keeps, which it lists in pages of a size."""
        found: list[dict[str, str]] = []
        bookmark = ""
        while page := json.loads(self.ask("proposals", size, bookmark)):
            assert len(page["items"]) <= size
            found += page["items"]
            if not (bookmark := page["bookmark"]):
                break
        return found

    def put(self, made: Proposal, by: int = 0) -> str:
        return self.submit("put", self.genesis, write_proposal(made), by=by).decode()


@pytest.fixture
def world() -> World:
    """Provide the contract in a channel's first hour."""
    return World()


def test_departments_sign_on_the_ledger(world: World) -> None:
    made = proposal(TAX)
    digest = world.put(made, by=1)
    world.submit("sign", world.genesis, digest, signature(made, LAND))
    found = read_proposal(world.ask("get", digest))
    assert (found.update, found.edits, found.base) == (made.update, made.edits, made.base)
    assert sorted(found.signers) == ["admin of LandMSP", "admin of TaxMSP"]
    (filed,) = world.kept()
    assert (filed["id"], filed["department"]) == (digest, "TaxMSP")


@takes_long
def test_many_proposals_are_listed_in_pages(world: World) -> None:
    edits = [SetBatch(max_message_count=count) for count in range(11, 114)]
    ids = sorted(world.put(proposal(ORDERING, edit=edit)) for edit in edits)
    for size in (40, 100):
        assert [one["id"] for one in world.kept(size)] == ids
    for size in (0, 101):
        with pytest.raises(ContractError, match="size"):
            world.kept(size)


def test_departments_that_sign_at_the_same_time_do_not_get_in_each_others_way(world: World) -> None:
    made = proposal(TAX)
    digest = world.put(made)
    both = [
        world.ledger.endorse("sign", world.genesis, digest, signature(made, one), as_=user(by))
        for by, one in ((0, LAND), (2, HEALTH))
    ]
    assert set(world.ledger.commit(both)) == {ValidationCode.VALID}
    assert len(read_proposal(world.ask("get", digest)).signatures) == 3


def forged(made: Proposal) -> bytes:
    found = configtx_pb2.ConfigSignature.FromString(signature(made, LAND))
    found.signature = signature(proposal(edit=SetBatch(max_message_count=7)), LAND)[-70:]
    return found.SerializeToString()


STRANGER = Council(1, bft=False, departments=("Land",)).departments[0].admin


@pytest.mark.parametrize(
    ("made", "reason"),
    [
        (forged, "the signature of admin is no use"),
        (
            lambda made: signature(proposal(edit=SetBatch(max_message_count=7)), LAND),
            "the signature of admin is no use",
        ),
        (
            lambda made: signature(made, COUNCIL.departments[0].identity("clerk", "client")),
            "of clerk is no use: no policy that the update must satisfy counts its signer",
        ),
        (lambda made: signature(made, COUNCIL.ordering.admin), "no policy that the update must"),
        (lambda made: signature(made, STRANGER), "certificate signed by unknown authority"),
        (lambda made: b"\xff", "ConfigSignature"),
    ],
)
def test_a_signature_that_is_no_use_is_refused(
    world: World, made: Callable[[Proposal], bytes], reason: str
) -> None:
    kept = proposal(TAX)
    digest = world.put(kept)
    with pytest.raises(ContractError, match=reason):
        world.submit("sign", world.genesis, digest, made(kept))
    assert read_proposal(world.ask("get", digest)).signers == ("admin of TaxMSP",)


def test_a_proposal_comes_with_a_signature_that_counts(world: World) -> None:
    with pytest.raises(ContractError, match="is not signed"):
        world.put(proposal())
    with pytest.raises(ContractError, match="no policy that the update must satisfy"):
        world.put(proposal(COUNCIL.ordering.admin))
    with pytest.raises(ContractError, match="the file is not a proposal"):
        world.submit("put", world.genesis, b"{}")
    with pytest.raises(ContractError, match=f"{MOST_BYTES} at most"):
        world.submit("put", world.genesis, b"{" + b" " * MOST_BYTES)
    world.put(proposal(TAX))
    with pytest.raises(ContractError, match="is there already"):
        world.put(proposal(LAND))


def test_a_configuration_that_the_orderers_signed_is_believed(world: World) -> None:
    later = config_after(SetBatch(max_message_count=9))
    assert world.submit("follow", world.genesis, config_block(5, later, ORDERER)) == b"5"
    assert json.loads(world.ask("known")) == {"block": 5, "sequence": 1}
    made = proposal(COUNCIL.ordering.admin, edit=SetBatch(max_message_count=11))
    with pytest.raises(ContractError, match="the update is void"):
        world.put(made)
    world.put(proposal(COUNCIL.ordering.admin, edit=SetBatch(max_message_count=11), config=later))


@pytest.mark.parametrize(
    ("block", "reason"),
    [
        (lambda later: config_block(5, later, TAX), "did not satisfy policy"),
        (lambda later: config_block(5, later, STRANGER), "did not satisfy policy"),
        (lambda later: config_block(0, later, ORDERER), "is not later"),
        (lambda later: config_block(5, CONFIG, ORDERER), "is not later"),
        (lambda later: config_block(5, later, ORDERER, "other"), "of channel 'other'"),
        (lambda later: new_block(5, b"", []).SerializeToString(), "not a config block"),
        (lambda later: b"\xff", "Block"),
    ],
)
def test_a_configuration_that_nobody_vouches_for_is_refused(
    world: World, block: Callable[[bytes], bytes], reason: str
) -> None:
    later = config_after(SetBatch(max_message_count=9))
    with pytest.raises(ContractError, match=reason):
        world.submit("follow", world.genesis, block(later))
    assert json.loads(world.ask("known")) == {"block": 0, "sequence": 0}


def test_a_false_genesis_block_begins_a_world_of_its_own(world: World) -> None:
    made = proposal(TAX)
    digest = world.put(made)
    false = Council(1, bft=False, departments=("Land", "Tax")).genesis()
    other = world.submit("begin", false.SerializeToString()).decode()
    assert other != world.genesis
    assert json.loads(world.ledger.evaluate("proposals", other, 9, as_=user(0)))["items"] == []
    with pytest.raises(ContractError, match="there is no proposal"):
        world.submit("sign", other, digest, signature(made, LAND))
    assert world.submit("begin", GENESIS).decode() == world.genesis
    assert world.ask("get", digest)


def test_what_is_no_genesis_block_is_refused(world: World) -> None:
    changed = common_pb2.Block.FromString(GENESIS)
    changed.data.data[0] += b"\x00"
    for block, reason in (
        (config_block(3, CONFIG, ORDERER), "block 3 is not a genesis block"),
        (changed.SerializeToString(), "does not have the hash in its header"),
        (config_block(0, CONFIG, ORDERER, "other"), "of channel 'other'"),
    ):
        with pytest.raises(ContractError, match=reason):
            world.submit("begin", block)
    with pytest.raises(ContractError, match="is not known: call Proposals:begin"):
        world.submit("follow", "0" * 64, GENESIS)


def test_a_proposal_is_removed_by_its_department_or_once_it_is_void(world: World) -> None:
    made = proposal(TAX)
    digest = world.put(made, by=1)
    with pytest.raises(ContractError, match="is TaxMSP's, and not void"):
        world.submit("remove", world.genesis, digest)
    later = config_after(SetACLs({"peer/Propose": "/Channel/Application/Readers"}))
    world.submit("follow", world.genesis, config_block(4, later, ORDERER))
    with pytest.raises(ContractError, match="the update is void"):
        world.submit("sign", world.genesis, digest, signature(made, LAND))
    world.submit("remove", world.genesis, digest)
    assert world.kept() == []
    with pytest.raises(ContractError, match="there is no proposal"):
        world.ask("get", digest)
    mine = world.put(
        proposal(COUNCIL.ordering.admin, edit=SetBatch(timeout=1.0), config=later), by=1
    )
    world.submit("remove", world.genesis, mine, by=1)
