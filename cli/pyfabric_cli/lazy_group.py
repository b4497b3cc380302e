"""A group of commands that knows their names and one-line helps, and loads the one that is used."""

from collections.abc import Mapping
from dataclasses import dataclass
from importlib import import_module
from typing import Any, ClassVar

import typer
from typer.core import TyperCommand, TyperGroup

from pyfabric_cli import examples, options


def plain_app(help: str | None = None) -> typer.Typer:
    """Return an app whose help is plain text: rich takes longer to load than all else that a help needs."""
    return typer.Typer(help=help, no_args_is_help=True, add_completion=False, rich_markup_mode=None)


@dataclass(frozen=True, slots=True)
class Part:
    """A command or a group: the module of `pyfabric_cli` whose `app` it is, and its one-line help."""

    module: str
    help: str


class LazyGroup(TyperGroup):
    """A group made of `parts`; its own help and its completion load none of them. `path` is its own name, if it
    is below another group."""

    parts: ClassVar[Mapping[str, Part]]
    path: ClassVar[str] = ""

    def __init__(self, **attributes: Any) -> None:
        super().__init__(**attributes)
        for name, part in self.parts.items():
            self.add_command(TyperCommand(name, help=part.help))

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """Load the command that the arguments name, then do as any group does."""
        if args[0] in self.parts:
            path = f"{self.path} {args[0]}".strip()
            self.add_command(_load(path, self.parts[args[0]]), args[0])
        return super().resolve_command(ctx, args)


def _load(name: str, part: Part) -> Any:
    app: typer.Typer = import_module(f"pyfabric_cli.{part.module}").app
    command = typer.main.get_command(app)
    command.help = command.help or part.help
    _complete(command, name)
    return command


def _complete(command: Any, path: str) -> None:
    """Give a command, and those below it, their examples, and --output to those that print no results.

    There, it decides how errors are printed.
    """
    command.epilog = examples.shown(path)
    inner = getattr(command, "commands", None)
    for name, one in (inner or {}).items():
        _complete(one, f"{path} {name}")
    if inner is None and all(one.name != "output" for one in command.params):
        command.params.append(_output_option())


def _output_option() -> Any:
    alone = typer.Typer()

    @alone.command()
    def _(output: options.ErrorOutput = None) -> None: ...

    option = typer.main.get_command(alone).params[0]
    option.expose_value = False
    return option
