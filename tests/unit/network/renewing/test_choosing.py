"""Which certificates are renewed."""

from collections.abc import Collection
from datetime import datetime, timedelta

import pytest
from pyfabric_network.renewing.choosing import chosen
from pyfabric_network.renewing.holders import Certificate

from pyfabric.errors import NetworkError
from tests.unit.network.renewing.conftest import NOW, Town


def choose(
    town: Town,
    *names: str,
    within: timedelta | None = None,
    now: datetime = NOW,
) -> tuple[Certificate, ...]:
    departments = {one.name: [each.msp_id for each in one.organizations] for one in town.plan.own}
    return chosen(
        town.stopped().certificates, names=names, departments=departments, within=within, now=now
    )


def holders(found: Collection[Certificate]) -> set[str]:
    return {one.holder for one in found}


def test_a_holder_is_renewed_with_all_uses_of_its_certificates(town: Town) -> None:
    assert [(one.holder, one.use) for one in choose(town, "peer0.tax")] == [
        ("peer0.tax", "identity"),
        ("peer0.tax", "TLS"),
    ]


def test_a_department_is_all_that_it_has_except_its_cas(town: Town) -> None:
    assert holders(choose(town, "Health")) == {
        "peer0.health",
        "orderer0.health",
        "Admin@health",
        "Admin@ordering.health",
        "contracts.health",
        "contract-client.health",
    }


@pytest.mark.parametrize(
    ("name", "brings", "leaves"),
    [
        ("rootca.tax", {"ca.tax", "ann@tax", "peer1.tax"}, {"tlsca.tax", "contracts.tax"}),
        ("ca.tax", {"ann@tax", "peer0.tax"}, {"rootca.tax", "contracts.tax"}),
        ("tlsca.tax", {"contracts.tax", "ann@tax"}, {"ca.tax", "contract-client.tax"}),
        ("tlsca.ordering.tax", {"orderer0.tax"}, {"peer0.tax", "tlsca.tax"}),
    ],
)
def test_a_ca_brings_what_chains_to_it(
    town: Town, name: str, brings: set[str], leaves: set[str]
) -> None:
    found = holders(choose(town, name))
    assert found >= {name, *brings}
    assert not found & leaves


def test_what_ends_soon_is_chosen(town: Town) -> None:
    assert choose(town, within=timedelta(days=3000)) == ()
    most = holders(choose(town, within=timedelta(days=4000)))
    assert "peer0.tax" in most
    assert "ca.tax" not in most  # which lasts longer than what it issues
    assert holders(choose(town, within=timedelta(days=8000))) > most


def test_unknown_names_and_cas_that_have_ended_are_refused(town: Town) -> None:
    with pytest.raises(NetworkError, match=r"nobody named ann has .* there are: Tax, .*ann@tax"):
        choose(town, "ann")
    late = NOW + timedelta(days=365 * 21)
    with pytest.raises(
        NetworkError, match=r"peer0.health is not renewed: ca.health, its CA, ended"
    ):
        choose(town, "peer0.health", now=late)
    assert "ca.health" in holders(choose(town, "ca.health", now=late))
