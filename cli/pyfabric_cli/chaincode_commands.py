"""`pyfabric chaincode`: deploy contracts, list what is deployed, call them; the steps of a deployment one by one."""

import json
import sys
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer

from pyfabric.errors import ConfigError
from pyfabric_cli import completion, definition_commands, options, package_commands
from pyfabric_cli.invocation import Invocation
from pyfabric_cli.lazy_group import plain_app
from pyfabric_cli.output import progress, readable, say, waiting
from pyfabric_cli.settings import OutputFormat

_SYSTEM = "org.hyperledger.fabric"
_STDIN = ("-", "@-")
_METADATA = f"{_SYSTEM}:GetMetadata"

app = plain_app()
app.add_typer(package_commands.app)
app.add_typer(definition_commands.app)

Name = Annotated[
    str,
    typer.Argument(
        help="The chaincode's name on the channel.", autocompletion=completion.contracts
    ),
]
Function = Annotated[
    str,
    typer.Argument(
        help="The function, as Contract:function if the chaincode has several contracts."
    ),
]
Arguments = Annotated[list[str] | None, typer.Argument(help="The function's arguments, as text.")]
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


@app.command()
def deploy(
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
    network: options.NetworkName = None,
    state: options.State = None,
    output: options.Output = None,
) -> None:
    """Install, approve, commit and serve the topology's contracts.

    Safe to repeat.
    """
    from pyfabric_network.network import Network

    invocation = Invocation.start(state, output)
    found = Network.reopen(invocation.settings.state, network or invocation.settings.network)
    with progress("deploy") as report:
        deployed = found.deploy(names or (), report, reload=reload)
    invocation.printer.rows(
        ["contract", "channel", "version", "sequence", "changed", "waiting_for", "package_id"],
        [asdict(one) for one in deployed],
    )
    for one in deployed:
        for department, part in one.otherwise.items():
            say(
                f"{department} has approved another definition of {one.contract} on {one.channel}: {part} "
                f"differs; compare the fingerprints that `pyfabric network up` prints"
            )


@app.command("list")
def list_chaincodes(
    context: options.ContextName = None,
    user: options.User = None,
    channel: options.Channel = None,
    state: options.State = None,
    output: options.Output = None,
) -> None:
    """List the chaincode definitions committed on the channel."""
    from pyfabric.rules.policies.application import show_policy

    invocation = Invocation.start(state, output)
    actor = invocation.actor(context, user, channel)
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


@app.command()
def invoke(
    name: Name,
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
    context: options.ContextName = None,
    user: options.User = None,
    channel: options.Channel = None,
    state: options.State = None,
    output: options.Output = None,
) -> None:
    """Call a function in a transaction, and wait until it commits."""
    invocation = Invocation.start(state, output)
    actor = invocation.actor(context, user, channel)
    _warn_of_edited_code(invocation, context, name)
    with waiting(f"waiting for a transaction of {name}"), actor.gateway() as gateway:
        submitted = (
            gateway.network(actor.channel)
            .contract(name)
            .submit_async(
                function,
                *(arguments or ()),
                transient=_transient(transient),
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


@app.command()
def query(
    name: Name,
    function: Function,
    arguments: Arguments = None,
    transient: Transient = None,
    to: Annotated[
        Path | None, typer.Option("--to", help="Write the result's bytes to this file.")
    ] = None,
    context: options.ContextName = None,
    user: options.User = None,
    channel: options.Channel = None,
    state: options.State = None,
    output: options.Output = None,
) -> None:
    """Call a function on one peer, and print its result.

    Nothing is recorded.
    """
    invocation = Invocation.start(state, output)
    actor = invocation.actor(context, user, channel)
    _warn_of_edited_code(invocation, context, name)
    with waiting(f"waiting for {name}"), actor.gateway() as gateway:
        contract = gateway.network(actor.channel).contract(name)
        result = contract.evaluate(function, *(arguments or ()), transient=_transient(transient))
    if to is not None:
        to.write_bytes(result)
        say(f"wrote {to}: {len(result)} bytes")
        return
    invocation.printer.value(_result(result))


@app.command()
def metadata(
    name: Name,
    context: options.ContextName = None,
    user: options.User = None,
    channel: options.Channel = None,
    state: options.State = None,
    output: options.Output = None,
) -> None:
    """List a chaincode's functions, with parameters and results."""
    invocation = Invocation.start(state, output)
    actor = invocation.actor(context, user, channel)
    with actor.gateway() as gateway:
        raw = gateway.network(actor.channel).contract(name).evaluate(_METADATA)
    described = json.loads(raw)
    if invocation.settings.output is OutputFormat.JSON:
        invocation.printer.document(described)
        return
    invocation.printer.rows(
        ["function", "kind", "parameters", "result"],
        [
            {
                "function": f"{contract}:{each['name']}",
                "kind": "transaction" if "submitTx" in each.get("tag", []) else "query",
                "parameters": [
                    f"{one['name']}: {_type(one.get('schema', {}))}"
                    for one in each.get("parameters", [])
                ],
                "result": _type(each.get("returns", {})),
            }
            for contract, part in described["contracts"].items()
            if contract != _SYSTEM
            for each in part["transactions"]
        ],
    )


def _transient(given: list[str] | None) -> dict[str, bytes]:
    """Return the values by their keys, those of files and standard input as bytes; raises ConfigError."""
    found = {}
    for text in given or ():
        key, equals, value = text.partition("=")
        if not (key and equals):
            raise ConfigError("--transient: must be KEY=VALUE, KEY=@FILE or KEY=-")
        if key in found:
            raise ConfigError(f"--transient {key}: is given twice")
        found[key] = value
    if sum(value in _STDIN for value in found.values()) > 1:
        raise ConfigError("--transient: standard input can be the value of one key only")
    return {key: _content(value) for key, value in found.items()}


def _content(value: str) -> bytes:
    if value in _STDIN:
        return sys.stdin.buffer.read()
    if value.startswith("@@"):  # a value that begins with @
        return value[1:].encode()
    return Path(value[1:]).read_bytes() if value.startswith("@") else value.encode()


def _warn_of_edited_code(invocation: Invocation, context: str | None, contract: str) -> None:
    from pyfabric_network.code_changes import edited_beside

    _, found = invocation.contexts.find(context or invocation.settings.context)
    topology = edited_beside(found.profile, contract)
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


def _type(schema: Mapping[str, Any]) -> str:
    """Return the short name of a JSON schema."""
    if "$ref" in schema:
        return str(schema["$ref"]).rpartition("/")[2]
    if schema.get("type") == "array":
        return f"list of {_type(schema.get('items', {}))}"
    return " or ".join(_type(one) for one in schema.get("anyOf", ())) or schema.get("type", "-")
