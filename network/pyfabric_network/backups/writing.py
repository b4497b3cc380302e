"""Writing a backup of a network that stands still."""

import shutil
from datetime import datetime
from pathlib import Path

from pyfabric.errors import ConfigError
from pyfabric_network.backups.archive import Facts, write_archive
from pyfabric_network.backups.contents import contents
from pyfabric_network.runtimes.runtime import Runtime, RuntimeName
from pyfabric_network.state_folder import OUTSIDE
from pyfabric_network.topology.plan import Plan


def write_backup(
    plan: Plan,
    runtime: Runtime,
    kind: RuntimeName,
    file: Path,
    *,
    passphrase: str | None,
    now: datetime,
) -> None:
    """Write all that this machine has of a network to a new file; none of its nodes runs.

    Raises ConfigError, and NetworkError for data that cannot be read outside the network's folder.
    """
    facts = Facts(
        network=plan.name,
        runtime=kind,
        departments=tuple(one.name for one in plan.own),
        made=now.isoformat(timespec="seconds"),
    )
    try:
        runtime.save_outside(plan)
        write_archive(file, facts, plan.root, contents(plan.root), passphrase=passphrase)
    finally:
        shutil.rmtree(plan.root / OUTSIDE, ignore_errors=True)


def check_target(file: Path, root: Path) -> None:
    """Raise ConfigError for a file that no backup of the network in `root` may be written to."""
    if file.exists():
        raise ConfigError(f"{file} exists already: name another file")
    if file.absolute().is_relative_to(root):
        raise ConfigError(
            f"{file} is in the network's folder, which a restore replaces: name another file"
        )
