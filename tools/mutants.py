"""Switch off each guard, role, invariant and claim of a contract in turn, and see that a generated test fails.

    python tools/mutants.py                     the stories that the tests know
    python tools/mutants.py MODULE:STORY …      those of a contract

Exits with 1 and names those that no test noticed.
"""

import argparse
import importlib
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
STORIES = tuple(
    f"tests.support.municipal.{name}_story:STORY"
    for name in (
        "example",
        "directory",
        "security",
        "sharing",
        "credit",
        "clearance",
        "bills",
        "estate",
        "funding",
        "services",
        "identity",
    )
)


def main() -> int:
    """Run the mutants of the stories that the command line names."""
    sys.path.insert(0, str(ROOT))
    from pyfabric_municipal.common.testing.mutants import mutants, survivors

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("stories", nargs="*", default=STORIES, metavar="MODULE:STORY")
    alive = []
    for place in parser.parse_args().stories:
        module, _, name = place.partition(":")
        story = getattr(importlib.import_module(module), name)
        left = survivors(story)
        print(f"{place}: {len(list(mutants(story)))} mutants, {len(left)} survived")
        alive += left
    for each in alive:
        print(f"  {each}")
    return 1 if alive else 0


if __name__ == "__main__":
    raise SystemExit(main())
