"""Record what real Fabric answers to requests that are none: tests/system/garbage.json.gz (FABRIC_BIN)."""

import gzip
import json
import sys
import tempfile
from dataclasses import astuple
from pathlib import Path

from pyfabric_network.runtimes.runtime import RuntimeName

sys.path.insert(0, str(Path(__file__).parent.parent))

from tests.support.messages.garbage import ask_everything
from tests.support.network.running import started

FILE = Path(__file__).parent.parent / "tests" / "system" / "garbage.json.gz"


def main() -> None:
    """Bring the conformance network up on Fabric's own programs, and ask."""
    with (
        tempfile.TemporaryDirectory(prefix="garbage-") as folder,
        started(Path(folder), RuntimeName.NATIVE) as running,
    ):
        answers = {
            question: astuple(answer) for question, answer in ask_everything(running).items()
        }
    text = json.dumps(answers, ensure_ascii=False, indent=0).encode()
    FILE.write_bytes(gzip.compress(text, mtime=0))
    print(f"{len(answers)} answers")


if __name__ == "__main__":
    main()
