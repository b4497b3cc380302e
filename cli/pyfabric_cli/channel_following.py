"""Commands that bring a network to a changed topology: the steps are shown, asked for, and taken."""

from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pyfabric_cli.invocation import Invocation
from pyfabric_cli.output import confirm, progress, say, warn

if TYPE_CHECKING:
    from pyfabric_network.network import Network

_COLUMNS = ("action", "subject", "detail")


def follow(
    invocation: Invocation,
    network: "Network",
    *,
    file: Path | None = None,
    changes: Mapping[tuple[str, ...], Any] | None = None,
    remove: bool = False,
    dry_run: bool = False,
    yes: bool = False,
) -> None:
    """Bring a network to a topology file, which gets these changes first, and print the steps."""
    steps = network.to_apply(file, changes)
    if not steps:
        say("nothing to do")
    if not dry_run:
        for step in steps:
            say(f"{step.action} {step.subject}{f': {step.detail}' if step.detail else ''}")
        if steps and not yes:
            confirm(f"Change {network.plan.name}?")
        with progress("apply") as report:
            warnings = network.apply(file, changes, remove=remove, report=report)
        warn(warnings)
    invocation.printer.rows(_COLUMNS, [asdict(step) for step in steps])
