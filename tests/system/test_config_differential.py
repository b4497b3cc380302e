"""Random sequences of configuration updates to real orderers and to ours: the same responses.

PYFABRIC_DIFFERENTIAL_UPDATES is the number of updates (100), PYFABRIC_DIFFERENTIAL_SEED selects them.
"""

import json
import os
import re
import shutil
import subprocess
from contextlib import AsyncExitStack
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from random import Random

import pytest
from fabric_protos.common import configtx_pb2
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pyfabric.admin import compute_update
from pyfabric.admin.channels import (
    apply_update,
    describe_config,
    differences,
    edit_config,
    read_config,
)
from pyfabric.admin.config.proposal_files import read_proposal
from pyfabric.errors import ConfigError
from pyfabric.messages import decode_message
from pyfabric.messages.config_blocks import config_from_block
from tests.support.ledger.ordering import CHANNEL, Council, OrderingService, Organization
from tests.support.ledger.real_orderers import RealOrderers
from tests.support.network.programs import fabric_programs, needs_fabric
from tests.support.ports import free_port
from tests.support.rules.config_changes import Changes
from tests.support.rules.random_edits import RandomEdits

pytestmark = [pytest.mark.fabric, needs_fabric]
COUNT = int(os.environ.get("PYFABRIC_DIFFERENTIAL_UPDATES", "100"))
SEED = int(os.environ.get("PYFABRIC_DIFFERENTIAL_SEED", "1"))

_UNSTABLE = (
    (r"current time \S+", "current time T"),
    (r"(Disallowed channel group|should be a signature policy): .*", r"\1: …"),
)
"""What differs from one moment, or from one run of Fabric, to the next."""
_ANY_OF_SEVERAL = r"(validating ReadSet|validating DeltaSet): .*"
"""Of several elements with a fault Fabric names any: a read or write set is a map."""


def shown(info: str) -> str:
    """Return an answer without what does not count."""
    for pattern, stable in _UNSTABLE:
        info = re.sub(pattern, stable, info)
    return info


@pytest.mark.parametrize(("orderers", "bft"), [(1, False), (3, False), (4, True)])
@pytest.mark.asyncio
async def test_updates_are_answered_and_applied_as_by_real_orderers(
    tmp_path: Path, orderers: int, bft: bool
) -> None:
    ports = {number + 1: free_port() for number in range(orderers)}
    council = Council(
        orderers,
        bft=bft,
        departments=("Land", "Water", "Roads"),
        ports=lambda number: ports.get(number, 7000 + number),
    )
    genesis = council.genesis()
    random = Random(SEED)
    changes = Changes(council, random)
    service = OrderingService(tmp_path / "ours", council, lambda: datetime.now(UTC))
    for orderer in service.orderers:
        orderer.join(genesis)
    accepted = exact = 0
    async with AsyncExitStack() as stack:
        stack.push_async_callback(service.close)
        real = stack.enter_context(RealOrderers(tmp_path / "real", council))
        real.join(genesis)
        leader = 0 if bft else real.leader()
        for number in range(COUNT):
            present = configtx_pb2.Config()
            present.CopyFrom(service.ledger.config.raw)
            attempt = changes.attempt(present)
            members = changes.consenters(service.ledger.config)
            leads = bft or random.random() < 0.7 or len(members) == 1
            here, there = members[0], leader
            if not leads:
                here, there = members[1], next(one for one in members if one != there)
            theirs = real.broadcast(there, attempt.envelope)
            height = service.ledger.height
            ours = await service.orderers[here].broadcast(attempt.envelope)
            place = f"{number}, {attempt.name}, {'leader' if leads else 'follower'}"
            assert ours[0] == theirs[0], (place, ours, theirs)
            same = shown(ours[1]) == shown(theirs[1])
            exact += same
            if not same:
                loose = [re.sub(_ANY_OF_SEVERAL, r"\1", text) for _, text in (ours, theirs)]
                assert loose[0] == loose[1], (place, ours, theirs)
            if ours[0] == 200:
                await service.ledger.wait_for_block(height)
                accepted += 1
                sequence = service.ledger.config.sequence
                for index in changes.consenters(service.ledger.config):
                    assert real.config(index, sequence) == service.ledger.config.raw, place
                    relation = real.get(index)["consensusRelation"]
                    assert relation == "consenter", place
                    assert service.orderers[index].is_consenter(CHANNEL), place
                leader = 0 if bft else real.leader()
    assert accepted > COUNT // 20
    assert exact > COUNT * 9 // 10


