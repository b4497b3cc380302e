"""The request pool of BFT orderers: each request once, and remembered for a while."""

import pytest

from pyfabric.errors import OrdererError
from pyfabric.rules.consensus.request_pool import RequestPool


def test_each_orderer_takes_a_request_once_and_the_first_time_it_is_new() -> None:
    pool = RequestPool()
    assert pool.add("a", "one")
    assert not pool.add("a", "two")
    with pytest.raises(
        OrdererError, match=r"^503: failed to submit request: request already exists$"
    ):
        pool.add("a", "one")


def test_a_thousand_delivered_requests_are_remembered() -> None:
    pool = RequestPool()
    pool.add("a", "one")
    pool.delivered(["a"])
    with pytest.raises(OrdererError, match=r"^503: failed to submit request: request already proc"):
        pool.add("a", "two")
    pool.delivered(str(number) for number in range(1000))
    assert pool.add("a", "two")
