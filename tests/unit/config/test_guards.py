"""What an update must not do though orderers take it: leave nobody to sign the next one, or to order blocks."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from fabric_protos.common import configtx_pb2, policies_pb2
from fabric_protos.msp import msp_config_pb2
from fabric_protos.orderer import configuration_pb2 as orderer_pb2
from fabric_protos.orderer.etcdraft import configuration_pb2 as etcdraft_pb2

from pyfabric.admin.config.guards import lost_administrators, lost_policies, lost_quorum
from pyfabric.rules.configuration.channel_config import ChannelConfig
from pyfabric.rules.configuration.parts import Consenter
from pyfabric.rules.policies.syntax import parse_signature_policy
from tests.support.ledger.ordering import CHANNEL, NOW, Council

COUNCIL = Council(3, bft=False, departments=("Land", "Tax", "Health"))
BFT = Council(4, bft=True)
LAND = COUNCIL.departments[0]
Group = Any


def config_of(council: Council) -> ChannelConfig:
    return ChannelConfig.from_block(council.genesis())


def after(change: Callable[[Group], object], council: Council = COUNCIL) -> ChannelConfig:
    """Return the council's configuration after a change of its groups."""
    found = configtx_pb2.Config()
    found.CopyFrom(config_of(council).raw)
    change(found.channel_group)
    return ChannelConfig(found, channel_id=CHANNEL)


def policy(path: str, rule: str) -> Callable[[Group], None]:
    *groups, name = path.split("/")

    def apply(group: Group) -> None:
        for one in groups:
            group = group.groups[one]
        group.policies[name].policy.CopyFrom(
            policies_pb2.Policy(type=1, value=parse_signature_policy(rule).SerializeToString())
        )

    return apply


def test_an_update_that_harms_nobody() -> None:
    same = after(policy("Application/Admins", "OR('LandMSP.admin')"))
    before = config_of(COUNCIL)
    assert list(lost_policies(before, same)) == []
    assert list(lost_administrators(before, same, [LAND.admin.identity.certificate])) == []
    assert list(lost_quorum(before, same, lambda _: False)) == []


@pytest.mark.parametrize(
    ("change", "harm"),
    [
        (
            policy("Application/Admins", "AND('LandMSP.admin', 'NobodyMSP.admin')"),
            "nobody could sign the next change of /Channel/Application, .*: /Channel/Application/Admins cannot",
        ),
        (
            policy("Application/Tax/Admins", "OutOf(2, 'TaxMSP.admin')"),
            r"next change of /Channel/Application/Tax, .* …: /Channel/Application/Tax/Admins cannot",
        ),
        (policy("Writers", "OR('NobodyMSP.member')"), "nobody could send anything to the orderers"),
        (
            policy("Application/LifecycleEndorsement", "OR('NobodyMSP.peer')"),
            "nobody could approve or commit a chaincode",
        ),
        (
            lambda group: setattr(
                group.groups["Orderer"].values["BatchSize"], "mod_policy", "Nobody"
            ),
            "next change of /Channel/Orderer/BatchSize: /Channel/Orderer/Nobody cannot be satisfied",
        ),
        (lambda group: group.policies.pop("Admins"), "next change of /Channel, .*/Channel/Admins"),
    ],
)
def test_a_policy_that_nobody_could_satisfy_any_more(
    change: Callable[[Group], object], harm: str
) -> None:
    found = list(lost_policies(config_of(COUNCIL), after(change)))
    assert re.search(harm, " ".join(found))


def test_what_nobody_could_satisfy_before_is_no_fault_of_an_update() -> None:
    broken = after(policy("Application/Admins", "OR('NobodyMSP.admin')"))
    assert list(lost_policies(broken, broken)) == []


def test_a_channel_without_a_policy_for_the_lifecycle_has_one_of_a_majority() -> None:
    gone = after(lambda group: group.groups["Application"].policies.pop("LifecycleEndorsement"))
    assert list(lost_policies(config_of(COUNCIL), gone)) == []


