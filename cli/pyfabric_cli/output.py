"""Results as tables or JSON on standard output, and remarks on standard error."""

import json
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import asdict, is_dataclass
from threading import Timer
from typing import TYPE_CHECKING, Any, Final, TypeAlias

import typer

from pyfabric.local.printable import printable
from pyfabric_cli.settings import OutputFormat
from pyfabric_cli.table import join, table

if TYPE_CHECKING:  # JSON, plain text and remarks need no rich
    from _typeshed import DataclassInstance
    from pyfabric_network.progress import Report

Row: TypeAlias = "Mapping[str, Any] | DataclassInstance"

_PAUSE: Final = 5.0
"""Seconds between two lines about the progress of the same work."""
_SPACES = dict.fromkeys(map(ord, "\t\n\r"), " ")


class Printer:
    """Prints results in one format."""

    def __init__(self, output: OutputFormat) -> None:
        self._output = output

    def rows(self, columns: Sequence[str], rows: Iterable[Row]) -> None:
        """Print a table of these columns, or a JSON list with all members of each row."""
        plain = _plain(rows)
        if self._output is OutputFormat.JSON:
            _print_json(plain, indent=2)
        else:
            _print_rows(columns, plain, {})

    def facts(self, facts: Mapping[str, Any]) -> None:
        """Print one thing: its members line by line, or a JSON object."""
        if self._output is OutputFormat.JSON:
            _print_json(facts, indent=2)
        else:
            _print_facts(facts, {})

    def record(
        self,
        facts: Mapping[str, Any],
        titles: Mapping[str, str] | None = None,
        /,
        **parts: tuple[Sequence[str], Iterable[Row]],
    ) -> None:
        """Print one thing and then its parts, or one JSON object with both.

        A part is the columns and the rows of a table, or a JSON list with all members of each row. `titles` are
        the headings in another language of members, parts and columns.
        """
        named = titles or {}
        plain = {name: _plain(rows) for name, (_, rows) in parts.items()}
        if self._output is OutputFormat.JSON:
            _print_json({**facts, **plain}, indent=2)
            return
        _print_facts(facts, named)
        for name, (columns, _) in parts.items():
            if plain[name]:
                typer.echo(f"\n{typer.style(_title(name, named), bold=True)}")
                _print_rows(columns, plain[name], named)

    def value(self, value: Any) -> None:
        """Print a result of any type: text as it is, everything else as JSON."""
        if isinstance(value, str) and self._output is OutputFormat.TABLE:
            say_result(value)
        else:
            _print_json(value, indent=2)

    def event(self, facts: Mapping[str, Any], line: str) -> None:
        """Print one item of a stream without delay: `line`, or a line of JSON."""
        if self._output is OutputFormat.JSON:
            _print_json(facts)
        else:
            say_result(line)
        sys.stdout.flush()

    def document(self, value: Any, text: str | None = None) -> None:
        """Print a JSON document, or its text; without a text, JSON in either format."""
        if text is not None and self._output is OutputFormat.TABLE:
            say_result(text)
        else:
            _print_json(value, indent=2)


def say(message: str) -> None:
    """Print a remark on standard error."""
    typer.echo(printable(message), err=True)


def warn(warnings: Iterable[str]) -> None:
    """Print each warning as a remark of its own."""
    for warning in warnings:
        say(f"warning: {warning}")


def say_result(text: str) -> None:
    """Print text on standard output, without what would control the terminal."""
    typer.echo(printable(text))


def confirm(question: str, *, yes: bool) -> None:
    """Ask on standard error, so that results alone are on standard output; raise Abort unless it is confirmed.

    With `yes` nothing is asked.
    """
    if yes:
        return
    typer.echo(f"{printable(question)} [y/N]: ", nl=False, err=True)
    answer = sys.stdin.readline()
    if not sys.stdin.isatty():  # a terminal shows the newline of the answer
        typer.echo(err=True)
    if answer.strip().lower() not in ("y", "yes"):
        raise typer.Abort


@contextmanager
def progress(title: str) -> Iterator["Report"]:
    """Show each step as it begins, on standard error: a bar in a terminal, otherwise a line."""
    if not sys.stderr.isatty():
        yield lambda step, done, total: say(f"{title}: {step} ({done + 1}/{total})")
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

    with Progress(
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        TimeElapsedColumn(),
        console=Console(stderr=True),
        transient=True,
    ) as bar:
        task = bar.add_task(title, total=None)

        def report(step: str, done: int, total: int) -> None:
            bar.update(task, description=printable(step), completed=done, total=total)

        yield report


@contextmanager
def counted(what: str, total: int) -> Iterator[Callable[[object], None]]:
    """Give a function to call after each of `total` things, and show on standard error how many are done.

    A bar in a terminal, otherwise a line every few seconds.
    """
    done, shown = 0, time.monotonic()
    with progress(what) if sys.stderr.isatty() else nullcontext() as bar:

        def count(_: object) -> None:
            nonlocal done, shown
            done += 1
            if bar is not None:
                bar(what, done, total)
            elif time.monotonic() - shown >= _PAUSE:
                shown = time.monotonic()
                say(f"{what}: {done} of {total}")

        yield count


@contextmanager
def waiting(what: str) -> Iterator[None]:
    """Print on standard error what the command waits for, if that takes longer than a second."""
    if sys.stderr.isatty():
        from rich.console import Console

        with Console(stderr=True).status(what):
            yield
        return
    remark = Timer(1.0, say, [f"{what} …"])
    remark.start()
    try:
        yield
    finally:
        remark.cancel()
        remark.join()


def readable(value: bytes) -> str:
    """Return bytes as text, or as 0x and hexadecimal digits if they are not text."""
    try:
        text = value.decode()
    except UnicodeDecodeError:
        return f"0x{value.hex()}"
    return text if text.translate(_SPACES).isprintable() else f"0x{value.hex()}"


def _plain(rows: Iterable[Row]) -> list[Mapping[str, Any]]:
    return [row if isinstance(row, Mapping) else asdict(row) for row in rows]


def _print_rows(
    columns: Sequence[str], rows: Sequence[Mapping[str, Any]], titles: Mapping[str, str]
) -> None:
    head = [_title(column, titles) for column in columns]
    first, *lines = table([head, *([_cell(row.get(one)) for one in columns] for row in rows)])
    typer.echo(typer.style(join(first), bold=True))
    for line in lines:
        typer.echo(join(line))


def _print_facts(facts: Mapping[str, Any], titles: Mapping[str, str]) -> None:
    rows = [[_title(name, titles), _cell(value)] for name, value in facts.items()]
    for name, *values in table(rows):
        typer.echo(join([typer.style(name, bold=True), *values]))


def _title(name: str, titles: Mapping[str, str]) -> str:
    return titles.get(name, name.replace("_", " "))


def _cell(value: Any) -> str:
    if value is None:
        return "-"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, (list, tuple)):
        return ", ".join(_cell(item) for item in value)
    if isinstance(value, Mapping):
        return ", ".join(f"{name}={_cell(item)}" for name, item in value.items())
    return printable(str(value))


def _print_json(value: Any, *, indent: int | None = None) -> None:
    say_result(json.dumps(value, ensure_ascii=False, indent=indent, default=_json))


def _json(value: Any) -> Any:
    if is_dataclass(value) and not isinstance(value, type):
        return asdict(value)
    return str(value)
