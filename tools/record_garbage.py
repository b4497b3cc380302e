"""Record Fabric's responses to invalid requests in tests/system/garbage.json.gz (needs FABRIC_BIN)."""

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
    """Start the conformance network on Fabric's own programs, send the requests, and write the responses."""
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
