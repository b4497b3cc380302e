"""A contract that refuses with a code: what its callers, clients and tests get of it."""

import pickle
from datetime import date
from typing import Any

import pytest

from pyfabric.chaincode import Chaincode, Context, Contract, ContractError, query, transaction
from pyfabric.chaincode.testing import TestLedger
from pyfabric.errors import ConfigError


class Lots(Contract):
    """Refuses everything, and each time with the caller's facts."""

    @transaction
    def take(self, _ctx: Context, lot: str, left: int) -> None:
        raise ContractError(
            f"lot {lot} has {left} kg left",
            code="lots.too-little",
            facts={"lot": lot, "left": left},
            zh=f"批次{lot}只剩{left}千克",
        )

    @query
    def wrong(self, _ctx: Context) -> None:
        raise ContractError("no", code="lots.wrong", facts={"day": date(2026, 1, 1)})


class Shops(Contract):
    """Calls the lots."""

    @transaction
    def buy(self, ctx: Context, lot: str) -> None:
        ctx.stub.invoke_chaincode("lots", [b"take", lot.encode(), b"3"]).raise_unless_ok()


def test_a_refusal_has_code_facts_and_both_texts() -> None:
    ledger = TestLedger(Chaincode([Lots()]))
    with pytest.raises(ContractError) as caught:
        ledger.submit("take", "L1", 5)
    assert caught.value.code == "lots.too-little"
    assert caught.value.facts == {"lot": "L1", "left": 5}
    assert str(caught.value) == "lot L1 has 5 kg left"
    assert caught.value.zh == "批次L1只剩5千克"


def test_a_caller_passes_the_refusal_of_another_contract_on() -> None:
    ledger = TestLedger(Chaincode([Shops()]), callees={"lots": Chaincode([Lots()])})
    with pytest.raises(ContractError) as caught:
        ledger.submit("buy", "L1")
    assert (caught.value.code, caught.value.facts) == ("lots.too-little", {"lot": "L1", "left": 3})


def test_a_refusal_has_a_text_for_each_language() -> None:
    both = ContractError("no", code="a", zh="不").refusal
    english = ContractError("no", code="a").refusal
    assert both is not None
    assert english is not None
    assert [both.text("zh"), both.text("en"), english.text("zh")] == ["不", "no", "no"]


def test_a_refusal_travels_between_processes() -> None:
    error = pickle.loads(pickle.dumps(ContractError("no", code="a", facts={"b": 1}, zh="不")))
    assert error.refusal == ContractError("no", code="a", facts={"b": 1}, zh="不").refusal


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"code": "Too Large"}, "cannot be the code"),
        ({"code": "a" * 101}, "cannot be the code"),
        ({"code": "a\n"}, "cannot be the code"),
        ({"facts": {"a": 1}}, "needs a code"),
        ({"zh": "不"}, "needs a code"),
        ({"code": "a", "facts": {"a": float("nan")}}, "facts of a are no JSON object"),
        ({"code": "a", "facts": {"a": date(2026, 1, 1)}}, "facts of a are no JSON object"),
    ],
)
def test_a_refusal_that_cannot_travel_is_a_mistake(given: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        ContractError("no", **given)


def test_a_mistaken_refusal_refuses_too() -> None:
    with pytest.raises(ContractError, match=r"the facts of lots\.wrong are no JSON object"):
        TestLedger(Chaincode([Lots()])).evaluate("wrong")
