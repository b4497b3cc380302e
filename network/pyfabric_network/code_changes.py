"""Code that was edited beside the topology file and does not run, read from files alone: a call is quick."""

import json
from pathlib import Path

from pyfabric.errors import ConfigError
from pyfabric_network.modules import files_of
from pyfabric_network.state_folder import MODULES, NETWORK_FILE


def edited_beside(profile: Path, contract: str) -> Path | None:
    """Return the topology file beside which a contract has other code than its hosts serve.

    `profile` is the profile in the network's folder. None if there is no other code, or nothing to compare.
    """
    root = profile.absolute().parent.parent
    try:
        state = json.loads((root / NETWORK_FILE).read_bytes())
        topology = root / state["topology"]
        served = [one for one in state["served"] if one["contract"] == contract]
        if not (served and topology.exists()) or topology.parent.resolve() == root.resolve():
            return None
        same = any(_serves(root, one["code"], topology.parent, one["classes"]) for one in served)
    except (OSError, ValueError, KeyError, TypeError, ConfigError):
        return None  # a command that needs them reports the fault
    return None if same else topology.resolve()


def _serves(root: Path, digest: str, modules: Path, classes: list[str]) -> bool:
    """Return whether the code that is kept with this digest is what the modules have for these classes."""
    kept = root / MODULES / digest
    found = {
        path.relative_to(kept).as_posix(): path.read_bytes()
        for path in (kept.rglob("*") if digest else ())
        if path.is_file()
    }
    return files_of(modules, classes) == found
