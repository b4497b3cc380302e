"""The proofs of tests/vectors/9-proofs, which Fabric's own peers and orderer have made, and what their consumer knows."""

import json
from functools import cache

from pyfabric.sharing.consumer import Snapshot
from pyfabric.sharing.proof_file import ProofFile
from pyfabric.sharing.recorded import RecordedPolicy
from pyfabric.sharing.refusals import ProofError
from pyfabric.sharing.requests import Answer
from pyfabric.sharing.trust import TrustRecord, first_record
from pyfabric.sharing.verifier import verify
from tests.support.paths import VECTORS

FOLDER = VECTORS / "9-proofs"
CASE = json.loads((FOLDER / "case.json").read_text(encoding="utf-8"))
MOMENT: int = CASE["moment"]
FILES = ("proof.pfv1", "proof-with-inclusion.pfv1")


def record(channel: str) -> TrustRecord:
    """Return the record of the source (credit) or the consumer (sales), by its genesis block."""
    genesis = (FOLDER / f"{channel}.genesis.block").read_bytes()
    return first_record(genesis, genesis, versions=tuple(CASE["versions"]), moment=MOMENT)


@cache
def snapshot() -> Snapshot:
    """Return what the consumer knows, without its state."""
    source, consumer = record("credit"), record("sales")
    file = ProofFile.from_bytes((FOLDER / FILES[0]).read_bytes())
    request, _ = file.request.read()
    return Snapshot(
        net=consumer.net,
        channel=consumer.channel,
        records=(source, consumer),
        policies=(RecordedPolicy(request.source, CASE["policy"]),),
    )


@cache
def answer() -> Answer:
    """Return what both proofs attest."""
    raw = (FOLDER / FILES[0]).read_bytes()
    return verify(raw, snapshot(), moment=MOMENT, private=False).answer


def try_to_verify(raw: bytes) -> None:
    """Verify a file that may be anything: it is refused with a code, or attests what the recorded ones do.

    A third endorsement may be missing where two are enough.
    """
    try:
        found = verify(raw, snapshot(), moment=MOMENT, private=False)
    except ProofError:
        return
    assert found.answer == answer(), "a changed proof is accepted"
