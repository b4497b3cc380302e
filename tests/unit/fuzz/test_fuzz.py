"""Corrupted messages for every decoder and the validator: bounded and repeatable (`make fuzz`: endless)."""

from collections import Counter
from itertools import count

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pyfabric.errors import ValidationCode
from tests.support.ledger.limits import TooLongError, at_most
from tests.support.messages.fuzz_decoders import targets
from tests.support.messages.mutation import fields, mutant, written
from tests.support.messages.real_messages import real_messages
from tests.support.rules import fuzz_updates, fuzz_validation

SEEDS = st.integers(0, 2**64 - 1)
NAMES = sorted(targets())


@pytest.mark.parametrize("name", NAMES)
@settings(max_examples=80)
@given(seed=SEEDS)
def test_a_decoder_raises_nothing_but_our_own_errors(name: str, seed: int) -> None:
    with at_most(20):
        targets()[name].try_mutant(seed)


def test_every_decoder_has_real_bytes() -> None:
    assert len(NAMES) == 40
    assert all(target.corpus for target in targets().values())


@settings(max_examples=200)
@given(seed=SEEDS)
def test_whatever_members_sign_gets_a_code(seed: int) -> None:
    with at_most(20):
        fuzz_validation.try_block(seed)


@settings(max_examples=200)
@given(seed=SEEDS)
def test_updates_make_a_configuration_or_are_refused(seed: int) -> None:
    with at_most(20):
        fuzz_updates.try_update(seed)


def test_corrupted_transactions_reach_every_part_of_the_validator() -> None:
    found: Counter[ValidationCode] = Counter()
    for seed in range(400):
        outcome = fuzz_validation.validate(seed)
        found.update(transaction.code for transaction in outcome.transactions)
    assert len(found) >= 10
    assert {ValidationCode.VALID, ValidationCode.BAD_RWSET} <= set(found)


def test_the_mutants_are_broken_in_many_ways_and_the_same_each_time() -> None:
    blocks = next(iter(real_messages().values()))
    made = [mutant(seed, blocks) for seed in range(200)]
    assert made == [mutant(seed, blocks) for seed in range(200)]
    assert len(set(made)) > 150
    whole = fields(blocks[0])
    assert whole is not None
    assert written(whole) == blocks[0]


def test_what_takes_too_long_is_ended() -> None:
    with pytest.raises(TooLongError), at_most(0.01):
        any(one < 0 for one in count())
