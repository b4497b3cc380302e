"""Trust records: compared once, advanced one configuration at a time, renewed by fresh blocks alone."""

from dataclasses import replace

import pytest
from fabric_protos.common import common_pb2, configtx_pb2

from pyfabric.errors import DecodeError
from pyfabric.messages.blocks import header_hash, last_config_index
from pyfabric.sharing.refusals import Code, ProofError
from pyfabric.sharing.trust import (
    Challenge,
    Contribution,
    TrustRecord,
    advance,
    first_record,
    network_id,
    renew,
)
from pyfabric.sharing.verifier import verify
from tests.support.ledger.ordering import Council, Organization
from tests.support.paths import VECTORS
from tests.support.rules.signed_chain import Chain, batch, old_rules
from tests.support.sharing.changes import capability, defined, move_to_bft, revoking
from tests.support.sharing.proofs import MOMENT, new_world, proof_file, record_of

CHALLENGE = Challenge(
    (Contribution("LandMSP", "5a" * 32, MOMENT + 60), Contribution("TaxMSP", "5b" * 32, MOMENT))
)


def new_chain(orderers: int = 1, *departments: str) -> Chain:
    return Chain(Council(orderers, bft=False, departments=departments or ("Land", "Tax")))


def code_of(record: TrustRecord, block: common_pb2.Block) -> Code:
    with pytest.raises(ProofError) as refused:
        advance(record, block.SerializeToString())
    return refused.value.code


def test_a_first_record_has_a_fingerprint_that_renewals_do_not_change() -> None:
    chain = new_chain()
    record = record_of(chain)
    assert record.net == header_hash(chain.blocks[0].header).hex() == network_id(chain.raws[0])
    assert (record.channel, record.block, record.sequence) == ("council", 0, 0)
    assert TrustRecord.from_bytes(record.to_bytes()) == record
    assert replace(record, renewed=1).fingerprint == record.fingerprint
    for changed in ({"versions": ("2.0",)}, {"block": 1}, {"greatest_age": 1}, {"net": "00" * 32}):
        assert replace(record, **changed).fingerprint != record.fingerprint


def test_records_are_of_one_channel_and_of_configurations() -> None:
    chain = new_chain()
    other = (VECTORS / "5-bft-blocks" / "genesis.block").read_bytes()
    block = chain.add([chain.signed(common_pb2.HeaderType.MESSAGE, b"x")], 0).SerializeToString()
    for genesis, newest in ((chain.raws[0], other), (block, block), (chain.raws[0], block)):
        with pytest.raises(ProofError) as refused:
            first_record(genesis, newest, versions=("1.0",), moment=MOMENT)
        assert refused.value.code is Code.TRUST_CHANNEL
    with pytest.raises(DecodeError):
        first_record(b"\xff", b"", versions=("1.0",), moment=MOMENT)


def test_only_a_genesis_block_names_a_network() -> None:
    chain = new_chain()
    with pytest.raises(ProofError, match="block 1 is no genesis block"):
        network_id(chain.configure(batch(7)).SerializeToString())


def test_a_first_record_is_of_a_configuration_that_is_understood_here() -> None:
    chain = new_chain()
    chain.configure(capability("V9_9", "Application"))
    with pytest.raises(ProofError) as refused:
        record_of(chain)
    assert refused.value.code is Code.TRUST_CAPABILITY


def test_a_record_with_an_unreadable_configuration_is_refused() -> None:
    record = replace(record_of(new_chain()), config=b"\x08\x01")
    with pytest.raises(ProofError) as refused:
        TrustRecord.from_bytes(record.to_bytes())
    assert refused.value.code is Code.TRUST_UPDATE


def test_a_record_advances_through_every_kind_of_change() -> None:
    chain = new_chain(4, "Land", "Tax")
    record = record_of(chain)
    land, tax = chain.council.departments
    peer = tax.identity("peer0", "peer").identity.certificate
    renewed = Organization("Land")
    both = (land.ca.certificate_pem, renewed.ca.certificate_pem)
    steps = [
        batch(7),
        revoking(tax, peer),
        defined("Land", replace(land.definition, root_certificates=both)),
        capability("V2_0", "Application"),
    ]
    for edit in steps:
        record = advance(record, chain.configure(edit).SerializeToString())
    move_to_bft(chain)
    record = advance(record, chain.blocks[-1].SerializeToString())
    assert record.configuration.consensus_type == "BFT"
    record = advance(record, chain.configure(batch(8)).SerializeToString())
    assert (record.sequence, record.block) == (6, 6)
    assert record == replace(record_of(chain), renewed=record.renewed)


