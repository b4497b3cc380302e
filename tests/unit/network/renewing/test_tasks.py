"""What is left to do of a renewal, in which order, what does not work meanwhile, and what is refused."""

import shutil
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from fabric_protos.common import configtx_pb2
from pyfabric_network.material.genesis import channel_config
from pyfabric_network.renewing.holders import Use
from pyfabric_network.renewing.intent import Intent
from pyfabric_network.renewing.refusals import refusals
from pyfabric_network.renewing.staging import (
    stage_authority,
    stage_member,
    take_authority,
    take_member,
)
from pyfabric_network.renewing.tasks import Action, Task, Work
from pyfabric_network.renewing.world import World

from pyfabric.admin.channels import SetMSP, edit_config
from pyfabric.errors import NetworkError
from pyfabric.identity.definition import MSPDefinition
from pyfabric.identity.msp import MSP
from pyfabric.rules.configuration.channel_config import ChannelConfig
from tests.unit.network.renewing.conftest import NOW, TOPOLOGY, Town


def replacing(world: World, *names: str, new_keys: bool = False) -> Intent:
    return Intent.of(
        [one.serial for one in world.certificates if one.holder in names], new_keys=new_keys
    )


def tasks(world: World, *names: str) -> tuple[Task, ...]:
    return Work(world, replacing(world, *names)).tasks()


def test_nothing_is_left_of_no_renewal(town: Town) -> None:
    assert tasks(town.running()) == ()
    assert tasks(town.stopped()) == ()


def test_who_is_alone_is_missed(town: Town, tmp_path: Path) -> None:
    found = {
        one.subject: one.away
        for one in tasks(town.running(), "peer0.tax", "peer0.health", "orderer0.tax", "ann@tax")
    }
    assert found["peer0.tax"] == found["orderer0.tax"] == found["ann@tax"] == ""
    assert "Health has no other peer" in found["peer0.health"]
    (tmp_path / "alone").mkdir()
    alone = Town.make(tmp_path / "alone", TOPOLOGY.replace("[Tax, Health, Land]", "[Tax]"))
    (task,) = tasks(alone.running(), "orderer0.tax")
    assert task.away == "bills has 1 consenters: nothing is ordered"


def test_a_ca_is_known_everywhere_before_it_issues_and_users_come_last(town: Town) -> None:
    world = town.running()
    found = [
        (one.action, one.subject)
        for one in tasks(
            world, "rootca.tax", "ca.tax", "peer0.tax", "peer1.tax", "ann@tax", "Admin@tax"
        )
    ]
    assert found == [
        (Action.MAKE, "rootca.tax"),
        (Action.MAKE, "ca.tax"),
        (Action.UPDATE, "TaxMSP"),
        (Action.PUBLISH, "TaxMSP"),
        (Action.RESTART, "peer0.tax"),
        (Action.RESTART, "peer1.tax"),
        (Action.ISSUE, "rootca.tax"),
        (Action.ISSUE, "ca.tax"),
        (Action.RENEW, "peer0.tax"),
        (Action.RENEW, "peer1.tax"),
        (Action.RENEW, "Admin@tax"),
        (Action.RENEW, "ann@tax"),
    ]


def test_what_is_done_is_left_out(town: Town, tmp_path: Path) -> None:
    world = town.running()
    intent = replacing(world, "tlsca.health", "peer0.health", "contracts.health")
    before = Work(world, intent).tasks()
    (authority,) = (one for one in world.authorities["HealthMSP"] if one.holder == "tlsca.health")
    stage_authority(authority, now=NOW)
    world = town.running()
    made = Work(world, intent)
    assert made.tasks() == before[1:]
    definition = made.definition(town.plan.departments["Health"], world.definitions["HealthMSP"])
    definition.write(town.plan.departments["Health"].msp)  # which the channel here is made of
    assert Work(town.running(), intent).tasks()[0].action is Action.PUBLISH
    (staged,) = (one for one in town.running().authorities["HealthMSP"] if one.kind == "TLS CA")
    shutil.copytree(staged.folder / "next", tmp_path / "kept")
    take_authority(staged)
    shutil.copytree(tmp_path / "kept", staged.folder / "next")  # as before the last step of this
    (again,) = (one for one in town.running().authorities["HealthMSP"] if one.kind == "TLS CA")
    take_authority(again)
    after = Work(town.running(), intent).tasks()
    assert Action.ISSUE not in [one.action for one in after]
    (taken,) = (one for one in town.running().authorities["HealthMSP"] if one.kind == "TLS CA")
    assert (taken.present, taken.former, taken.staged) == (staged.staged, (staged.present,), None)
    assert Work(town.running(), intent).users_of_former("tlsca.health")[0] == "peer0.health"


