"""Orderers and configuration changes: blocks of their own, new and removed consenters, modes."""

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from fabric_protos.common import common_pb2, configtx_pb2, configuration_pb2
from fabric_protos.orderer import configuration_pb2 as orderer_pb2
from fabric_protos.orderer.etcdraft import configuration_pb2 as etcdraft_pb2
from fabric_protos.orderer.etcdraft import metadata_pb2
from fabric_protos.orderer.smartbft import configuration_pb2 as smartbft_pb2

from pyfabric.admin.config.update import compute_update, config_signature, signature_header
from pyfabric.errors import OrdererError
from pyfabric.identity.definition_messages import definition_to_config
from pyfabric.identity.signing import SigningIdentity
from pyfabric.ledger.channel.limits import UNSURVIVABLE
from pyfabric.ledger.ordering.orderer import Joined, Orderer
from pyfabric.messages.blocks import last_config_index, orderer_metadata, transaction_filter
from pyfabric.rules.configuration.channel_config import ChannelConfig
from pyfabric.rules.consensus import bft
from tests.support.ledger.ordering import CHANNEL, NOW, Council, OrderingService, deliveries
from tests.support.municipal import records

Change = Callable[[Any], object]
Start = Callable[[Council], OrderingService]
STATE = orderer_pb2.ConsensusType.State


@pytest_asyncio.fixture
async def start(tmp_path: Path) -> AsyncIterator[Start]:
    started: list[OrderingService] = []

    def make(council: Council) -> OrderingService:
        service = OrderingService(tmp_path / "channels", council)
        started.append(service)
        for orderer in service.orderers:
            orderer.join(council.genesis())
        return service

    yield make
    for service in started:
        await service.close()


def update(service: OrderingService, change: Change, *signers: SigningIdentity) -> bytes:
    """Return an envelope with an update of the channel, signed by its administrators."""
    before = service.ledger.config.raw
    after = configtx_pb2.Config()
    after.CopyFrom(before)
    change(after.channel_group)
    raw = compute_update(CHANNEL, before.SerializeToString(), after.SerializeToString())
    council = service.council
    everybody = [council.ordering.admin, *(one.admin for one in council.departments)]
    signatures = []
    for one in signers or everybody:
        header = signature_header(one.serialized(), b"n" * 24)
        signature = config_signature(header, one.sign(header + raw))
        signatures.append(configtx_pb2.ConfigSignature.FromString(signature))
    signed = configtx_pb2.ConfigUpdateEnvelope(config_update=raw, signatures=signatures)
    return records.signed(
        signed.SerializeToString(),
        signer=council.ordering.admin,
        kind=common_pb2.HeaderType.CONFIG_UPDATE,
        channel=CHANNEL,
        moment=NOW,
    )


async def apply(service: OrderingService, change: Change, orderer: int = 0) -> common_pb2.Block:
    """Submit a change to an orderer; returns its block."""
    height = service.ledger.height
    raw = update(service, change)
    assert await service.orderers[orderer].broadcast(raw) == (200, "")
    return await service.ledger.wait_for_block(height)


def batch(**values: int) -> Change:
    def change(group: Any) -> None:
        value = group.groups["Orderer"].values["BatchSize"]
        found = orderer_pb2.BatchSize.FromString(value.value)
        for name, number in values.items():
            setattr(found, name, number)
        value.value = found.SerializeToString()

    return change


def consensus(change: Callable[[orderer_pb2.ConsensusType], object]) -> Change:
    def apply_change(group: Any) -> None:
        value = group.groups["Orderer"].values["ConsensusType"]
        found = orderer_pb2.ConsensusType.FromString(value.value)
        change(found)
        value.value = found.SerializeToString()

    return apply_change


def consenters(change: Callable[[etcdraft_pb2.ConfigMetadata], object]) -> Change:
    def apply_change(found: orderer_pb2.ConsensusType) -> None:
        metadata = etcdraft_pb2.ConfigMetadata.FromString(found.metadata)
        change(metadata)
        found.metadata = metadata.SerializeToString()

    return consensus(apply_change)


def remove_consenter(index: int) -> Change:
    return consenters(lambda metadata: metadata.consenters.pop(index))


def raft_ids(block: common_pb2.Block) -> list[int]:
    value = common_pb2.Metadata.FromString(orderer_metadata(block).consenter_metadata).value
    return list(metadata_pb2.BlockMetadata.FromString(value).consenter_ids)


def creator(block: common_pb2.Block) -> bytes:
    slot = common_pb2.Metadata.FromString(block.metadata.metadata[common_pb2.SIGNATURES])
    header = common_pb2.SignatureHeader.FromString(slot.signatures[0].signature_header)
    return bytes(header.creator)


