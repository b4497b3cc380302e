"""Kill and stop processes of a network at random, under load, and check that nothing is lost or stuck.

    python tools/faults.py raft|bft [--seconds 600] [--seed N] [--folder PATH]

The network runs on Fabric's own programs (FABRIC_BIN or PATH). Prints each fault, and a summary in JSON; ends
with 1 if anything was lost or repeated, or anybody was stuck.
"""

import argparse
import json
import secrets
import sys
import tempfile
import time
from pathlib import Path
from random import Random

sys.path.insert(0, str(Path(__file__).parent.parent))

from tests.support.faults.judging import Verdict
from tests.support.faults.run import ORDERERS, Chance, faulty_network


def run(consensus: str, seconds: float, seed: int, folder: Path) -> tuple[Verdict, list[str]]:
    """Run a network with faults for so long; return the verdict, and the faults in order."""
    with faulty_network(folder, consensus) as faults:
        chance = Chance(Random(seed), faults)  # noqa: S311 - repeatable, not secret
        until = time.monotonic() + seconds
        while (left := until - time.monotonic()) > 0:
            chance.episode(longest=max(left, 5))
            last = faults.episodes[-1]
            print(f"{last.whole - last.began:6.1f} s: {last.what}", flush=True)
        return faults.finish(), [one.what for one in faults.episodes]


def main() -> int:
    """Run, print the summary, and return the exit status."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("consensus", choices=sorted(ORDERERS))
    parser.add_argument("--seconds", type=float, default=600)
    parser.add_argument("--seed", type=int, default=secrets.randbelow(10**6))
    parser.add_argument("--folder", type=Path, help="keeps records and logs; deleted otherwise")
    given = parser.parse_args()
    print(f"{given.consensus}, seed {given.seed}, {given.seconds:.0f} s", flush=True)
    with tempfile.TemporaryDirectory(prefix="faults-") as temporary:
        folder = given.folder or Path(temporary)
        folder.mkdir(parents=True, exist_ok=True)
        verdict, episodes = run(given.consensus, given.seconds, given.seed, folder)
    summary = {
        "consensus": given.consensus,
        "seed": given.seed,
        "seconds": given.seconds,
        "episodes": len(episodes),
        **verdict.summary(),
    }
    print(json.dumps(summary, indent=2))
    return 1 if verdict.faults else 0


if __name__ == "__main__":
    sys.exit(main())
