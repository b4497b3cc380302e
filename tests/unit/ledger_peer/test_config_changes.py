"""Changing a running channel: administrators sign, one submits, and all nodes use the new rules."""

import asyncio
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from fabric_protos.common import configtx_pb2
from fabric_protos.orderer import configuration_pb2

from pyfabric.admin.config.groups import application_organization_group
from pyfabric.admin.config.model import OrganizationModel
from pyfabric.admin.config.update import compute_update
from pyfabric.errors import GatewayError, OrdererError
from pyfabric.messages.blocks import parse_block
from pyfabric.rules.configuration.channel_config import ChannelConfig
from pyfabric.rules.policies.usual import organization_policies
from tests.support.client.surfaces import Surface
from tests.support.ledger.ledger import CHANNEL, Department, LedgerNetwork

Change = Callable[[configtx_pb2.ConfigGroup], object]


@pytest.fixture(params=["gateway", "aio"])
def surface(request: pytest.FixtureRequest) -> Iterator[Surface]:
    surface = Surface(request.param)
    yield surface
    surface.close()


class Council:
    """The departments' administrators, each with a connection of its own."""

    def __init__(self, network: LedgerNetwork, surface: Surface) -> None:
        self.network = network
        self.surface = surface

    def update(self, change: Change) -> bytes:
        """Return the update that makes a change of the channel's present configuration."""
        with self.surface.Admin(self.network.first.admin) as admin:
            present = admin.config(self.network.first.peer, CHANNEL)
        wanted = configtx_pb2.Config.FromString(present)
        change(wanted.channel_group)
        return compute_update(CHANNEL, present, wanted.SerializeToString())

    def submit(self, change: Change, *names: str) -> None:
        """Sign a change by these departments, and submit it as the first one's administrator."""
        update = self.update(change)
        signatures = []
        for name in names:
            with self.surface.Admin(self.network.departments[name].admin) as admin:
                signatures.append(admin.sign_update(update))
        orderer = self.network.first.endpoint(self.network.config.orderers[0].address)
        with self.surface.Admin(self.network.first.admin) as admin:
            admin.submit_update(orderer, CHANNEL, update, signatures)

    def config(self, department: Department | None = None) -> ChannelConfig:
        """Return the configuration that a department's peer goes by."""
        one = department or self.network.first
        with self.surface.Admin(one.admin) as admin:
            return ChannelConfig.from_block(parse_block(admin.config_block(one.peer, CHANNEL)))

    def wait(self, sequence: int) -> ChannelConfig:
        """Return the configuration, once it has this sequence: the submit does not wait for its block."""
        with (
            self.surface.connect(self.network.first.user(), self.network.first.peer) as gateway,
            gateway.network(CHANNEL).block_events(start_block=0) as blocks,
        ):
            for block in blocks:
                if self.config().sequence == sequence:
                    break
                assert block.number < 20
        return self.config()


@pytest.fixture
def council(tmp_path: Path, surface: Surface) -> Iterator[Council]:
    network = LedgerNetwork.make(tmp_path)
    with network.process():
        asyncio.run(_create(network))
        yield Council(network, surface)


async def _create(network: LedgerNetwork) -> None:
    await network.create_channel()
    await network.driver.close()


def batch_of(count: int) -> Change:
    def change(group: configtx_pb2.ConfigGroup) -> None:
        value = group.groups["Orderer"].values["BatchSize"]
        size = configuration_pb2.BatchSize.FromString(value.value)
        size.max_message_count = count
        value.value = size.SerializeToString()

    return change


def without(name: str) -> Change:
    return lambda group: group.groups["Application"].groups.pop(name)


def with_member(one: Department) -> Change:
    group = application_organization_group(
        OrganizationModel(
            name=one.msp_id, msp=one.definition, policies=organization_policies(one.msp_id)
        )
    )
    return lambda root: root.groups["Application"].groups[one.msp_id].CopyFrom(group)


def test_a_configuration_goes_back_with_the_rest(council: Council) -> None:
    network = council.network
    before = council.config().batch.max_message_count
    asyncio.run(network.ask("snapshot", name="before"))
    for count in (7, 8):
        council.submit(batch_of(count), next(iter(network.departments)))
        assert council.wait(1).batch.max_message_count == count
        asyncio.run(network.ask("revert", name="before"))
        config = council.config()
        assert (config.sequence, config.batch.max_message_count) == (0, before)


def test_batches_members_and_refusals(council: Council, tmp_path: Path) -> None:
    network = council.network
    first, second, third = network.departments
    council.submit(batch_of(7), first)
    assert council.wait(1).batch.max_message_count == 7

    with pytest.raises(OrdererError) as caught:
        council.submit(batch_of(0), first)
    assert caught.value.status == 400
    assert caught.value.message.endswith("max message count to an invalid value: 0")
    with pytest.raises(OrdererError) as caught:
        council.submit(without(f"{third}MSP"), first)
    assert caught.value.message.endswith(
        "policy for [Group]  /Channel/Application not satisfied: implicit policy evaluation failed - 1 "
        "sub-policies were satisfied, but this policy requires 2 of the 'Admins' sub-policies to be "
        "satisfied"
    )
    assert council.config().sequence == 1

    newcomer = Department("Parks", tmp_path / "Parks", "", "", network.now)
    council.submit(with_member(newcomer), first, second)
    config = council.wait(2)
    assert newcomer.msp_id in config.application_organizations
    peer = network.departments[first].peer
    with council.surface.Admin(newcomer.admin) as admin:
        assert newcomer.msp_id in admin.discover_config(peer, CHANNEL).msps

    council.submit(without(f"{third}MSP"), first, second, third)
    assert f"{third}MSP" not in council.wait(3).application_organizations
    stranger = network.departments[third].user()
    with (
        council.surface.connect(stranger, peer) as gateway,
        pytest.raises(GatewayError, match="access denied"),
    ):
        gateway.network(CHANNEL).contract("qscc").evaluate("GetChainInfo", CHANNEL)
