"""Record proofs that Fabric's own peers and orderer have made, in tests/vectors/9-proofs (needs FABRIC_BIN)."""

import json
import sys
import tempfile
from pathlib import Path

from pyfabric_network.runtimes.runtime import RuntimeName

sys.path.insert(0, str(Path(__file__).parent.parent))

from tests.support.paths import VECTORS
from tests.support.sharing.running import make, running

FOLDER = VECTORS / "9-proofs"


def main() -> None:
    """Start a network on Fabric's own programs, have a request answered, and write the proofs."""
    with (
        tempfile.TemporaryDirectory(prefix="proofs-") as folder,
        running(Path(folder), RuntimeName.NATIVE) as network,
    ):
        made = make(network)
    FOLDER.mkdir(exist_ok=True)
    (FOLDER / "proof.pfv1").write_bytes(made.proof)
    (FOLDER / "proof-with-inclusion.pfv1").write_bytes(made.included)
    for name, block in made.genesis.items():
        (FOLDER / f"{name}.genesis.block").write_bytes(block)
    case = {
        "made by": "tools/record_proofs.py: Fabric 3.1.5, three peers, one Raft orderer",
        "moment": made.moment,
        "versions": made.source.versions,
        "policy": "OutOf(2, 'LandMSP.peer', 'TaxMSP.peer', 'WaterMSP.peer')",
        "expected": "accepted at the moment, by records made of the genesis blocks",
    }
    (FOLDER / "case.json").write_text(json.dumps(case, indent=2) + "\n", encoding="utf-8")
    print(f"{len(made.proof)} bytes, {len(made.included)} with inclusion")


if __name__ == "__main__":
    main()
