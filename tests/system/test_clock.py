"""A clock that tests set: nodes use it for certificates and requests, and clients can use it too."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from pyfabric_network.profile import load_profile, profile_file

from pyfabric.errors import EndorseError, GatewayError, LedgerError
from pyfabric.gateway import Contract, connect
from tests.support.network.deeds_network import Deeds, running_deeds

MOMENT = datetime(2026, 12, 24, 18, 30, tzinfo=UTC)


@pytest.fixture(scope="module")
def deeds(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deeds]:
    with running_deeds(tmp_path_factory.mktemp("clock")) as made:
        yield made


@pytest.fixture
def contract(deeds: Deeds) -> Iterator[Contract]:
    """Provide the contract for a client that uses the nodes' clock."""
    profile = load_profile(profile_file(deeds.network.plan, deeds.network.plan.department("Tax")))
    clock = deeds.network.development().now
    with connect(profile.user("clerk"), profile.peers, clock=clock) as gateway:
        yield gateway.network("estate").contract("deeds")
    deeds.network.development().run_clock()


def test_contracts_see_the_time_that_was_set(deeds: Deeds, contract: Contract) -> None:
    development = deeds.network.development()
    moment = datetime.now(UTC).replace(microsecond=0) + timedelta(days=30)
    development.set_clock(moment)
    assert contract.evaluate("when").decode() == moment.isoformat()
    assert contract.evaluate("when").decode() == moment.isoformat()
    assert contract.evaluate("endorser_time").decode() == moment.isoformat()
    contract.submit("put", "", "k", "v")
    development.move_clock(timedelta(hours=1))
    assert contract.evaluate("when").decode() == (moment + timedelta(hours=1)).isoformat()
    development.run_clock()
    assert abs(development.now() - datetime.now(UTC)) < timedelta(minutes=1)


def test_a_client_with_another_clock_is_refused(deeds: Deeds, contract: Contract) -> None:
    deeds.network.development().move_clock(timedelta(days=30))
    assert contract.evaluate("get", "", "k") is not None
    with pytest.raises(GatewayError, match="request unauthorized due to incorrect timestamp"):
        deeds.contract.evaluate("when")


def test_certificates_expire_by_it(deeds: Deeds, contract: Contract) -> None:
    deeds.network.development().move_clock(timedelta(days=365 * 30))
    with pytest.raises(EndorseError, match="proposal client identity expired"):
        contract.submit("put", "", "k", "v")


def test_a_moment_has_a_zone(deeds: Deeds) -> None:
    with pytest.raises(LedgerError, match="2026-12-24T18:30:00 has no time zone"):
        deeds.network.development().set_clock(MOMENT.replace(tzinfo=None))