@pytest.mark.asyncio
async def test_what_waits_is_cut_before_a_configuration_which_is_alone(start: Start) -> None:
    council = Council(1, bft=False)
    service = start(council)
    orderer = service.orderers[0]
    await apply(service, lambda group: _timeout(group, "1h"))
    for nonce in (b"1", b"2"):
        assert await orderer.broadcast(council.message(nonce)) == (200, "")
    raw = update(service, batch(max_message_count=1))
    assert await orderer.broadcast(raw) == (200, "")
    assert await orderer.broadcast(council.message(b"3")) == (200, "")
    blocks = [await service.ledger.wait_for_block(number) for number in (2, 3, 4)]
    assert [len(block.data.data) for block in blocks] == [2, 1, 1]
    assert [last_config_index(block) for block in blocks] == [1, 3, 3]
    service.ledger.config.verify_block(blocks[2])
    assert list(transaction_filter(blocks[1])) == [0]


def _timeout(group: Any, text: str) -> None:
    value = group.groups["Orderer"].values["BatchTimeout"]
    value.value = orderer_pb2.BatchTimeout(timeout=text).SerializeToString()


@pytest.mark.asyncio
async def test_of_two_updates_at_once_the_second_is_dropped(start: Start) -> None:
    council = Council(1, bft=False)
    service = start(council)
    first, second = (update(service, batch(max_message_count=count)) for count in (3, 4))
    answers = await asyncio.gather(*(service.orderers[0].broadcast(r) for r in (first, second)))
    assert answers == [(200, ""), (200, "")]
    await service.orderers[0].broadcast(council.message(b"1"))
    await service.ledger.wait_for_block(2)
    assert service.ledger.config.sequence == 1
    assert service.ledger.config.batch.max_message_count == 3
    status, info = await service.orderers[0].broadcast(second)
    assert status == 400
    assert "error validating ReadSet" in info or "error validating DeltaSet" in info


@pytest.mark.asyncio
async def test_a_member_that_has_gone_is_refused_even_if_it_asked_before(start: Start) -> None:
    council = Council(1, bft=False, departments=("Land", "Water"))
    service = start(council)
    orderer = service.orderers[0]
    stranger = council.departments[1].identity("user", "client")
    message = records.signed(b"x", signer=stranger, channel=CHANNEL, nonce=b"1", moment=NOW)
    raw = update(service, lambda group: group.groups["Application"].groups.pop("Water"))
    answers = await asyncio.gather(orderer.broadcast(raw), orderer.broadcast(message))
    assert answers == [(200, ""), (200, "")]
    assert await orderer.broadcast(council.message(b"2")) == (200, "")
    await service.ledger.wait_for_block(2)
    assert [len(_block(service, number).data.data) for number in (1, 2)] == [1, 1]
    status, info = await orderer.broadcast(message)
    assert (status, info.endswith("permission denied")) == (403, True)


def _block(service: OrderingService, number: int) -> common_pb2.Block:
    found = service.ledger.block(number)
    assert found is not None
    return found


@pytest.mark.asyncio
async def test_a_raft_consenter_comes_by_the_block_that_names_it(start: Start) -> None:
    council = Council(1, bft=False)
    service = start(council)
    material = council.orderer(2)
    added = etcdraft_pb2.Consenter(
        host="127.0.0.1",
        port=7002,
        client_tls_cert=material.tls_certificate,
        server_tls_cert=material.tls_certificate,
    )
    block = await apply(service, consenters(lambda found: found.consenters.append(added)))
    assert raft_ids(block) == [1, 2]
    assert await service.orderers[0].broadcast(council.message(b"1")) == (503, "no Raft leader")
    newcomer = service.start(material)
    assert newcomer.join(block) == Joined(CHANNEL, "consenter", "onboarding", 0)
    assert newcomer.is_consenter(CHANNEL)
    assert await newcomer.broadcast(council.message(b"2")) == (200, "")
    assert raft_ids(await service.ledger.wait_for_block(2)) == [1, 2]
    with pytest.raises(OrdererError, match="channel already exists"):
        newcomer.join(block)


@pytest.mark.asyncio
async def test_a_raft_leader_that_goes_has_another_one_order_it(start: Start) -> None:
    council = Council(3, bft=False)
    service = start(council)
    first, second, _ = service.orderers
    before = _creators(council)
    block = await apply(service, remove_consenter(0))
    assert raft_ids(block) == [2, 3]
    assert creator(block) == before[1]
    assert not first.is_consenter(CHANNEL)
    assert await first.broadcast(council.message(b"1")) == (400, "channel does not exist")
    assert (await deliveries(first, council.seek(0)))[0].status == common_pb2.NOT_FOUND
    assert await second.broadcast(council.message(b"2")) == (200, "")
    assert creator(await service.ledger.wait_for_block(2)) == before[1]


