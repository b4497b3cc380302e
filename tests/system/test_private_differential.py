"""Random histories of private data on Fabric's peers and on ours: the same results and state.

PYFABRIC_DIFFERENTIAL_STEPS is the number of steps (25), PYFABRIC_DIFFERENTIAL_SEED selects them.
"""

import os
import re
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from random import Random

import pytest
from fabric_protos.ledger.rwset.kvrwset import kv_rwset_pb2
from pyfabric_network.connections import endpoint
from pyfabric_network.runtimes.runtime import RuntimeName

from pyfabric.errors import GatewayError
from pyfabric.gateway import Gateway, connect
from tests.support.network.programs import needs_fabric
from tests.support.network.running import Running, started

pytestmark = [pytest.mark.fabric, needs_fabric]
COUNT = int(os.environ.get("PYFABRIC_DIFFERENTIAL_STEPS", "25"))
SEED = int(os.environ.get("PYFABRIC_DIFFERENTIAL_SEED", "1"))

DEPARTMENTS = ("EconInfo", "MktSup", "Haidian")
OWN = "_implicit_org_EconInfoMSP"
COLLECTIONS = ("", "files", "hints", "notices", "rulings", "drafts", "guarded", OWN, "nothing")
KEYS = ("a", "b")
POLICIES = (
    "",
    "OR('HaidianMSP.peer')",
    "AND('EconInfoMSP.peer', 'MktSupMSP.peer')",
    "OutOf(2, 'EconInfoMSP.peer', 'MktSupMSP.peer', 'HaidianMSP.peer')",
)


@dataclass(frozen=True)
class Step:
    """What a department's user submits, and which departments endorse it."""

    department: str
    function: str
    collection: str
    key: str
    arguments: tuple[str, ...]
    endorsers: tuple[str, ...]


def random_steps(random: Random) -> list[Step]:
    """Yield writes, deletions, purges and policies of a few keys; the own collection is endorsed by its own department:
    its peers wait a minute for what they cannot be given."""
    steps = []
    for number in range(COUNT):
        collection = random.choice(COLLECTIONS)
        function = random.choice(("note", "note", "amend", "remove", "purge", "entrust"))
        if not collection and function in ("amend", "purge"):
            function = "note"
        arguments = {
            "note": (f"{number}",),
            "amend": (f"+{number}",),
            "entrust": (random.choice(POLICIES),),
        }.get(function, ())
        endorsers = set(random.sample(DEPARTMENTS, random.randint(1, 3)))
        if collection == OWN:
            endorsers.add("EconInfo")
        steps.append(
            Step(
                random.choice(DEPARTMENTS),
                function,
                collection,
                random.choice(KEYS),
                arguments,
                tuple(sorted(endorsers)),
            )
        )
    return steps


class Departments:
    """A gateway for a user of each department of a network, at its own peer."""

    def __init__(self, running: Running, stack: ExitStack) -> None:
        self._running = running
        self._gateways: dict[str, Gateway] = {}
        for name in DEPARTMENTS:
            peer = endpoint(running.department(name).peers[0])
            self._gateways[name] = stack.enter_context(connect(running.user(name), peer))
        wrote = ("", "first", "x")
        self._first = self._submit("EconInfo", "note", wrote, ("EconInfo", "MktSup"))[1]

    def take(self, step: Step) -> list[object]:
        """Submit; what came of it, what is delivered of it to whom, and what each then reads."""
        arguments = (step.collection, step.key, *step.arguments)
        outcome: list[object] = []
        try:
            code, block = self._submit(step.department, step.function, arguments, step.endorsers)
            outcome += [code, [self._delivered(name, block) for name in DEPARTMENTS]]
        except GatewayError as error:
            outcome.append(self._refusal(error))
        for name in DEPARTMENTS:
            for function in ("read", "trusted", *(("fingerprint",) if step.collection else ())):
                outcome.append(self._ask(name, function, step.collection, step.key))
            if step.collection:
                outcome.append(self._ask(name, "range", step.collection, "", ""))
        return outcome

    def _submit(
        self, name: str, function: str, arguments: tuple[str, ...], endorsers: tuple[str, ...]
    ) -> tuple[str, int]:
        """Return the validation code and the block, once every peer has it."""
        contract = self._gateways[name].network("conformance").contract("cases")
        status = contract.submit_async(
            function,
            *arguments,
            endorsing_organizations=[self._running.msp_id(one) for one in endorsers],
        ).status()
        for gateway in self._gateways.values():
            network = gateway.network("conformance")
            with network.filtered_block_events(start_block=status.block_number) as blocks:
                next(blocks)
        return status.code.name, status.block_number

    def _ask(self, name: str, function: str, *arguments: str) -> object:
        contract = self._gateways[name].network("conformance").contract("cases")
        try:
            return contract.evaluate(function, *arguments)
        except GatewayError as error:
            return self._refusal(error)

    def _delivered(self, name: str, block: int) -> list[tuple[str, str, bytes]]:
        network = self._gateways[name].network("conformance")
        with network.block_and_private_data_events(start_block=block) as blocks:
            item = next(blocks)
        return [
            (writes.collection, write.key, write.value)
            for of_transaction in item.private_data.values()
            for writes in of_transaction
            for write in kv_rwset_pb2.KVRWSet.FromString(writes.raw).writes
        ]

    def _refusal(self, error: GatewayError) -> object:
        """Return code and text; which of several differing responses Fabric blames is random."""
        said = {(one.msp_id, self._stable(one.message)) for one in error.details}
        if any("do not match" in words for _, words in said):
            return error.code, error.message
        return error.code, self._stable(error.message), sorted(said)

    def _stable(self, words: str) -> str:
        """Remove transaction ids, and count blocks from 0."""
        words = re.sub("[0-9a-f]{64}", "ID", words)
        return re.sub(
            r"BlockNum: (\d+)", lambda found: f"block {int(found[1]) - self._first}", words
        )


def outcomes(folder: Path, runtime: RuntimeName, steps: list[Step]) -> list[list[object]]:
    """Return what came of each step on a runtime."""
    with started(folder, runtime) as running, ExitStack() as stack:
        departments = Departments(running, stack)
        return [departments.take(step) for step in steps]


def test_private_data_are_as_on_real_peers(tmp_path: Path) -> None:
    steps = random_steps(Random(SEED))
    ours = outcomes(tmp_path / "ours", RuntimeName.EMBEDDED, steps)
    real = outcomes(tmp_path / "real", RuntimeName.NATIVE, steps)
    for step, mine, theirs in zip(steps, ours, real, strict=True):
        assert mine == theirs, step
    codes = {str(outcome[0]) for outcome in real}
    assert {"VALID", "ENDORSEMENT_POLICY_FAILURE"} <= codes
