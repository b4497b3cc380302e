"""Try corrupted messages on every decoder and the validator, and random histories, until Ctrl-C.

Each kind of fault is printed once, with what repeats it: `python tools/fuzz.py "name of a decoder" SEED`.
"""

import resource
import secrets
import sys
import time
import traceback
from collections.abc import Callable, Mapping
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))

from tests.support.ledger.limits import at_most
from tests.support.messages.fuzz_decoders import targets
from tests.support.messages.fuzz_packages import try_package
from tests.support.rules import fuzz_updates, fuzz_validation
from tests.support.rules.random_history import try_history

MEMORY = 4 * 2**30
SECONDS = 60
ROUND = 200
HISTORY = "history"
PACKAGES = "packages"
SLOW = {HISTORY: 1, PACKAGES: 20}


def attempts() -> Mapping[str, Callable[[int], None]]:
    """Return the functions to try with a seed, by name."""
    decoders = {name: target.try_mutant for name, target in targets().items()}
    return {
        **decoders,
        "validator": fuzz_validation.try_block,
        "updates": fuzz_updates.try_update,
        HISTORY: _history,
        PACKAGES: try_package,
    }


def _history(seed: int) -> None:
    try_history(seed)


def main(arguments: list[str]) -> None:
    """Try all decoders in turn, or one of them with one seed."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    found = attempts()
    if arguments:
        name, seed = arguments
        found[name](int(seed))
        return
    known: set[str] = set()
    tried, begun = 0, time.monotonic()
    while True:
        for name, attempt in found.items():
            for _ in range(SLOW.get(name, ROUND)):
                _try(name, attempt, secrets.randbits(64), known)
            tried += SLOW.get(name, ROUND)
        pace = tried / (time.monotonic() - begun)
        print(f"{tried} messages, {pace:.0f} a second, {len(known)} kinds of faults", flush=True)


def _try(name: str, attempt: Callable[[int], None], seed: int, known: set[str]) -> None:
    try:
        with at_most(SECONDS):
            attempt(seed)
    except Exception as error:  # noqa: BLE001 - every kind of failure is a finding
        place = traceback.extract_tb(error.__traceback__)[-1]
        kind = f"{type(error).__name__} in {place.filename}:{place.lineno}"
        if kind not in known:
            known.add(kind)
            print(f'{kind}: tools/fuzz.py "{name}" {seed}', flush=True)
            traceback.print_exception(error)


if __name__ == "__main__":
    try:
        main(sys.argv[1:])
    except KeyboardInterrupt:
        sys.exit(130)
