"""Commands that each make an edit of a channel's configuration, and what all of them have in common."""

import inspect
import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypeAlias

import typer

from pyfabric.errors import ConfigError
from pyfabric_cli import options
from pyfabric_cli.invocation import Invocation
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


def edit_command(app: typer.Typer, name: str) -> Callable[[Callable[..., Made]], None]:
    """Make a command of a function that returns edits: it gets the options that all such commands have."""

    def register(make: Callable[..., Made]) -> None:
        def run(**given: Any) -> None:
            shared = {key: given.pop(key) for key in _SHARED}
            made = make(**given)
            _finish([made] if not isinstance(made, Sequence) else made, **shared)

        own = inspect.signature(make).parameters.values()
        run.__doc__ = make.__doc__
        run.__signature__ = inspect.Signature([*own, *_SHARED.values()])  # type: ignore[attr-defined]
        run.__annotations__ = {
            one.name: one.annotation
            for one in run.__signature__.parameters.values()  # type: ignore[attr-defined]
        }
        app.command(name)(run)

    return register


def _finish(
    edits: "Sequence[Edit]",
    context: options.ContextName = None,
    user: options.User = None,
    channel: options.Channel = None,
    to: To = None,
    collect: Collect = None,
    yes: Yes = False,
    state: options.State = None,
    output: options.Output = None,
) -> None:
    if collect is not None:
        _add_to_file(collect, edits)
        return
    from pyfabric_cli.channel_updates import carry_out

    invocation = Invocation.start(state, output)
    carry_out(invocation, invocation.actor(context, user, channel), edits, to=to, yes=yes)


_SHARED = {
    one.name: one.replace(kind=inspect.Parameter.KEYWORD_ONLY)
    for one in list(inspect.signature(_finish).parameters.values())[1:]
}


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
