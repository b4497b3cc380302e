"""What people and programs see: tables or JSON on standard output, everything else on standard error."""

import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from threading import Timer
from typing import Any

import typer
from pyfabric_network.steps import Report
from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.table import Table
from rich.text import Text

from pyfabric_cli.settings import OutputFormat

_WIDE = 1000
_SPACES = dict.fromkeys(map(ord, "\t\n\r"), " ")


class Printer:
    """Prints results in one format."""

    def __init__(self, output: OutputFormat) -> None:
        self._output = output

    def rows(self, columns: Sequence[str], rows: Sequence[Mapping[str, Any]]) -> None:
        """A table of these columns, or a JSON list with all members of each row."""
        if self._output is OutputFormat.JSON:
            _print_json(rows, indent=2)
        else:
            _print_rows(columns, rows)

    def facts(self, facts: Mapping[str, Any]) -> None:
        """One thing: its members line by line, or a JSON object."""
        if self._output is OutputFormat.JSON:
            _print_json(facts, indent=2)
        else:
            _print_facts(facts)

    def record(
        self,
        facts: Mapping[str, Any],
        columns: Sequence[str],
        **parts: Sequence[Mapping[str, Any]],
    ) -> None:
        """One thing and the list of its parts: both below each other, or one JSON object."""
        if self._output is OutputFormat.JSON:
            _print_json({**facts, **parts}, indent=2)
            return
        _print_facts(facts)
        for rows in parts.values():
            if rows:
                _print_rows(columns, rows)

    def value(self, value: Any) -> None:
        """A result of any shape: text as it is, everything else as JSON."""
        if isinstance(value, str) and self._output is OutputFormat.TABLE:
            typer.echo(value)
        else:
            _print_json(value, indent=2)

    def event(self, facts: Mapping[str, Any], line: str) -> None:
        """One of a stream, at once: `line`, or a line of JSON."""
        if self._output is OutputFormat.JSON:
            _print_json(facts)
        else:
            typer.echo(line)
        sys.stdout.flush()

    def document(self, value: Any, text: str | None = None) -> None:
        """A JSON document, or the text that says the same; without a text, JSON in either format."""
        if text is not None and self._output is OutputFormat.TABLE:
            typer.echo(text)
        else:
            _print_json(value, indent=2)


def say(message: str) -> None:
    """A remark to the person at the terminal."""
    typer.echo(message, err=True)


@contextmanager
def progress(title: str) -> Iterator[Report]:
    """Show steps as they are begun: a bar in a terminal, plain lines otherwise; on standard error."""
    if not sys.stderr.isatty():
        yield lambda step, done, total: say(f"{title}: {step} ({done + 1}/{total})")
        return
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
            bar.update(task, description=step, completed=done, total=total)

        yield report


@contextmanager
def waiting(what: str) -> Iterator[None]:
    """Say what is waited for if it takes longer than a second; on standard error."""
    if sys.stderr.isatty():
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
    """Bytes as text, or as 0x and hexadecimal digits if they are not text."""
    try:
        text = value.decode()
    except UnicodeDecodeError:
        return f"0x{value.hex()}"
    return text if text.translate(_SPACES).isprintable() else f"0x{value.hex()}"


def _print_rows(columns: Sequence[str], rows: Sequence[Mapping[str, Any]]) -> None:
    table = Table(box=None, header_style="bold", pad_edge=False)
    for column in columns:
        table.add_column(column.replace("_", " "), overflow="fold")
    for row in rows:
        table.add_row(*(Text(_cell(row.get(column))) for column in columns))
    _console().print(table)


def _print_facts(facts: Mapping[str, Any]) -> None:
    table = Table(box=None, show_header=False, pad_edge=False)
    table.add_column(style="bold")
    table.add_column(overflow="fold")
    for name, value in facts.items():
        table.add_row(name.replace("_", " "), Text(_cell(value)))
    _console().print(table)


def _console() -> Console:
    """As wide as the terminal; in a file or pipe, as wide as the lines are."""
    return Console(width=None if sys.stdout.isatty() else _WIDE)


def _cell(value: Any) -> str:
    if value is None:
        return "-"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, (list, tuple)):
        return ", ".join(_cell(item) for item in value)
    if isinstance(value, Mapping):
        return ", ".join(f"{name}={_cell(item)}" for name, item in value.items())
    return str(value)


def _print_json(value: Any, *, indent: int | None = None) -> None:
    typer.echo(json.dumps(value, ensure_ascii=False, indent=indent, default=str))
