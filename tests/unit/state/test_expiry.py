"""Hashes of private data go with the block that Fabric's expiry keys name, however often they are written before."""

import sqlite3
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, closing, contextmanager
from typing import Protocol

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pyfabric._state_table import STATE_TABLE, StateTable, write_changes
from pyfabric.rules.state.expiry import expire
from pyfabric.rules.state.memory import MemoryState
from pyfabric.rules.state.updates import Updates
from pyfabric.rules.state.versions import AgedState, StateReader, Version, VersionedValue

LIFETIMES = {"bills$$hfleeting": 2, "bills$$hslow": 5, "bills$$hkept": 0}
NAMESPACES = [*LIFETIMES, "bills"]
PLACES = st.tuples(st.sampled_from(NAMESPACES), st.sampled_from("abc"))
BLOCKS = st.lists(st.dictionaries(PLACES, st.booleans()), max_size=25)
"""Of each block the places that it writes, or (False) deletes."""


class State(StateReader, AgedState, Protocol):
    """State that takes over what a block writes."""

    def commit(self, updates: Updates) -> None: ...


class InTable(StateTable):
    def commit(self, updates: Updates) -> None:
        write_changes(self.connection, updates)


@contextmanager
def in_table() -> Iterator[InTable]:
    with closing(sqlite3.connect(":memory:")) as connection:
        connection.executescript(STATE_TABLE)
        yield InTable(connection)


@contextmanager
def in_memory() -> Iterator[MemoryState]:
    yield MemoryState()


class ExpiryKeys:
    """The places that exist, and when each is to go: one entry for every write, as Fabric keeps them."""

    def __init__(self) -> None:
        self.written: dict[tuple[str, str], int] = {}
        self.expiring: dict[int, list[tuple[tuple[str, str], int]]] = defaultdict(list)

    def commit(self, number: int, changes: dict[tuple[str, str], bool]) -> None:
        for place, written in self.expiring.pop(number, []):
            if place not in changes and self.written.get(place) == written:
                del self.written[place]
        for place, is_write in changes.items():
            self.written.pop(place, None)
            if is_write:
                self.written[place] = number
                if lives := LIFETIMES.get(place[0]):
                    self.expiring[number + lives + 1].append((place, number))


@pytest.mark.parametrize("kept", [in_memory, in_table])
@given(blocks=BLOCKS)
def test_the_same_keys_go_as_by_fabrics_expiry_keys(
    kept: Callable[[], AbstractContextManager[State]],
    blocks: list[dict[tuple[str, str], bool]],
) -> None:
    expected = ExpiryKeys()
    with kept() as state:
        for number, changes in enumerate(blocks):
            commit(state, number, changes)
            expected.commit(number, changes)
            assert there(state) == expected.written


def commit(state: State, number: int, changes: dict[tuple[str, str], bool]) -> None:
    updates = Updates()
    for place, is_write in changes.items():
        value = b"hash" if is_write else b""
        updates.put(place, VersionedValue(value, Version(number, 0)))
    expire(number, LIFETIMES, state, updates)
    state.commit(updates)


def there(state: State) -> dict[tuple[str, str], int]:
    return {
        (namespace, key): value.version.block
        for namespace in NAMESPACES
        for key, value in state.range(namespace, "", "")
    }


def test_a_table_finds_them_by_its_index() -> None:
    with in_table() as state:
        plan = []
        state.connection.set_trace_callback(plan.append)
        assert not state.written_up_to("bills$$hfleeting", 7)
        state.connection.set_trace_callback(None)
        (found,) = state.connection.execute(f"EXPLAIN QUERY PLAN {plan[0]}").fetchall()
    assert "USING COVERING INDEX state_ages (namespace=? AND block<?)" in found[3]
