"""`pyfabric message`: files of Fabric's messages as JSON and back, as configtxlator does it."""

from pathlib import Path
from typing import Annotated, TypeAlias

import typer

from pyfabric.messages.decoding import decode as decode_message
from pyfabric.messages.translation.decoding import to_json
from pyfabric.messages.translation.encoding import from_json
from pyfabric.messages.translation.kinds import KINDS, kind_named
from pyfabric.messages.translation.marks import parse
from pyfabric.messages.translation.table import AS_FABRIC, COMPLETE
from pyfabric_cli.output import Printer, say
from pyfabric_cli.settings import OutputFormat

Kind: TypeAlias = Annotated[
    str, typer.Option("--type", "-t", help="Which message, such as common.Envelope.")
]

app = typer.Typer(
    no_args_is_help=True,
    help="Blocks, envelopes, configurations and every other message of Fabric, as JSON and back.",
)


@app.command()
def decode(
    file: Annotated[Path, typer.Argument(help="The message's bytes.")],
    kind: Kind = "common.Block",
    complete: Annotated[
        bool,
        typer.Option("--complete", help="Also open what configtxlator leaves in base64."),
    ] = False,
) -> None:
    """Print a message as JSON, with the messages in its bytes."""
    message = decode_message(kind_named(kind), file.read_bytes())
    table = COMPLETE if complete else AS_FABRIC
    Printer(OutputFormat.JSON).document(to_json(message, opened=table))


@app.command()
def encode(
    file: Annotated[Path, typer.Argument(help="JSON that decode or configtxlator printed.")],
    to: Annotated[Path, typer.Option("--to", help="The file to write.")],
    kind: Kind = "common.Block",
) -> None:
    """Write the message that JSON shows."""
    message = from_json(kind_named(kind), parse(file.read_bytes()))
    written = to.write_bytes(message.SerializeToString(deterministic=True))
    say(f"{to}: a {kind} of {written} bytes")


@app.command()
def types() -> None:
    """The names of all messages."""
    for name in sorted(KINDS):
        typer.echo(name)