def _creators(council: Council) -> list[bytes]:
    return [one.identity.serialized() for one in council.orderers]


@pytest.mark.asyncio
async def test_only_the_raft_leader_takes_a_consenter_away(start: Start) -> None:
    """Check that, as in Fabric, the others do not count who is alive."""
    service = start(Council(3, bft=False))
    raw = update(service, remove_consenter(2))
    status, info = await service.orderers[1].broadcast(raw)
    assert status == 400
    assert info.endswith("0 out of 3 nodes are alive, configuration will result in quorum loss")
    assert await service.orderers[0].broadcast(raw) == (200, "")


@pytest.mark.asyncio
async def test_two_consenters_at_once_are_refused(start: Start) -> None:
    service = start(Council(3, bft=False))
    raw = update(service, consenters(lambda found: found.consenters.__delitem__(slice(0, 2))))
    assert await service.orderers[0].broadcast(raw) == (
        400,
        (
            f"error applying config update to existing channel '{CHANNEL}': consensus metadata update for "
            "channel config update is invalid: update of more than one consenter at a time is not "
            "supported, requested changes: add 0 node(s), remove 2 node(s)"
        ),
    )


@pytest.mark.asyncio
async def test_maintenance_mode_is_for_orderers_only_and_leads_to_bft(start: Start) -> None:
    council = Council(4, bft=False)
    service = start(council)
    orderer = service.orderers[0]
    await apply(service, _v3)
    await apply(service, consensus(lambda found: setattr(found, "state", 1)))
    refused = await orderer.broadcast(council.message(b"1"))
    assert refused == (503, "normal transactions are rejected: maintenance mode")
    assert (await deliveries(orderer, council.seek(0)))[0].status == common_pb2.FORBIDDEN
    await apply(service, lambda group: _to_bft(group, council))
    assert service.ledger.config.consensus_type == "BFT"
    block = await apply(service, consensus(lambda found: setattr(found, "state", 0)))
    service.ledger.config.verify_block(block)
    assert await orderer.broadcast(council.message(b"2")) == (200, "")
    block = await service.ledger.wait_for_block(5)
    service.ledger.config.verify_block(block)
    slot = common_pb2.Metadata.FromString(block.metadata.metadata[common_pb2.SIGNATURES])
    assert len(slot.signatures) == 3


def _v3(group: Any) -> None:
    names = configuration_pb2.Capabilities(capabilities={"V3_0": configuration_pb2.Capability()})
    group.values["Capabilities"].value = names.SerializeToString()


def _to_bft(group: Any, council: Council) -> None:
    def change(found: orderer_pb2.ConsensusType) -> None:
        found.type = "BFT"
        other = Council(4, bft=True)
        options = ChannelConfig.from_block(other.genesis()).consensus_metadata
        metadata = smartbft_pb2.Options.FromString(options)
        metadata.request_batch_max_count = 10
        metadata.request_batch_max_bytes = 1 << 20
        found.metadata = metadata.SerializeToString()

    consensus(change)(group)
    mapping = [
        configuration_pb2.Consenter(
            id=one.consenter.number,
            host=one.consenter.host,
            port=one.consenter.port,
            msp_id=one.consenter.msp_id,
            identity=one.consenter.identity,
            client_tls_cert=one.consenter.client_tls_certificate,
            server_tls_cert=one.consenter.server_tls_certificate,
        )
        for one in council.orderers
    ]
    orderers = configuration_pb2.Orderers(consenter_mapping=mapping)
    orderer = group.groups["Orderer"]
    orderer.values["Orderers"].value = orderers.SerializeToString()
    orderer.values["Orderers"].mod_policy = "Admins"
    policy = bft.block_validation([one.consenter for one in council.orderers])
    orderer.policies["BlockValidation"].policy.CopyFrom(policy)


@pytest.mark.asyncio
async def test_bft_takes_configurations_and_refuses_those_without_its_policy(start: Start) -> None:
    council = Council(4, bft=True)
    service = start(council)
    block = await apply(service, batch(max_message_count=9), orderer=2)
    service.ledger.config.verify_block(block)
    assert last_config_index(block) == 1

    def break_policy(group: Any) -> None:
        orderer = group.groups["Orderer"]
        orderer.policies["BlockValidation"].CopyFrom(orderer.policies["Writers"])

    status, info = await service.orderers[0].broadcast(update(service, break_policy))
    assert status == 503
    assert info.startswith("block validation policy should be a signature policy: ")
    assert service.ledger.height == 2


