"""Commands that bring a network to a changed topology: the steps are shown, asked for, and taken."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypeAlias

import typer

from pyfabric.errors import ConfigError
from pyfabric.local import files
from pyfabric_cli import options
from pyfabric_cli.invocation import Invocation, OnNetwork
from pyfabric_cli.output import confirm, progress, say, warn

if TYPE_CHECKING:
    from pyfabric_network.channels.carrying import Proposed

NEXT = "run `pyfabric channel apply` again, with --to for the next ones"
_COLUMNS = ("action", "subject", "detail")
_PROPOSED = ("channel", "file", "missing", "first_joins", "updates_after_it")

To: TypeAlias = Annotated[
    Path | None,
    typer.Option(
        "--to",
        help="Where departments have machines of their own: write what others must sign to this folder, an update for "
        "each channel.",
        file_okay=False,
    ),
]


@dataclass(frozen=True)
class Following(OnNetwork):
    """One run of a command that brings a network to a changed topology."""

    to: To = None
    dry_run: options.DryRun = False
    yes: options.Yes = False

    def follow(
        self,
        changes: Mapping[tuple[str, ...], Any] | None = None,
        *,
        file: Path | None = None,
        remove: bool = False,
    ) -> None:
        """Bring the network to a topology file, which gets these changes first, and print the steps.

        With `to`, what is left for others to sign is written to that folder, and printed instead of the steps.
        """
        network = self.opened
        steps = network.to_apply(file, changes)
        if not steps:
            say("nothing to do")
        if not self.dry_run:
            for step in steps:
                say(f"{step.action} {step.subject}{f': {step.detail}' if step.detail else ''}")
            if steps:
                confirm(f"Change {network.plan.name}?", yes=self.yes)
            with progress("apply") as report:
                warnings = network.apply(file, changes, remove=remove, report=report)
            warn(warnings)
            if self.to is not None:
                write_proposals(self, network.propose(file, remove=remove), self.to, then=NEXT)
                return
        self.printer.rows(_COLUMNS, steps)


def write_proposals(
    invocation: Invocation, proposals: "Iterable[Proposed]", folder: Path, *, then: str
) -> None:
    """Write the next update of each channel as a proposal, and print who must sign it and what comes before and after it.

    `then` is what is done once they are in force, or if there is nothing to sign.
    """
    rows = []
    for one in proposals:
        target = folder / f"{one.channel}.json"
        files.write_public(target, one.content, error=ConfigError)
        say(f"{one.channel}: {one.words}")
        rows.append(
            {
                "channel": one.channel,
                "file": str(target),
                "missing": list(one.missing),
                "first_joins": one.first,
                "updates_after_it": one.later,
            }
        )
    invocation.printer.rows(_PROPOSED, rows)
    sign = "sign them with `pyfabric channel update sign`, submit them, and"
    say(f"{sign if rows else 'nothing is left to sign:'} {then}")
