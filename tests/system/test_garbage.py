"""Invalid requests to each service of a running ledger: the responses are Fabric's, and it keeps running.

garbage.json.gz holds the answers of a network of Fabric 3.1.5 (tools/record_garbage.py).
"""

import gzip
import json
from collections import Counter
from pathlib import Path

from pyfabric_network.profile import load_profile, profile_file

from pyfabric.gateway import connect
from tests.support.messages.garbage import Answer, ask_everything, ask_mutants
from tests.support.network.running import Running

KNOWN_DIFFERENCES = {
    "cscc JoinChainBySnapshot": 16,  # the development ledger has no snapshots of a channel
    "QueryApproved": 2,  # of a channel without a name: ours says that there is none
}


def recorded() -> dict[str, Answer]:
    """Return what real Fabric answered."""
    raw = gzip.decompress(Path(__file__).with_name("garbage.json.gz").read_bytes())
    return {
        question: Answer(code, text, tuple(details))
        for question, (code, text, details) in json.loads(raw).items()
    }


def test_requests_that_are_none_are_answered_as_by_fabric(running: Running) -> None:
    expected, found = recorded(), ask_everything(running)
    assert len(expected) == 1473
    assert found.keys() == expected.keys()
    different = {name for name, answer in found.items() if answer != expected[name]}
    counted = Counter(
        next((kind for kind in KNOWN_DIFFERENCES if kind in name), name) for name in different
    )
    assert dict(counted) == KNOWN_DIFFERENCES


def test_the_ledger_lives_on_after_broken_requests(running: Running) -> None:
    codes: Counter[str] = Counter()
    for question, answer in ask_mutants(running, range(40)):
        assert "Unexpected <class" not in answer.text, (question, answer)
        codes[answer.code] += 1
    assert codes.total() == 600
    department = running.department("EconInfo")
    profile = load_profile(profile_file(running.network.plan, department))
    with connect(profile.user("User1"), profile.peers) as gateway:
        contract = gateway.network("conformance").contract("conformance")
        contract.submit("put", "after", "garbage")
