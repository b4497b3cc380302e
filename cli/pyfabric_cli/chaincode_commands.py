"""`pyfabric chaincode`: deploy contracts, see what is deployed, call them."""

import json
from collections.abc import Mapping
from dataclasses import asdict
from typing import Annotated, Any

import typer
from pyfabric_network.network import Network

from pyfabric.admin import lifecycle
from pyfabric.admin.definitions import describe_policy
from pyfabric.errors import CommitError, ConfigError
from pyfabric_cli import options
from pyfabric_cli.output import progress, readable, waiting
from pyfabric_cli.session import Session
from pyfabric_cli.settings import OutputFormat

_SYSTEM = "org.hyperledger.fabric"
_METADATA = f"{_SYSTEM}:GetMetadata"

app = typer.Typer(no_args_is_help=True, help="Deploy contracts, see what is deployed, call them.")

Name = Annotated[str, typer.Argument(help="The chaincode's name on the channel.")]
Function = Annotated[
    str, typer.Argument(help="A function, as Contract:function if there are several contracts.")
]
Arguments = Annotated[list[str] | None, typer.Argument(help="Its arguments, as text.")]
Transient = Annotated[
    list[str] | None,
    typer.Option(
        "--transient", metavar="KEY=VALUE", help="Data for the contract that no block records."
    ),
]
Organizations = Annotated[
    list[str] | None,
    typer.Option("--endorser", metavar="MSP_ID", help="Have this organisation endorse."),
]


@app.command()
def deploy(
    names: Annotated[
        list[str] | None, typer.Argument(help="Contracts of the topology (default: all).")
    ] = None,
    reload: Annotated[
        bool,
        typer.Option("--reload", help="Start contract hosts anew: they load code you changed."),
    ] = False,
    network: options.NetworkName = None,
    state: options.State = None,
    output: options.Output = None,
) -> None:
    """Serve, install, approve and commit contracts as the topology file says. Safe to repeat."""
    session = Session.start(state, output)
    found = Network.reopen(session.settings.state, network or session.settings.network)
    with progress("deploy") as report:
        deployed = found.deploy(names or (), report, reload=reload)
    session.printer.rows(
        ["contract", "channel", "version", "sequence", "changed", "waiting_for", "package_id"],
        [asdict(one) for one in deployed],
    )


@app.command("list")
def list_chaincodes(
    context: options.ContextName = None,
    user: options.User = None,
    channel: options.Channel = None,
    state: options.State = None,
    output: options.Output = None,
) -> None:
    """The definitions in force on the channel."""
    session = Session.start(state, output)
    member = session.member(context, user, channel)
    found = member.ask(lifecycle.committed(member.peers[0], member.identity, member.channel))
    session.printer.rows(
        ["name", "version", "sequence", "endorsement", "init_required"],
        [
            {
                "name": one.name,
                "version": one.version,
                "sequence": one.sequence,
                "endorsement": describe_policy(one.validation_parameter()),
                "init_required": one.init_required,
            }
            for one in found
        ],
    )


@app.command()
def invoke(
    name: Name,
    function: Function,
    arguments: Arguments = None,
    transient: Transient = None,
    endorsers: Organizations = None,
    context: options.ContextName = None,
    user: options.User = None,
    channel: options.Channel = None,
    state: options.State = None,
    output: options.Output = None,
) -> None:
    """Call a function in a transaction, and wait until it is committed."""
    session = Session.start(state, output)
    member = session.member(context, user, channel)
    with waiting(f"a transaction of {name}"), member.gateway() as gateway:
        submitted = (
            gateway.network(member.channel)
            .contract(name)
            .submit_async(
                function,
                *(arguments or ()),
                transient=_pairs(transient),
                endorsing_organizations=endorsers or (),
            )
        )
        status = submitted.status()
    if not status.successful:
        raise CommitError(
            transaction_id=status.transaction_id,
            code=status.code,
            block_number=status.block_number,
        )
    session.printer.facts(
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
    context: options.ContextName = None,
    user: options.User = None,
    channel: options.Channel = None,
    state: options.State = None,
    output: options.Output = None,
) -> None:
    """Call a function on one peer, and print what it answers; nothing is recorded."""
    session = Session.start(state, output)
    member = session.member(context, user, channel)
    with waiting(f"asking {name}"), member.gateway() as gateway:
        contract = gateway.network(member.channel).contract(name)
        result = contract.evaluate(function, *(arguments or ()), transient=_pairs(transient))
    session.printer.value(_result(result))


@app.command()
def metadata(
    name: Name,
    context: options.ContextName = None,
    user: options.User = None,
    channel: options.Channel = None,
    state: options.State = None,
    output: options.Output = None,
) -> None:
    """The functions that a chaincode says it has, with parameters and results."""
    session = Session.start(state, output)
    member = session.member(context, user, channel)
    with member.gateway() as gateway:
        raw = gateway.network(member.channel).contract(name).evaluate(_METADATA)
    described = json.loads(raw)
    if session.settings.output is OutputFormat.JSON:
        session.printer.document(described)
        return
    session.printer.rows(
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


def _pairs(given: list[str] | None) -> dict[str, str]:
    pairs = {}
    for text in given or ():
        key, equals, value = text.partition("=")
        if not (key and equals):
            raise ConfigError(f"--transient {text}: must be KEY=VALUE")
        pairs[key] = value
    return pairs


def _result(raw: bytes) -> Any:
    """A result as JSON if it is JSON, otherwise as text."""
    try:
        return json.loads(raw)
    except ValueError:
        return readable(raw)


def _type(schema: Mapping[str, Any]) -> str:
    """The short name of a JSON schema."""
    if "$ref" in schema:
        return str(schema["$ref"]).rpartition("/")[2]
    if schema.get("type") == "array":
        return f"list of {_type(schema.get('items', {}))}"
    return " or ".join(_type(one) for one in schema.get("anyOf", ())) or schema.get("type", "-")
