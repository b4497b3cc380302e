"""Revocation lists of an organisation whose CA was replaced: one for each CA that still counts, and no entry is lost."""

from datetime import UTC, datetime
from pathlib import Path

import pytest
from pyfabric_network.identities.holders import holders
from pyfabric_network.identities.revoking import Revocations
from pyfabric_network.material.former import former_cas
from pyfabric_network.material.keys import make_material
from pyfabric_network.renewing.definitions import trusting
from pyfabric_network.renewing.holders import Kind, Use, accepted, authorities
from pyfabric_network.renewing.staging import (
    stage_authority,
    stage_member,
    take_authority,
    take_member,
)
from pyfabric_network.topology.loading import load_topology
from pyfabric_network.topology.organizations import Organization
from pyfabric_network.topology.plan import Plan, make_plan

from pyfabric.errors import ConfigError, IdentityError
from pyfabric.identity.definition import MSPDefinition
from pyfabric.identity.folders import load_ca
from pyfabric.identity.msp import MSP
from pyfabric.identity.revocation import is_revoked, revoked
from pyfabric.identity.trust import read_certificate

NOW = datetime(2026, 11, 30, tzinfo=UTC)
TOPOLOGY = """\
name: town
departments: { Tax: { users: { ann: {}, bo: {} } }, Health: {} }
ordering: { nodes: [Tax] }
channels: { bills: { departments: [Tax, Health], contracts: [] } }
contracts: {}
"""


@pytest.fixture
def plan(tmp_path: Path) -> Plan:
    (tmp_path / "town.yaml").write_text(TOPOLOGY, encoding="utf-8")
    found = make_plan(load_topology(tmp_path / "town.yaml"), tmp_path / "town", base_port=20000)
    make_material(found, now=NOW)
    return found


@pytest.fixture
def tax(plan: Plan) -> Organization:
    return plan.departments["Tax"]


def identity(organization: Organization, name: str) -> bytes:
    return organization.users[name].certificate.read_bytes()


def roll_over(tax: Organization) -> None:
    """Replace the CA of Tax, and the certificates of its users, as `network renew ca.tax` does."""
    (ca,) = (one for one in authorities(tax) if one.kind is Kind.CA)
    stage_authority(ca, now=NOW)
    definition = MSPDefinition.from_folder(tax.msp, tax.msp_id)
    trusting(definition, accepted(authorities(tax))).write(tax.msp)
    take_authority(ca)
    for user in tax.users.values():
        stage_member(tax, user, [Use.IDENTITY], new_keys=False, now=NOW)
        take_member(user)


def states(tax: Organization) -> dict[str, list[str]]:
    """Return the states of all certificates of each user, the present one first."""
    found: dict[str, list[str]] = {}
    for one in holders(tax):
        found.setdefault(one.name, []).append(one.state(NOW))
    return found


def test_each_ca_has_a_list_and_nothing_comes_back(plan: Plan, tax: Organization) -> None:
    before = {name: identity(tax, name) for name in ("ann", "bo")}
    work = Revocations(plan, tax)
    work.keep(work.next_lists([before["bo"]], now=NOW))
    roll_over(tax)
    assert states(tax)["ann"] == ["valid", "replaced"]
    assert states(tax)["bo"] == ["valid", "revoked"]
    present, former = work.next_lists([identity(tax, "bo"), before["ann"]], now=NOW)
    work.keep((present, former))
    assert states(tax)["bo"] == ["revoked", "revoked"]
    assert states(tax)["ann"] == ["valid", "revoked"]
    msp = MSP(MSPDefinition.from_folder(tax.msp, tax.msp_id))
    for one in (*before.values(), identity(tax, "bo")):
        with pytest.raises(IdentityError, match="revoked"):
            msp.identity(one).validate()
    msp.identity(identity(tax, "ann")).validate()
    again = work.next_lists([], now=NOW)
    assert revoked(again) == revoked([present, former])
    assert len(revoked(again)) == 3


def test_numbers_of_one_ca_do_not_count_for_another(plan: Plan, tax: Organization) -> None:
    one = identity(tax, "ann")
    roll_over(tax)
    present, former = Revocations(plan, tax).next_lists([one], now=NOW)
    assert not is_revoked(read_certificate(one), revoked([present]))
    assert is_revoked(read_certificate(one), revoked([former]))


def test_the_key_of_a_former_ca_may_be_kept_elsewhere(plan: Plan, tax: Organization) -> None:
    work, former = Revocations(plan, tax), identity(tax, "ann")
    first = work.next_lists([former], now=NOW)
    work.keep(first)
    roll_over(tax)
    (kept,) = former_cas(tax.ca)
    (kept / "ca.key").unlink()
    _, unchanged = work.next_lists([identity(tax, "ann")], now=NOW)
    assert unchanged == first[0]
    (bo,) = (one for one in holders(tax) if one.name == "bo" and not one.is_current)
    with pytest.raises(IdentityError, match=r"former/.*ca\.key"):
        work.next_lists([bo.file.read_bytes()], now=NOW)


def test_what_is_refused_changes_nothing(plan: Plan, tax: Organization) -> None:
    work, health = Revocations(plan, tax), plan.departments["Health"]
    theirs = load_ca(health.ca).revoke([identity(health, "Admin")], now=NOW)
    with pytest.raises(ConfigError, match="renew it first"):
        work.next_lists([identity(tax, "Admin")], now=NOW)
    with pytest.raises(IdentityError, match="was not issued by the CA of Tax, nor by one before"):
        work.next_lists([identity(health, "Admin")], now=NOW)
    with pytest.raises(IdentityError, match="a revocation list is not of the CA of Tax"):
        work.next_lists([], now=NOW, also=[theirs])
