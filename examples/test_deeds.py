"""The register of deeds, tested in memory."""

import pytest
from deeds import Deeds

from pyfabric.chaincode import Chaincode, ContractError
from pyfabric.chaincode.testing import CollectionConfig, TestLedger, identity

REGISTRAR = identity("LandMSP", "rae", attributes={"role": "registrar"})
ASSESSOR = identity("TaxMSP", "ann")
PRICES = CollectionConfig(
    name="prices", policy="OR('LandMSP.member', 'TaxMSP.member')", member_only_read=True
)


@pytest.fixture
def ledger() -> TestLedger:
    return TestLedger(
        Chaincode([Deeds()]), collections=[PRICES], organizations=["LandMSP", "TaxMSP"]
    )


def test_only_a_registrar_registers(ledger: TestLedger) -> None:
    ledger.submit("register", "7-12", "Wang", as_=REGISTRAR)
    assert ledger.evaluate("owner", "7-12", as_=ASSESSOR) == b"Wang"
    assert [(event.name, event.payload) for event in ledger.events] == [
        ("registered", b"7-12 Wang")
    ]
    with pytest.raises(ContractError, match="only a registrar"):
        ledger.submit("register", "7-12", "Li", as_=ASSESSOR)


def test_a_price_is_for_members_and_its_hash_for_all(ledger: TestLedger) -> None:
    ledger.submit("record_price", "7-12", as_=REGISTRAR, transient={"price": b"88000"})
    assert ledger.evaluate("price", "7-12", as_=ASSESSOR) == b"88000"
    assert ledger.evaluate("is_price", "7-12", "88000", as_=ASSESSOR) == b"true"
    assert ledger.evaluate("is_price", "7-12", "1", as_=ASSESSOR) == b"false"
