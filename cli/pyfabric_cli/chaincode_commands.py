"""`pyfabric chaincode`: deploy contracts, list what is deployed, call them; the steps of a deployment one by one."""

import json
import sys
from pathlib import Path
from typing import Annotated, Any, NamedTuple

import typer

from pyfabric.errors import ConfigError
from pyfabric_cli import (
    completion,
    definition_commands,
    description_commands,
    options,
    package_commands,
)
from pyfabric_cli.acting import Acting, Calling
from pyfabric_cli.commands import command
from pyfabric_cli.invocation import OnNetwork
from pyfabric_cli.lazy_group import plain_app
from pyfabric_cli.output import progress, readable, say, waiting

_STDIN = "@-"

app = plain_app()
app.add_typer(package_commands.app)
app.add_typer(definition_commands.app)
app.add_typer(description_commands.app)

Function = Annotated[
    str,
    typer.Argument(
        help="The function, as Contract:function if the chaincode has several contracts."
    ),
]
Arguments = Annotated[
    list[str] | None,
    typer.Argument(
        help="The function's arguments, as text; @FILE is the bytes of a file, @- those of standard input, and @@TEXT "
        "begins with @."
    ),
]
Transient = Annotated[
    list[str] | None,
    typer.Option(
        "--transient",
        metavar="KEY=VALUE",
        help="Data for the contract that is not recorded in a block; KEY=@FILE reads it from a file, KEY=- from "
        "standard input, byte for byte, so that secrets are not in the list of processes.",
    ),
]
Organizations = Annotated[
    list[str] | None,
    typer.Option("--endorser", metavar="MSP_ID", help="An organisation that must endorse."),
]


@command(app)
def deploy(
    invocation: OnNetwork,
    names: Annotated[
        list[str] | None,
        typer.Argument(
            help="Contracts of the topology (default: all).", autocompletion=completion.contracts
        ),
    ] = None,
    reload: Annotated[
        bool,
        typer.Option(
            "--reload",
            help="Restart these contracts, and serve code that you changed under an approved version: for development.",
        ),
    ] = False,
) -> None:
    """Install, approve, commit and serve the topology's contracts.

    Safe to repeat.
    """
    found = invocation.reopened()
    with progress("deploy") as report:
        deployed = found.deploy(names or (), report, reload=reload)
    invocation.printer.rows(
        ["contract", "channel", "version", "sequence", "changed", "waiting_for", "package_id"],
        deployed,
    )
    for one in deployed:
        for department, part in one.otherwise.items():
            say(
                f"{department} has approved another definition of {one.contract} on {one.channel}: {part} "
                f"differs; compare the fingerprints that `pyfabric network up` prints"
            )


@command(app, "list")
def list_chaincodes(invocation: Acting) -> None:
    """List the chaincode definitions committed on the channel."""
    from pyfabric.rules.policies.application import show_policy

    actor = invocation.actor
    invocation.printer.rows(
        ["name", "version", "sequence", "endorsement", "init_required"],
        [
            {
                "name": one.name,
                "version": one.version,
                "sequence": one.sequence,
                "endorsement": show_policy(one.validation_parameter()),
                "init_required": one.init_required,
            }
            for one in actor.definitions()
        ],
    )


@command(app)
def invoke(
    invocation: Calling,
    name: options.ChaincodeName,
    function: Function,
    arguments: Arguments = None,
    transient: Transient = None,
    endorsers: Organizations = None,
    is_init: Annotated[
        bool,
        typer.Option(
            "--is-init",
            help="The first call of a chaincode that was approved with --init-required.",
        ),
    ] = False,
) -> None:
    """Call a function in a transaction, and wait until it commits."""
    given = _read(arguments, transient)
    actor = invocation.actor
    _warn_of_edited_code(invocation, name)
    with waiting(f"waiting for a transaction of {name}"), actor.gateway() as gateway:
        submitted = (
            gateway.network(actor.channel)
            .contract(name)
            .submit_async(
                function,
                *given.arguments,
                transient=given.transient,
                endorsing_organizations=endorsers or (),
                is_init=is_init,
            )
        )
        status = submitted.status()
    status.raise_unless_valid()
    invocation.printer.facts(
        {
            "transaction_id": status.transaction_id,
            "block_number": status.block_number,
            "result": _result(submitted.result),
        }
    )


@command(app)
def query(
    invocation: Calling,
    name: options.ChaincodeName,
    function: Function,
    arguments: Arguments = None,
    transient: Transient = None,
    to: Annotated[
        Path | None, typer.Option("--to", help="Write the result's bytes to this file.")
    ] = None,
) -> None:
    """Call a function on one peer, and print its result.

    Nothing is recorded.
    """
    given = _read(arguments, transient)
    actor = invocation.actor
    _warn_of_edited_code(invocation, name)
    with waiting(f"waiting for {name}"), actor.gateway() as gateway:
        contract = gateway.network(actor.channel).contract(name)
        result = contract.evaluate(function, *given.arguments, transient=given.transient)
    if to is not None:
        to.write_bytes(result)
        say(f"wrote {to}: {len(result)} bytes")
        return
    invocation.printer.value(_result(result))


class _Given(NamedTuple):
    """What a contract is given: arguments and transient data."""

    arguments: list[bytes]
    transient: dict[str, bytes]


def _read(arguments: list[str] | None, transient: list[str] | None) -> _Given:
    """Return what a line gives a contract, with files and standard input read; raises ConfigError."""
    keyed = {}
    for text in transient or ():
        key, equals, value = text.partition("=")
        if not (key and equals):
            raise ConfigError("--transient: must be KEY=VALUE, KEY=@FILE or KEY=-")
        if key in keyed:
            raise ConfigError(f"--transient {key}: is given twice")
        keyed[key] = _STDIN if value == "-" else value
    every = [*(arguments or ()), *keyed.values()]
    if every.count(_STDIN) > 1:
        raise ConfigError("standard input can be read once only: for one argument or key")
    return _Given(
        [_content(one) for one in arguments or ()],
        {key: _content(value) for key, value in keyed.items()},
    )


def _content(value: str) -> bytes:
    """Return the bytes of a value that may be @FILE or @-, or that begins with @@ for @."""
    if value == _STDIN:
        return sys.stdin.buffer.read()
    if value.startswith("@@"):
        return _typed(value[1:])
    return Path(value[1:]).read_bytes() if value.startswith("@") else _typed(value)


def _typed(value: str) -> bytes:
    """Return a text in UTF-8; bytes that are not UTF-8 stay as they were typed."""
    return value.encode(errors="surrogateescape")


def _warn_of_edited_code(invocation: Acting, contract: str) -> None:
    from pyfabric_network.code_changes import edited_beside

    topology = edited_beside(invocation.found.profile, contract)
    if topology is not None:
        say(
            f"warning: the code of {contract} beside {topology} was edited, and the network runs what was "
            "deployed: see `pyfabric chaincode deploy`"
        )


def _result(raw: bytes) -> Any:
    """Return a result parsed if it is JSON, otherwise as text."""
    try:
        return json.loads(raw)
    except ValueError:
        return readable(raw)
