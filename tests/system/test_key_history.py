"""The history of a key, from a Python contract on the development ledger and the test ledger."""

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from pyfabric_network.network import ANY_FREE_PORT, Network
from pyfabric_network.profile import load_profile, profile_file

from pyfabric.chaincode import Chaincode
from pyfabric.chaincode.testing import TestLedger
from pyfabric.errors import ValidationCode
from pyfabric.gateway import Contract, connect
from tests.support.contracts.history_contract import Ledger
from tests.support.paths import TESTS

SOURCE = TESTS / "support" / "contracts" / "history_contract.py"
TOPOLOGY = """\
name: histories
departments:
  Tax: { users: { clerk: {} } }
ordering: { nodes: [Tax], batch: { timeout: 20ms } }
channels:
  land: { departments: [Tax], contracts: [ledger] }
contracts:
  ledger: { version: "1", classes: ["history_contract:Ledger"] }
"""


@pytest.fixture(scope="module")
def contract(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Contract]:
    folder = tmp_path_factory.mktemp("histories")
    (folder / SOURCE.name).write_text(SOURCE.read_text())
    (folder / "topology.yaml").write_text(TOPOLOGY)
    network = Network.prepare(folder / "topology.yaml", folder / "state", base_port=ANY_FREE_PORT)
    network.up()
    try:
        network.deploy()
        profile = load_profile(profile_file(network.plan, network.plan.department("Tax")))
        with connect(profile.user("clerk"), profile.peers) as gateway:
            yield gateway.network("land").contract("ledger")
    finally:
        network.down()


def test_what_was_written_newest_first_with_whose_and_when(contract: Contract) -> None:
    started = datetime.now(UTC)
    first = contract.new_proposal("put", "k", "one").endorse()
    first.submit().status()
    late = contract.new_proposal("add", "k", "-lost").endorse()
    second = contract.new_proposal("add", "k", "-two").endorse()
    second.submit().status()
    assert not late.submit().status().successful
    third = contract.new_proposal("delete", "k").endorse()
    third.submit().status()
    found = [line.split(" ") for line in contract.evaluate("past", "k").decode().split("\n")]
    assert [(transaction, value) for transaction, value, _ in found] == [
        (third.transaction_id, "deleted"),
        (second.transaction_id, "one-two"),
        (first.transaction_id, "one"),
    ]
    moments = [datetime.fromisoformat(moment) for _, _, moment in found]
    assert started <= moments[2] <= moments[1] <= moments[0] <= datetime.now(UTC)


def test_there_is_no_history_of_other_keys(contract: Contract) -> None:
    contract.submit("put", "prefix-and-more", "x")
    assert contract.evaluate("past", "prefix") == b""
    assert contract.evaluate("past", "never") == b""


def test_a_change_of_metadata_is_no_modification(contract: Contract) -> None:
    contract.submit("put", "sealed", "x")
    contract.submit("protect", "sealed")
    assert len(contract.evaluate("past", "sealed").decode().split("\n")) == 1


def test_a_long_history_is_no_read(contract: Contract) -> None:
    """Read a history of several batches; writes meanwhile are no conflict."""
    for number in range(230):
        contract.submit_async("put", "long", f"{number}")
    contract.submit("put", "long", "230")
    found = contract.evaluate("past", "long").decode().split("\n")
    assert [line.split(" ")[1] for line in found] == [str(230 - n) for n in range(231)]
    counting = contract.new_proposal("count", "long").endorse()
    contract.submit("put", "long", "231")
    assert counting.submit().status().successful
    assert contract.evaluate("get", "long-count") == b"231"


def test_the_ledger_of_tests_answers_alike() -> None:
    ledger = TestLedger(Chaincode([Ledger()]))
    ledger.submit("put", "k", "one")
    late = ledger.endorse("add", "k", "-lost")
    ledger.submit("add", "k", "-two")
    assert ledger.commit([late]) == [ValidationCode.MVCC_READ_CONFLICT]
    ledger.submit("protect", "k")
    ledger.submit("delete", "k")
    found = ledger.evaluate("past", "k").decode().split("\n")
    assert [line.split(" ")[1] for line in found] == ["deleted", "one-two", "one"]
