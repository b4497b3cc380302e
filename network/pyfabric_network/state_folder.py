"""What a state folder holds, by the names of its files alone."""

from pathlib import Path
from typing import Final

ADMIN: Final = "Admin"
"""The name of each organisation's administrator."""
TICKER: Final = "ticker"
"""The name of the user as which a department's contract host ticks the clocks of its channels."""
NETWORK_FILE: Final = "network.json"
TOPOLOGY_COPY: Final = "topology.yaml"
PROGRAMS_FILE: Final = "programs.json"
"""Of the native runtime: which of Fabric's programs its nodes run (see `runtimes.node_programs`)."""
MODULES: Final = "contracts"
"""The folder that contract hosts work in: copies of contracts' modules, in a folder for each digest (`kept_code`)."""
RESTORING: Final = ".restoring"
"""A file that is in the network's folder until what a backup has outside that folder is restored too."""
REPLACING: Final = ".restoring-"
"""How the names of folders begin in which restores make networks (see `replacing`)."""
OUTSIDE: Final = "volumes"
"""The folder of a backup with what nodes have stored outside the network's folder."""

RESTORE: Final = (
    "restore it from a backup (docs/departments.md); do not delete the folder: it holds keys that cannot be "
    "made again"
)
"""The advice on a file that is lost or damaged."""


def networks(state_folder: Path) -> list[str]:
    """Return the names of the networks that `state_folder` holds, sorted; one that a restore replaces is there."""
    found = [*state_folder.glob(f"*/{NETWORK_FILE}"), *replaced_networks(state_folder)]
    return sorted({path.parent.name for path in found})


def replaced_networks(state_folder: Path) -> list[Path]:
    """Return the files of networks that restores have moved away for a moment, each in a folder of its name."""
    return sorted(state_folder.glob(f"{REPLACING}*/[!.]*/{NETWORK_FILE}"))


def contracts_of(root: Path) -> list[str]:
    """Return the names of the contracts of the network below `root`, as its topology lists them."""
    from pyfabric.local.yaml_text import load_yaml

    file = root / TOPOLOGY_COPY
    document = load_yaml(file.read_text(encoding="utf-8")) if file.exists() else {}
    return list(document.get("contracts") or ())