def test_a_record_advances_through_the_configurations_of_a_real_channel() -> None:
    blocks = [
        common_pb2.Block.FromString(path.read_bytes())
        for path in sorted((VECTORS / "5-channel-history" / "blocks").glob("*.block"))
    ]
    genesis = blocks[0].SerializeToString()
    record = first_record(genesis, genesis, versions=("1.0",), moment=MOMENT)
    for block in blocks[1:]:
        if block.header.number == last_config_index(block):
            record = advance(record, block.SerializeToString())
    assert record.sequence > 0
    assert record.block == last_config_index(blocks[-1])


def test_a_step_keeps_the_age_of_a_record() -> None:
    chain = new_chain()
    record = record_of(chain)
    assert advance(record, chain.configure(batch(7)).SerializeToString()).renewed == record.renewed


def test_a_step_that_is_skipped_or_repeated_is_refused() -> None:
    chain = new_chain()
    record = record_of(chain)
    first, second = chain.configure(batch(7)), chain.configure(batch(8))
    assert code_of(record, second) is Code.TRUST_SEQUENCE
    advanced = advance(record, first.SerializeToString())
    assert code_of(advanced, first) is Code.TRUST_SEQUENCE
    assert code_of(replace(record, block=9), first) is Code.TRUST_SEQUENCE


def test_a_step_of_another_channel_is_refused() -> None:
    chain = new_chain()
    message = chain.add([chain.signed(common_pb2.HeaderType.MESSAGE, b"x")], last_config=0)
    assert code_of(record_of(chain), message) is Code.TRUST_CHANNEL
    other = common_pb2.Block.FromString((VECTORS / "5-bft-blocks" / "genesis.block").read_bytes())
    assert code_of(record_of(chain), other) is Code.TRUST_CHANNEL


def test_a_step_that_the_recorded_orderers_did_not_sign_is_refused() -> None:
    chain = new_chain()
    record = record_of(chain)
    block = chain.configure(batch(7))
    for change in ("signature", "data", "another's"):
        forged = common_pb2.Block()
        forged.CopyFrom(block)
        if change == "signature":
            forged.metadata.metadata[0] = b""
        elif change == "data":
            forged.header.data_hash = bytes(32)
        else:
            namesake = new_chain()
            slot = common_pb2.Metadata.FromString(forged.metadata.metadata[0])
            slot.signatures[0].CopyFrom(namesake.signature(block, slot.value, 0))
            forged.metadata.metadata[0] = slot.SerializeToString()
        assert code_of(record, forged) is Code.TRUST_SIGNATURE


def test_a_step_that_its_signed_update_does_not_make_is_refused() -> None:
    chain = new_chain()
    record = record_of(chain)
    assert code_of(record, chain.configure(batch(7), batch(70))) is Code.TRUST_UPDATE


def test_a_step_whose_update_too_few_have_signed_is_refused() -> None:
    chain = new_chain()
    record = record_of(chain)
    payload = common_pb2.Payload.FromString(
        common_pb2.Envelope.FromString(chain.configuration(batch(7))).payload
    )
    made = configtx_pb2.ConfigEnvelope.FromString(payload.data)
    inner = common_pb2.Payload.FromString(made.last_update.payload)
    update = configtx_pb2.ConfigUpdateEnvelope.FromString(inner.data)
    del update.signatures[1:]
    inner.data = update.SerializeToString()
    made.last_update.payload = inner.SerializeToString()
    forged = chain.signed(common_pb2.HeaderType.CONFIG, made.SerializeToString())
    assert code_of(record, chain.add([forged], last_config=1)) is Code.TRUST_UPDATE


def test_a_step_in_a_transaction_that_nobody_of_the_channel_signed_is_refused() -> None:
    chain = new_chain()
    record = record_of(chain)
    envelope = common_pb2.Envelope.FromString(chain.configuration(batch(7)))
    envelope.signature = b"x"
    block = chain.add([envelope.SerializeToString()], last_config=1)
    assert code_of(record, block) is Code.TRUST_UPDATE


@pytest.mark.parametrize("path", [("Application",), ("Orderer",), ()])
def test_rules_that_are_unknown_here_are_refused(path: tuple[str, ...]) -> None:
    chain = new_chain()
    record = record_of(chain)
    block = chain.configure(batch(7), capability("V9_9", *path))
    assert code_of(record, block) is Code.TRUST_CAPABILITY


