"""Proofs from running networks: their own peers endorse an answer, and their orderer orders it."""

from pathlib import Path

import pytest
from pyfabric_network.runtimes.runtime import RuntimeName

from pyfabric.sharing.consumer import RequestState, Snapshot
from pyfabric.sharing.proof_file import ProofFile
from pyfabric.sharing.recorded import RecordedPolicy
from pyfabric.sharing.verifier import verify
from tests.support.network.programs import RUNTIMES, skip_without_runtime
from tests.support.sharing.running import DEPARTMENTS, make, running


@pytest.fixture(params=RUNTIMES)
def runtime(request: pytest.FixtureRequest) -> RuntimeName:
    skip_without_runtime(request)
    found: RuntimeName = request.param
    return found


def test_what_a_running_network_answers_is_accepted(runtime: RuntimeName, tmp_path: Path) -> None:
    with running(tmp_path, runtime) as network:
        made = make(network)
    for raw in (made.proof, made.included):
        signed = ProofFile.from_bytes(raw).request
        known = Snapshot(
            net=made.consumer.net,
            channel=made.consumer.channel,
            records=(made.source, made.consumer),
            policies=(
                RecordedPolicy(
                    signed.read()[0].source,
                    "AND('LandMSP.peer', 'TaxMSP.peer', 'WaterMSP.peer')",
                    inclusion=raw is made.included,
                ),
            ),
            requests={signed.digest: RequestState.OPEN},
            imports={},
        )
        found = verify(raw, known, moment=made.moment, private=False)
        assert (found.departments, found.unchecked) == (DEPARTMENTS, ())
