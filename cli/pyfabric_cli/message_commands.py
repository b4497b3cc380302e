"""`pyfabric message`: convert Fabric's messages to JSON and back, as configtxlator does."""

from pathlib import Path
from typing import Annotated, TypeAlias

import typer

from pyfabric_cli.commands import command
from pyfabric_cli.invocation import Invocation
from pyfabric_cli.lazy_group import plain_app
from pyfabric_cli.output import Printer, say
from pyfabric_cli.settings import OutputFormat

Kind: TypeAlias = Annotated[
    str, typer.Option("--type", "-t", help="The type of message, such as common.Envelope.")
]

app = plain_app()


@app.command()
def decode(
    file: Annotated[
        Path,
        typer.Argument(
            help="The file with the message's bytes, or their hexadecimal or base64 form."
        ),
    ],
    kind: Kind = "common.Block",
    complete: Annotated[
        bool,
        typer.Option("--complete", help="Also decode what configtxlator leaves in base64."),
    ] = False,
) -> None:
    """Print a message as JSON, with the messages that are nested in its bytes.

    The file holds the bytes, or their hexadecimal or base64 form, as `chaincode query` prints them.
    """
    from pyfabric.messages.translation.decoding import to_json
    from pyfabric.messages.translation.kinds import kind_named
    from pyfabric.messages.translation.table import AS_FABRIC, COMPLETE
    from pyfabric_cli.message_input import read_message

    message = read_message(str(file), file.read_bytes(), kind_named(kind))
    table = COMPLETE if complete else AS_FABRIC
    Printer(OutputFormat.JSON).document(to_json(message, opened=table))


@app.command()
def encode(
    file: Annotated[
        Path, typer.Argument(help="The file with JSON as decode or configtxlator prints it.")
    ],
    to: Annotated[Path, typer.Option("--to", help="The file to write.")],
    kind: Kind = "common.Block",
) -> None:
    """Write the message that a JSON file describes."""
    from pyfabric.messages.translation.encoding import from_json
    from pyfabric.messages.translation.kinds import kind_named
    from pyfabric.messages.translation.marks import parse

    message = from_json(kind_named(kind), parse(file.read_bytes()))
    written = to.write_bytes(message.SerializeToString(deterministic=True))
    say(f"wrote {to}: a {kind} of {written} bytes")


@command(app, without="state")
def types(invocation: Invocation) -> None:
    """List the types of messages."""
    from pyfabric.messages.translation.kinds import KINDS

    names = sorted(KINDS)
    invocation.printer.document(names, "\n".join(names))
