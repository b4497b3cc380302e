"""Commands that each make an edit of a channel's configuration, and what all of them have in common."""

import inspect
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypeAlias

import typer

from pyfabric.errors import ConfigError
from pyfabric_cli.acting import Acting
from pyfabric_cli.commands import add_command
from pyfabric_cli.output import say

if TYPE_CHECKING:
    from pyfabric.admin.channels import Edit

Made: TypeAlias = "Edit | Sequence[Edit]"

Collect: TypeAlias = Annotated[
    Path | None,
    typer.Option(
        "--collect",
        metavar="FILE",
        help="Do not change the channel: add the edit to this file, for `channel config apply`.",
    ),
]
To: TypeAlias = Annotated[
    Path | None,
    typer.Option(
        "--to", metavar="FILE", help="Write a proposal for others to sign, instead of submitting."
    ),
]
Yes: TypeAlias = Annotated[
    bool, typer.Option("--yes", "-y", help="Do not ask before signing and submitting.")
]


@dataclass(frozen=True)
class Editing(Acting):
    """One run of a command that edits a channel's configuration."""

    to: To = None
    collect: Collect = None
    yes: Yes = False

    def carry_out(self, edits: "Sequence[Edit]") -> None:
        """Make edits on the channel, write a proposal of them, or add them to a file."""
        if self.collect is not None:
            _add_to_file(self.collect, edits)
            return
        from pyfabric_cli.channel_updates import carry_out

        carry_out(self, edits, to=self.to, yes=self.yes)


def edit_command(app: typer.Typer, name: str) -> Callable[[Callable[..., Made]], None]:
    """Make a command of a function that returns edits: it gets the options that all such commands have."""

    def register(make: Callable[..., Made]) -> None:
        def run(invocation: Editing, **given: Any) -> None:
            made = make(**given)
            invocation.carry_out(made if isinstance(made, Sequence) else [made])

        own = inspect.signature(make).parameters.values()
        add_command(app, name, Editing, run, own, help=inspect.getdoc(make))

    return register


def _add_to_file(file: Path, edits: "Sequence[Edit]") -> None:
    from pyfabric.local import files

    present = [one.document() for one in read_edits(file)] if file.exists() else []
    documents = [*present, *(edit.document() for edit in edits)]
    files.write_public(file, json.dumps(documents, indent=2).encode() + b"\n", error=ConfigError)
    say(f"{file} holds {len(documents)} edits: pyfabric channel config apply {file}")


def read_edits(file: Path) -> "list[Edit]":
    """Return the edits in a file that `--collect` wrote; ConfigError names the file."""
    from pyfabric.admin.channels import read_edit

    try:
        documents = json.loads(file.read_bytes())
        if not isinstance(documents, list):
            raise ConfigError("not a JSON list of edits")
        return [read_edit(one) for one in documents]
    except (ConfigError, ValueError) as error:
        raise ConfigError(f"{file}: {error}") from error
