"""The committer against a model, through random histories (`make fuzz`: without end)."""

from collections import Counter

from hypothesis import given, settings
from hypothesis import strategies as st

from pyfabric.errors import ValidationCode
from tests.support.extent import extent
from tests.support.rules.random_history import try_history


@settings(max_examples=extent(4, 10))
@given(seed=st.integers(0, 2**64 - 1))
def test_ledger_and_model_decide_alike(seed: int) -> None:
    try_history(seed, blocks=15)


def test_histories_hold_every_kind_of_conflict() -> None:
    found: Counter[ValidationCode] = Counter()
    for seed in range(2):
        found += try_history(seed)
    assert set(found) == {
        ValidationCode.VALID,
        ValidationCode.DUPLICATE_TXID,
        ValidationCode.ENDORSEMENT_POLICY_FAILURE,
        ValidationCode.MVCC_READ_CONFLICT,
        ValidationCode.PHANTOM_READ_CONFLICT,
    }
    assert found[ValidationCode.VALID] > found.total() / 3