@pytest.mark.parametrize(
    ("change", "text"),
    [
        (
            lambda group: _capability(group.groups["Application"], "V9_9"),
            "Application capability V9_9 is required but not supported",
        ),
        (
            consensus(lambda found: setattr(found, "metadata", b"")),
            'bad config metadata option RequestBatchMaxInterval: time: invalid duration ""',
        ),
    ],
)
@pytest.mark.asyncio
async def test_what_would_stop_real_nodes_is_refused(
    start: Start, change: Change, text: str
) -> None:
    service = start(Council(4, bft=True))
    answer = await service.orderers[0].broadcast(update(service, change))
    assert answer == (400, f"{UNSURVIVABLE}: {text}")


def _capability(group: Any, name: str) -> None:
    found = configuration_pb2.Capabilities.FromString(group.values["Capabilities"].value)
    found.capabilities[name].SetInParent()
    group.values["Capabilities"].value = found.SerializeToString()


@pytest.mark.asyncio
async def test_rules_that_this_ledger_does_not_validate_by_are_refused(start: Start) -> None:
    service = start(Council(1, bft=False))

    def older(group: Any) -> None:
        value = group.groups["Application"].values["Capabilities"]
        value.value = b""
        _capability(group.groups["Application"], "V1_3")

    assert await service.orderers[0].broadcast(update(service, older)) == (
        400,
        (
            "the development ledger validates as application capability V2_0 or V2_5 says; channel council "
            "has V1_3"
        ),
    )


@pytest.mark.asyncio
async def test_revocations_and_policies_count_from_the_next_message_on(start: Start) -> None:
    council = Council(1, bft=False, departments=("Land", "Water"))
    service = start(council)
    orderer = service.orderers[0]
    water = council.departments[1]
    member = water.identity("user", "client")

    def message(nonce: bytes) -> bytes:
        return records.signed(b"x", signer=member, channel=CHANNEL, nonce=nonce, moment=NOW)

    assert await orderer.broadcast(message(b"1")) == (200, "")
    revoked = water.ca.revoke([member.identity.certificate], now=NOW)

    def revoke(group: Any) -> None:
        value = group.groups["Application"].groups["Water"].values["MSP"]
        definition = replace(water.definition, revocation_lists=(revoked,))
        value.value = definition_to_config(definition).SerializeToString()

    raw = update(service, revoke)
    assert await orderer.broadcast(raw) == (200, "")
    while service.ledger.config.sequence == 0:
        await asyncio.sleep(0)
    status, info = await orderer.broadcast(message(b"2"))
    assert (status, info.endswith("permission denied")) == (403, True)
    assert await orderer.broadcast(council.message(b"3")) == (200, "")


@pytest.mark.asyncio
async def test_an_update_by_the_participation_api_answers_what_the_orderer_is(
    start: Start,
) -> None:
    council = Council(1, bft=False)
    service = start(council)
    orderer: Orderer = service.orderers[0]
    raw = common_pb2.Envelope.FromString(update(service, batch(max_message_count=2)))
    assert await orderer.update(CHANNEL, raw) == Joined(CHANNEL, "consenter", "active", 1)
    await service.ledger.wait_for_block(1)
    for name, status, text in (
        ("other", 405, "channel does not exist"),
        (CHANNEL, 400, f"failed update config of channel {CHANNEL}: error applying config update"),
    ):
        with pytest.raises(OrdererError) as caught:
            await orderer.update(name, raw)
        assert caught.value.status == status
        assert caught.value.message.startswith(text)
    follower = service.start(council.orderer(5))
    follower.join(council.genesis())
    with pytest.raises(OrdererError, match="403: channel is not ready, he is a follower"):
        await follower.update(CHANNEL, raw)


@pytest.mark.asyncio
async def test_blocks_that_no_peer_would_take_stop_the_chain(start: Start) -> None:
    council = Council(1, bft=False)
    service = start(council)

    def only_departments(group: Any) -> None:
        orderer, application = group.groups["Orderer"], group.groups["Application"]
        policy = application.groups["Land"].policies["Admins"].policy
        orderer.policies["BlockValidation"].policy.CopyFrom(policy)

    block = await apply(service, only_departments)
    assert last_config_index(block) == 1
    assert await service.orderers[0].broadcast(council.message(b"1")) == (200, "")
    chain = service.orderers[0].joined[CHANNEL]
    while chain.failure is None:
        await asyncio.sleep(0)
    assert await service.orderers[0].broadcast(council.message(b"2")) == (
        503,
        "chain is stopped: signature set did not satisfy policy",
    )
    assert service.ledger.height == 2