def test_updates_are_computed_as_by_configtxlator(tmp_path: Path) -> None:
    program = shutil.which("configtxlator", path=fabric_programs())
    assert program is not None
    council = Council(1, bft=False, departments=("Land", "Water", "Roads"))
    _, present = config_from_block(council.genesis())
    changes = Changes(council, Random(SEED))
    (tmp_path / "present").write_bytes(present.SerializeToString())
    for _ in range(COUNT):
        wanted, update = changes.update(present)
        (tmp_path / "wanted").write_bytes(wanted.SerializeToString())
        arguments = [f"--channel_id={CHANNEL}", "--original=present", "--updated=wanted"]
        subprocess.run(
            [program, "compute_update", *arguments, "--output=update"], cwd=tmp_path, check=True
        )
        theirs = configtx_pb2.ConfigUpdate.FromString((tmp_path / "update").read_bytes())
        assert configtx_pb2.ConfigUpdate.FromString(update) == theirs


class Translator:
    """Fabric's configtxlator, with files in a folder."""

    def __init__(self, folder: Path) -> None:
        program = shutil.which("configtxlator", path=fabric_programs())
        assert program is not None
        self._program, self._folder = program, folder

    def run(self, command: str, *options: str, **files: bytes) -> bytes:
        """Run a command with each file as the option of its name, and return its output."""
        for name, content in files.items():
            (self._folder / name).write_bytes(content)
        given = [f"--{name}={self._folder / name}" for name in files]
        output = self._folder / "output"
        done = subprocess.run(
            [self._program, command, *options, *given, f"--output={output}"],
            capture_output=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return output.read_bytes()


@pytest.mark.parametrize("bft", [False, True], ids=["raft", "bft"])
@given(data=st.data())
@settings(
    max_examples=min(COUNT, 60),
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
def test_updates_of_edits_are_those_of_configtxlator_both_ways(
    tmp_path: Path, bft: bool, data: st.DataObject
) -> None:
    present, edits = _council_edits(bft)
    try:
        wanted = edit_config(present, data.draw(st.lists(edits.edits, min_size=1, max_size=3)))
        ours = compute_update(CHANNEL, present, wanted)
    except ConfigError:
        return  # Refused, or no change.
    translator = Translator(tmp_path)
    theirs = translator.run(
        "compute_update", f"--channel_id={CHANNEL}", original=present, updated=wanted
    )
    assert configtx_pb2.ConfigUpdate.FromString(ours) == configtx_pb2.ConfigUpdate.FromString(
        theirs
    )
    shown = translator.run("proto_decode", "--type=common.ConfigUpdate", input=ours)
    assert json.loads(shown) == decode_message("common.ConfigUpdate", ours)
    made = apply_update(CHANNEL, present, read_proposal(theirs).update)
    assert differences(present, made) == differences(present, wanted)
    as_json = json.dumps(decode_message("common.Config", made)).encode()
    encoded = translator.run("proto_encode", "--type=common.Config", input=as_json)
    assert configtx_pb2.Config.FromString(encoded) == configtx_pb2.Config.FromString(made)
    decoded = translator.run("proto_decode", "--type=common.Config", input=made)
    _, again = read_config(decoded)
    assert configtx_pb2.Config.FromString(again) == configtx_pb2.Config.FromString(made)


@cache
def _council_edits(bft: bool) -> tuple[bytes, RandomEdits]:
    council = Council(4, bft=bft, departments=("Land", "Water", "Roads"))
    _, present = read_config(council.genesis().SerializeToString())
    return present, RandomEdits(describe_config(CHANNEL, present), Organization("Stranger"))
