"""`pyfabric data`: records from files into contracts, and back."""

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from pyfabric.errors import ConfigError
from pyfabric_cli import options
from pyfabric_cli.acting import Calling
from pyfabric_cli.commands import command
from pyfabric_cli.data.tables import TableFormat, format_of, read_table, write_table
from pyfabric_cli.exits import ExitCode
from pyfabric_cli.lazy_group import plain_app
from pyfabric_cli.output import progress, say

if TYPE_CHECKING:
    from pyfabric.gateway import Contract
    from pyfabric_cli.data.faults import Fault

_METADATA: Final = "org.hyperledger.fabric:GetMetadata"
_MOST_ROWS: Final = 100
"""The most rows of a batch that a city's contract takes."""
_CATALOGUE: Final = ".jsonld"
_FAULT_COLUMNS: Final = ["row", "column", "code", "problem"]

app = plain_app()

FunctionName = Annotated[
    str,
    typer.Argument(
        help="The function, as Contract:function if the chaincode has several contracts."
    ),
]
Form = Annotated[
    TableFormat | None,
    typer.Option("--format", help="The file's format (default: that of its suffix)."),
]


@command(app, "import")
def import_data(
    invocation: Calling,
    name: options.ChaincodeName,
    function: FunctionName,
    file: Annotated[
        Path,
        typer.Argument(help="A table: CSV, XLSX or JSON; or a catalogue in JSON-LD (.jsonld)."),
    ],
    dry_run: Annotated[
        bool,
        typer.Option(
            "--dry-run", help="List all that is wrong, also for the contract, and write nothing."
        ),
    ] = False,
    constants: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="NAME=VALUE", help="An argument for all rows."),
    ] = None,
    batch: Annotated[
        int,
        typer.Option("--batch", min=1, help="Rows in a transaction, if the function takes many."),
    ] = _MOST_ROWS,
    keep_going: Annotated[
        bool, typer.Option("--keep-going", help="Go on after a row that the contract refuses.")
    ] = False,
    journal: Annotated[
        Path | None,
        typer.Option(
            "--journal", help="What was sent is written down here (default: FILE.journal)."
        ),
    ] = None,
    form: Form = None,
    encoding: Annotated[
        str, typer.Option("--encoding", help="What a CSV file is in, such as gb18030.")
    ] = "utf-8",
) -> None:
    """Send the rows of a table to a function of a contract.

    Run it again after an interruption: it goes on where it ended, and sends nothing twice.
    """
    from pyfabric.extras import require

    require("network", "rfc8785")
    from pyfabric_cli.data import importing
    from pyfabric_cli.data import journal as journals
    from pyfabric_cli.data.catalogues import catalogue_table
    from pyfabric_cli.data.forms import Form as RowsForm
    from pyfabric_cli.data.forms import function_of, key_of
    from pyfabric_cli.data.schemas import Schemas

    given = _constants(constants or ())
    content = file.read_bytes()
    is_catalogue = form is None and file.suffix == _CATALOGUE
    table = None if is_catalogue else read_table(file, format_of(file, form), encoding=encoding)
    actor = invocation.actor
    with actor.gateway() as gateway:
        metadata = _metadata(gateway.network(actor.channel).contract(name))
        rows = RowsForm(function_of(metadata, function), Schemas(metadata), given)
        table = table or catalogue_table(file, actor.identity.msp_id, rows.fields())
        entries, faults = rows.entries(table)
        about = [f"{key}={value}" for key, value in sorted(given.items())]
        key = key_of(content, actor.channel, name, function, str(batch), *about)
        calls = rows.calls(entries, batch, key)
        sender = importing.Sender(gateway, actor.channel, name, function)
        if dry_run:
            with progress("try") as report:
                faults += importing.try_calls(rows, calls, sender, report)
        if dry_run or faults:
            planned = len(calls) if dry_run else 0
            _show(invocation, faults, {"rows": len(table.rows), "transactions": planned})
            _end(faults, f"{file}: {_counted(faults)}; nothing was written", ExitCode.INPUT)
            return
        head = {"key": key, "channel": actor.channel, "chaincode": name, "function": function}
        place = journal or file.with_name(f"{file.name}.journal")
        with journals.opened(place, head) as kept, progress("import") as report:
            done = importing.send_calls(calls, sender, kept, report, keep_going=keep_going)
    facts = {"rows": len(table.rows), "imported": done.rows, "imported_before": done.earlier}
    _show(invocation, done.faults, facts | {"transactions": len(done.transactions)})
    refused = f"{file}: {_counted(done.faults)}: the contract refused; correct them in a new file"
    _end(done.faults, refused, ExitCode.REFUSED)


@command(app)
def export(
    invocation: Calling,
    name: options.ChaincodeName,
    function: FunctionName,
    arguments: Annotated[
        list[str] | None,
        typer.Argument(help="The function's arguments, as text, without `size` and `bookmark`."),
    ] = None,
    to: Annotated[
        Path | None,
        typer.Option("--to", help="Write to this file (default: standard output, as CSV)."),
    ] = None,
    form: Form = None,
    page: Annotated[int, typer.Option("--page", min=1, help="Records in a page.")] = _MOST_ROWS,
) -> None:
    """Write the records that a query answers, all its pages, as a table."""
    from pyfabric_cli.data.exporting import columns, pages, shaped
    from pyfabric_cli.data.forms import function_of

    wanted = format_of(to, form) if to is not None else form or TableFormat.CSV
    actor = invocation.actor
    records: list[Mapping[str, Any]] = []
    with actor.gateway() as gateway, progress("export") as report:
        contract = gateway.network(actor.channel).contract(name)
        asked = function_of(_metadata(contract), function)
        texts = [one.encode() for one in arguments or ()]
        every = pages(asked, texts, page, lambda values: contract.evaluate(function, *values))
        for number, found in enumerate(every, start=1):
            records += found
            report(f"page {number}", number, number + 1)
    rows = shaped(records, wanted)
    content = write_table(columns(rows), rows, wanted)
    if to is None:
        sys.stdout.buffer.write(content)
        return
    to.write_bytes(content)
    say(f"wrote {to}: {len(rows)} records")
    if invocation.as_json:
        invocation.printer.facts({"file": str(to), "records": len(rows)})


def _metadata(contract: "Contract") -> dict[str, Any]:
    import json

    found: dict[str, Any] = json.loads(contract.evaluate(_METADATA))
    return found


def _constants(given: "list[str] | tuple[str, ...]") -> dict[str, str]:
    found: dict[str, str] = {}
    for text in given:
        key, equals, value = text.partition("=")
        if not (key and equals):
            raise ConfigError("--set: must be NAME=VALUE")
        if key in found:
            raise ConfigError(f"--set {key}: is given twice")
        found[key] = value
    return found


def _counted(faults: "list[Fault]") -> str:
    rows = len({one.row for one in faults})
    return f"{len(faults)} faults in {rows} rows"


def _show(invocation: Calling, faults: "list[Fault]", facts: Mapping[str, Any]) -> None:
    """Print what was done, and what is wrong in the order of the rows."""
    ordered = sorted(faults, key=lambda one: (one.row, one.column))
    shown = [one.shown(invocation.language) for one in ordered]
    invocation.printer.record({**facts, "faults": len(shown)}, refused=(_FAULT_COLUMNS, shown))


def _end(faults: "list[Fault]", remark: str, code: ExitCode) -> None:
    """End the command with a code if there are faults."""
    if faults:
        say(remark)
        raise typer.Exit(code)