def test_rules_that_are_older_than_those_here_are_refused() -> None:
    chain = new_chain()
    record = record_of(chain)
    assert code_of(record, chain.configure(old_rules)) is Code.TRUST_CAPABILITY


def test_two_organisations_with_one_ca_are_refused() -> None:
    chain = new_chain()
    record = record_of(chain)
    land, tax = chain.council.departments
    shared = replace(tax.definition, root_certificates=land.definition.root_certificates)
    assert code_of(record, chain.configure(defined("Tax", shared))) is Code.TRUST_SHARED_CA


# Renewal


def asked(chain: Chain, last_config: int = 0) -> bytes:
    """Return a block that holds the challenge."""
    envelope = chain.signed(common_pb2.HeaderType.MESSAGE, b"open " + CHALLENGE.digest.encode())
    return chain.add([envelope], last_config).SerializeToString()


def test_a_block_that_was_made_after_the_challenge_renews_a_record() -> None:
    chain = new_chain()
    record = record_of(chain)
    renewed = renew(record, asked(chain), CHALLENGE)
    assert renewed == replace(record, renewed=MOMENT)
    later = replace(record, renewed=MOMENT + 1)
    assert renew(later, asked(chain), CHALLENGE) == later


def test_a_challenge_is_what_at_least_two_departments_have_made_together() -> None:
    land, tax = CHALLENGE.contributions
    for contributions in (
        (),
        (land,),
        (land, land),
        (tax, land),
        (land, replace(tax, msp="LandMSP")),
    ):
        with pytest.raises(ProofError) as refused:
            Challenge(contributions)
        assert refused.value.code is Code.TRUST_CHALLENGE
    for other in (replace(tax, nonce="5c" * 32), replace(tax, msp="WaterMSP")):
        assert Challenge((land, other)).digest != CHALLENGE.digest


def test_an_old_block_does_not_renew_a_record_although_it_names_the_recorded_configuration() -> (
    None
):
    chain = new_chain()
    record = record_of(chain)
    old = chain.add([chain.signed(common_pb2.HeaderType.MESSAGE, b"x")], 0).SerializeToString()
    with pytest.raises(ProofError) as refused:
        renew(record, old, CHALLENGE)
    assert refused.value.code is Code.TRUST_CHALLENGE


def test_a_block_that_shows_a_newer_configuration_or_is_not_signed_does_not_renew() -> None:
    chain = new_chain()
    record = record_of(chain)
    with pytest.raises(ProofError) as refused:
        renew(record, asked(chain, last_config=1), CHALLENGE)
    assert refused.value.code is Code.TRUST_STALE
    block = common_pb2.Block.FromString(asked(chain))
    block.data.data.append(b"x")
    with pytest.raises(ProofError) as refused:
        renew(record, block.SerializeToString(), CHALLENGE)
    assert refused.value.code is Code.TRUST_SIGNATURE


# Revocation


def test_a_revoked_peer_counts_no_more_once_the_record_has_advanced() -> None:
    world = new_world(Council(1, bft=False, departments=("Land", "Tax", "Water")))
    file = proof_file(world).to_bytes()
    assert verify(file, world.snapshot, moment=MOMENT, private=False)
    tax = world.source.council.departments[1]
    block = world.source.configure(revoking(tax, world.peer(1).identity.certificate))
    world.record = advance(world.record, block.SerializeToString())
    with pytest.raises(ProofError) as refused:
        verify(file, world.snapshot, moment=MOMENT, private=False)
    assert refused.value.code is Code.CERTIFICATE


def test_a_withheld_revocation_makes_trust_stale() -> None:
    world = new_world(Council(1, bft=False, departments=("Land", "Tax", "Water")))
    old = asked(world.source)
    tax = world.source.council.departments[1]
    world.source.configure(revoking(tax, world.peer(1).identity.certificate))
    fresh = asked(world.source, last_config=2)
    file = proof_file(
        world, edits={"request": lambda one: replace(one, not_after=MOMENT + 10**9)}
    ).to_bytes()
    late = world.record.renewed + world.record.greatest_age
    assert verify(file, world.snapshot, moment=late, private=False)
    with pytest.raises(ProofError) as refused:
        verify(file, world.snapshot, moment=late + 1, private=False)
    assert refused.value.code is Code.TRUST_STALE
    land, tax = CHALLENGE.contributions
    today = Challenge((land, replace(tax, nonce="6b" * 32)))
    for block, challenge in ((old, today), (fresh, CHALLENGE)):
        with pytest.raises(ProofError):
            renew(world.record, block, challenge)