def test_a_member_has_one_pair_or_the_other_wherever_it_is_interrupted(town: Town) -> None:
    health = town.plan.departments["Health"]
    member = health.peers[0].member
    old = (member.certificate.read_bytes(), member.key.read_bytes())
    stage_member(health, member, [Use.IDENTITY], new_keys=True, now=NOW)
    staged = member.folder / "next" / "msp"
    new = [(staged / file).read_bytes() for file in ("signcerts/cert.pem", "keystore/priv_sk")]
    stage_member(health, member, [Use.IDENTITY], new_keys=True, now=NOW)
    assert new[0] == (staged / "signcerts/cert.pem").read_bytes()  # the one that channels may know
    member.key.write_bytes(new[1])  # an interruption after the key
    take_member(member)
    assert [member.certificate.read_bytes(), member.key.read_bytes()] == new
    assert [file.read_bytes() for file in (member.folder / "renewed").glob("*.pem")] == [old[0]]
    assert not (member.folder / "next").exists()
    take_member(member)
    assert [member.certificate.read_bytes(), member.key.read_bytes()] == new


def test_a_channel_that_knows_an_orderer_by_another_certificate_is_settled(town: Town) -> None:
    world = town.running()
    node = town.plan.orderers[1]
    stage_member(town.plan.organization(node), node.member, [Use.TLS], new_keys=False, now=NOW)
    take_member(node.member)
    after = replace(town.stopped(), running=True, configs=world.configs)
    (task,) = Work(after, Intent()).tasks()
    assert (task.action, task.subject, task.channel) == (Action.SETTLE, "orderer0.health", "bills")


def test_while_no_node_runs_the_same_keys_are_renewed(town: Town) -> None:
    world = town.stopped()
    assert [one.subject for one in tasks(world, "peer0.tax", "orderer0.tax")] == [
        "orderer0.tax",
        "peer0.tax",
    ]
    with pytest.raises(NetworkError, match="channels must learn of other CAs"):
        tasks(world, "ca.tax")
    with pytest.raises(NetworkError, match="new keys"):
        Work(world, replacing(world, "orderer0.tax", new_keys=True)).tasks()


def test_what_would_harm_is_refused(town: Town) -> None:
    world = town.running()
    work = Work(world, replacing(world, "Admin@health", "ca.health"))
    assert list(refusals(work, unfinished=False, now=NOW)) == []
    late = list(refusals(work, unfinished=False, now=NOW + timedelta(days=365 * 21)))
    assert len(late) == 1
    assert "ca.health ended on 2046" in late[0]
    down = replace(world, stopped=frozenset({"orderer0.land"}))
    work = Work(down, replacing(world, "orderer0.tax"))
    (why,) = refusals(work, unfinished=False, now=NOW)
    assert "orderer0.land does not run" in why
    assert list(refusals(work, unfinished=True, now=NOW)) == []


def test_the_last_administrator_stays_where_channels_know_it_by_its_certificate(
    town: Town,
) -> None:
    world = town.running()
    health = town.plan.departments["Health"]
    config = channel_config(town.plan, town.plan.channels["bills"])
    by_certificate = replace(
        MSPDefinition.from_folder(health.msp, "HealthMSP"),
        admin_certificates=(health.admin.certificate.read_bytes(),),
        node_units=None,
    )
    changed = configtx_pb2.Config.FromString(
        edit_config(config.SerializeToString(), [SetMSP("HealthMSP", by_certificate)])
    )
    named = replace(world, configs={"bills": ChannelConfig(changed, channel_id="bills")})
    work = Work(named, replacing(world, "Admin@health"))
    (why,) = refusals(work, unfinished=False, now=NOW)
    assert "Admin@health would administrate HealthMSP on bills no longer" in why


def test_a_former_root_goes_with_the_ca_below_it(town: Town) -> None:
    for holder in ("rootca.tax", "ca.tax"):
        (authority,) = (one for one in town.stopped().authorities["TaxMSP"] if one.holder == holder)
        stage_authority(authority, now=NOW)
    tax = town.plan.departments["Tax"]
    world = town.running()
    both = Work(world, Intent()).definition(tax, world.definitions["TaxMSP"])
    assert len(both.root_certificates) == len(both.intermediate_certificates) == 2
    MSP(both)
    for holder in ("rootca.tax", "ca.tax"):
        (authority,) = (one for one in town.stopped().authorities["TaxMSP"] if one.holder == holder)
        take_authority(authority)
    dropping = frozenset({"rootca.tax", "ca.tax"})
    after = Work(town.running(), Intent(), dropping).definition(tax, both)
    MSP(after)
    assert (after.root_certificates, after.intermediate_certificates) == (
        (both.root_certificates[1],),
        (both.intermediate_certificates[1],),
    )
