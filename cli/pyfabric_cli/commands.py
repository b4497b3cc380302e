"""Commands whose shared options are declared once: as the fields of what a command works with."""

import inspect
from collections.abc import Callable, Iterable, Iterator
from dataclasses import fields
from typing import Any, TypeVar

import typer

from pyfabric.errors import FabricError
from pyfabric_cli.invocation import Invocation

Kind = TypeVar("Kind", bound=Invocation)


def command(
    app: typer.Typer, name: str | None = None, *, without: str = ""
) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Make a command of a function whose first parameter is an `Invocation`, or a kind of it.

    The command has the options of the other parameters, and then those of that class, except the ones that `without` names (without="channel output").
    """

    def register(function: Callable[..., None]) -> Callable[..., None]:
        first, *own = inspect.signature(function).parameters.values()
        add_command(
            app,
            name or function.__name__.replace("_", "-"),
            first.annotation,
            function,
            own,
            help=inspect.getdoc(function),
            without=without,
        )
        return function

    return register


def add_command(
    app: typer.Typer,
    name: str,
    kind: type[Kind],
    function: Callable[..., None],
    own: Iterable[inspect.Parameter],
    *,
    help: str | None,
    without: str = "",
) -> None:
    """Add a command that calls a function with an invocation of a kind and with the command's `own` options."""
    shared = {one.name: one for one in _options(kind) if one.name not in without.split()}
    every = [*own, *shared.values()]

    def run(**given: Any) -> None:
        invocation = kind(**{option: given.pop(option) for option in shared})
        try:
            function(invocation, **given)
        except FabricError as error:
            if error.refusal is not None:
                error.language = invocation.language
            raise

    run.__signature__ = inspect.Signature(every)  # type: ignore[attr-defined]
    run.__annotations__ = {one.name: one.annotation for one in every}
    app.command(name, help=help)(run)


def _options(kind: type[Invocation]) -> Iterator[inspect.Parameter]:
    """Yield the fields of a class as parameters of a command: its own, then those of the classes that it extends."""
    known = {one.name: one for one in fields(kind) if one.init}
    for owner in kind.__mro__:
        for name in inspect.get_annotations(owner):
            if (one := known.pop(name, None)) is not None:
                yield inspect.Parameter(
                    name, inspect.Parameter.KEYWORD_ONLY, default=one.default, annotation=one.type
                )
