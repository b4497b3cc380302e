"""Private data of a real channel: read-write sets, each peer's data and deliveries, crashes, losses."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from fabric_protos.peer import chaincode_shim_pb2

from pyfabric.errors import ContractError
from pyfabric.ledger.private.store import Place
from pyfabric.rules.requests.handler import Kind
from tests.support.ledger.private_history import CHANNEL, DEPARTMENTS, PrivateHistory
from tests.support.rules import history

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def replayed(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[PrivateHistory]:
    made = PrivateHistory(tmp_path_factory.mktemp("private"))
    try:
        await made.run()
        yield made
    finally:
        made.close()


async def test_read_write_sets_are_those_of_the_real_peers(replayed: PrivateHistory) -> None:
    assert replayed.simulated == 11


@pytest.mark.parametrize("msp_id", DEPARTMENTS)
async def test_each_peer_keeps_what_the_real_one_showed(
    replayed: PrivateHistory, msp_id: str
) -> None:
    expected = replayed.expected(msp_id)
    assert sum(map(len, expected.values())) >= 4
    assert replayed.shown(msp_id) == expected
    assert replayed.peers[msp_id].store.pending() == []


async def test_hashes_are_those_of_the_real_peers(replayed: PrivateHistory) -> None:
    expected = history.load("private-state-hashes.json")
    with replayed.ledger.snapshot() as reader:
        for stored in (*expected, "ledger$$hduo", "ledger$$hfleeting"):
            found = [(key, value.value.hex()) for key, value in reader.range(stored, "", "")]
            assert found == [
                (one["key_hash"], one["value_hash"]) for one in expected.get(stored, [])
            ]


async def test_answers_are_those_of_the_real_peers(replayed: PrivateHistory) -> None:
    answers = history.load("private-data.json")["answers"]
    assert len(answers) == 18
    with replayed.ledger.snapshot() as reader:
        for question, expected in answers.items():
            place, msp_id = question.split("@")
            collection, key = place.split("/")
            request = chaincode_shim_pb2.GetState(collection=collection, key=key)
            for kind, answer in (
                (Kind.GET_STATE, expected["get"]),
                (Kind.GET_PRIVATE_DATA_HASH, expected["hash"]),
            ):
                running = replayed.context(msp_id, reader)
                found = _answer(running, kind, request)
                text = answer["message"].partition(": transaction ID: ")[2].partition(": ")[2]
                payload = answer["payload"]
                wanted = bytes.fromhex(payload) if answer is expected["hash"] else payload.encode()
                assert found == (text or wanted), question


def _answer(running: Any, kind: int, request: Any) -> str | bytes:
    try:
        payload: bytes = running.answer(kind, request.SerializeToString())
    except ContractError as error:
        return str(error)
    return payload


async def test_a_crash_after_each_block_loses_nothing(tmp_path: Path) -> None:
    crashed = PrivateHistory(tmp_path)
    try:
        await crashed.run(crashing=True)
        for msp_id in DEPARTMENTS:
            assert crashed.shown(msp_id) == crashed.expected(msp_id)
            assert crashed.peers[msp_id].store.pending() == []
    finally:
        crashed.close()


async def test_what_a_peer_lost_it_gets_back_from_other_members(replayed: PrivateHistory) -> None:
    replayed.open("FacultyMSP", "lost")
    try:
        request = chaincode_shim_pb2.GetState(collection="trio", key="feet").SerializeToString()
        with replayed.ledger.snapshot() as reader:
            running = replayed.context("FacultyMSP", reader)
            assert running.answer(Kind.GET_STATE, request) == b"three"
        expected = {
            number: by_position
            for number, by_position in replayed.expected("FacultyMSP").items()
            if by_position["0"][0][0] != "_lifecycle"
        }
        assert replayed.shown("FacultyMSP") == expected
        place = Place(CHANNEL, "ledger", "trio")
        assert replayed.peers["FacultyMSP"].store.get(place, "feet") == (
            b"three",
            (158, 0),
        )
    finally:
        replayed.open("FacultyMSP")