def revoking(*certificates: bytes) -> Callable[[Group], None]:
    crl = LAND.ca.revoke(list(certificates), now=NOW)

    def apply(group: Group) -> None:
        value = group.groups["Application"].groups["Land"].values["MSP"]
        outer = msp_config_pb2.MSPConfig.FromString(value.value)
        inner = msp_config_pb2.FabricMSPConfig.FromString(outer.config)
        inner.revocation_list.append(crl)
        outer.config = inner.SerializeToString()
        value.value = outer.SerializeToString()

    return apply


def test_the_last_known_administrator_in_the_revocation_list() -> None:
    before, last = config_of(COUNCIL), LAND.admin
    revoked = after(revoking(last.identity.certificate))
    (found,) = lost_administrators(before, revoked, [last.identity.certificate])
    assert "no administrator of LandMSP" in found
    assert "The certificate has been revoked" in found
    other = LAND.identity("other admin", "admin")
    assert (
        list(
            lost_administrators(
                before, revoked, [last.identity.certificate, other.identity.certificate]
            )
        )
        == []
    )
    user = LAND.identity("ann", "client")
    assert list(lost_administrators(before, revoked, [user.identity.certificate, b"\xff"])) == []


def consenters(change: Callable[[list[Any]], list[Any]]) -> Callable[[Group], None]:
    def apply(group: Group) -> None:
        value = group.groups["Orderer"].values["ConsensusType"]
        found = orderer_pb2.ConsensusType.FromString(value.value)
        metadata = etcdraft_pb2.ConfigMetadata.FromString(found.metadata)
        chosen = change(list(metadata.consenters))
        del metadata.consenters[:]
        metadata.consenters.extend(chosen)
        found.metadata = metadata.SerializeToString()
        value.value = found.SerializeToString()

    return apply


def moved(one: Any, port: int) -> Any:
    made = type(one)()
    made.CopyFrom(one)
    made.port = port
    return made


def down(*ports: int) -> Callable[[Consenter], bool]:
    return lambda one: one.port in ports


@pytest.mark.parametrize(
    ("change", "ports", "lost"),
    [
        (lambda found: found[:2], (), False),
        (lambda found: found[:2], (7001,), True),
        (lambda found: found[:2], (7003,), False),
        (lambda found: [*found, moved(found[0], 7009)], (7002,), True),
        (lambda found: [*found, moved(found[0], 7009)], (), False),
        (lambda found: [moved(found[0], 7008), moved(found[1], 7009), found[2]], (), True),
        (lambda found: [], (), True),
    ],
)
def test_a_change_of_consenters_after_which_too_few_are_left(
    change: Callable[[list[Any]], list[Any]], ports: tuple[int, ...], lost: bool
) -> None:
    new = after(consenters(change))
    assert bool(list(lost_quorum(config_of(COUNCIL), new, down(*ports)))) is lost


def test_a_channel_grows_from_one_orderer_to_two() -> None:
    one = Council(1, bft=False)
    new = after(consenters(lambda found: [*found, moved(found[0], 7009)]), one)
    assert list(lost_quorum(config_of(one), new, down())) == []
    assert list(lost_quorum(config_of(one), new, down(7001)))
    elsewhere = after(consenters(lambda found: [moved(found[0], 7009)]), one)
    assert list(lost_quorum(config_of(one), elsewhere, down()))


def test_new_certificates_at_the_same_address_are_of_the_same_orderer() -> None:
    fresh = COUNCIL.ordering.tls_certificate("orderer1")

    def renew(found: list[Any]) -> list[Any]:
        found[0].client_tls_cert = found[0].server_tls_cert = fresh
        return found

    assert list(lost_quorum(config_of(COUNCIL), after(consenters(renew)), down())) == []


def test_what_is_down_does_not_matter_where_consenters_stay() -> None:
    before = config_of(BFT)
    assert list(lost_quorum(before, before, lambda _: True)) == []
