"""Blinded identifiers that are compared are made with one key."""

from types import SimpleNamespace
from typing import Any

import pytest
from pyfabric_municipal.common.blinding import blinded_with
from pyfabric_municipal.common.private import blind
from pyfabric_municipal.estate.ownership import Holder, Ownership

AGREED = {"key_id": "sales-1", "purpose": "house-sale"}


def of(key_id: str, purpose: str) -> Any:
    """Return somebody's blinded identifier."""
    return blind(b"k" * 32, key_id, purpose, "somebody")


@pytest.mark.parametrize(
    ("parties", "holds"),
    [
        ((of("sales-1", "house-sale"),), True),
        ((), True),
        ((of("sales-1", "house-sale"), of("sales-2", "house-sale")), False),
        ((of("sales-1", "receipts"),), False),
    ],
    ids=["the key", "nobody", "another key beside it", "another purpose"],
)
def test_each_identifier_is_made_with_the_key_that_was_agreed_on(
    parties: tuple[Any, ...], holds: bool
) -> None:
    guard = blinded_with("party-key", "parties", "owner")
    record = SimpleNamespace(parties=parties, owner=of("sales-1", "house-sale"))
    call = SimpleNamespace(after=record, parameter={"party-key": AGREED}.get)
    assert guard.test(call) == (True if holds else AGREED)
    assert (guard.code, guard.parameters) == ("party-key", ("party-key",))


@pytest.mark.parametrize("purpose", ["house-sale", "receipts"])
def test_without_paths_each_identifier_of_the_arguments_is(purpose: str) -> None:
    guard = blinded_with("party-key")
    holder = Holder(key=of("sales-1", purpose))
    arguments = {"unit": "U1", "ownership": Ownership(form="sole", holders=(holder,))}
    call = SimpleNamespace(arguments=arguments, parameter={"party-key": AGREED}.get)
    assert guard.test(call) == (True if purpose == "house-sale" else AGREED)
