"""`pyfabric channel update`: updates that several departments sign, in files that travel or on the channel's ledger."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pyfabric.errors import ConfigError, DecodeError, NetworkError, PolicyError
from pyfabric_cli import options
from pyfabric_cli.channel_updates import Work, write_files
from pyfabric_cli.invocation import Actor, Invocation
from pyfabric_cli.lazy_group import plain_app
from pyfabric_cli.output import say

if TYPE_CHECKING:
    from pyfabric_network.ledger_proposals import LedgerProposals

    from pyfabric.admin.config.proposal import Proposal

app = plain_app("Change a channel by updates that several departments sign.")

_CONTRACT = "proposals"

Where = Annotated[
    str,
    typer.Argument(
        metavar="FILE|ID",
        help="The file of a proposal or of an update of Fabric's tools; with --on-ledger, the beginning of an id.",
    ),
]
Copies = Annotated[
    list[str],
    typer.Argument(
        metavar="FILE...|ID",
        help="The file of a proposal, and copies that others have signed, whose signatures are put together; with "
        "--on-ledger, the beginning of an id.",
    ),
]
OnLedger = Annotated[
    bool,
    typer.Option(
        "--on-ledger",
        help="On the channel's own ledger, in the contract of proposals: no file travels.",
    ),
]
ContractName = Annotated[
    str, typer.Option("--contract", help="The name of the deployed contract of proposals.")
]
Envelope = Annotated[
    Path | None,
    typer.Option(
        "--envelope", help="Also write an envelope for `peer channel signconfigtx` and `update`."
    ),
]
Administrators = Annotated[
    list[Path] | None,
    typer.Option(
        "--administrator",
        metavar="FILE",
        help="The certificate of an administrator who can sign the next update, if those who are known cannot. "
        "Repeat it.",
    ),
]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")]


@app.command()
def propose(
    change: Annotated[
        Path,
        typer.Argument(
            help="Edits or a JSON patch (YAML or JSON), the wanted configuration, or an update of Fabric's tools "
            "(JSON or protobuf)."
        ),
    ],
    to: Annotated[Path | None, typer.Option("--to", help="The file to write.")] = None,
    envelope: Envelope = None,
    on_ledger: OnLedger = False,
    contract: ContractName = _CONTRACT,
    administrators: Administrators = None,
    yes: Yes = False,
    context: options.ContextName = None,
    user: options.User = None,
    channel: options.Channel = None,
    state: options.State = None,
    output: options.Output = None,
) -> None:
    """Propose a change, signed by the administrators whose keys are on this machine.

    Shows what changes, and asks. Writes a file, or puts it on the ledger.
    """
    if to is None and envelope is None and not on_ledger:
        raise typer.BadParameter("give --to FILE, or --on-ledger")
    invocation = Invocation.start(state, output)
    actor = invocation.actor(context, user, channel)
    config = actor.newest_config()
    work = Work(invocation, actor, config, _read(administrators))
    signed = work.signed(_proposed(change, actor.channel, config), yes=yes)

    def store(proposal: "Proposal") -> None:
        write_files(proposal, to, envelope=envelope)
        if on_ledger:
            _put(actor, contract, proposal)

    work.keep(signed, store)


@app.command()
def sign(
    where: Where,
    to: Annotated[
        Path | None, typer.Option("--to", help="The file to write (default: the same one).")
    ] = None,
    envelope: Envelope = None,
    on_ledger: OnLedger = False,
    contract: ContractName = _CONTRACT,
    administrators: Administrators = None,
    yes: Yes = False,
    context: options.ContextName = None,
    user: options.User = None,
    channel: options.Channel = None,
    state: options.State = None,
    output: options.Output = None,
) -> None:
    """Sign a proposal with the administrators whose keys are on this machine.

    Shows what it changes, and asks.
    """
    invocation = Invocation.start(state, output)
    actor = invocation.actor(context, user, channel)
    proposal = _find([where], actor, contract if on_ledger else None)
    work = _work(invocation, actor, proposal, administrators)
    signed = work.signed(proposal, yes=yes)
    added = [one for one in signed.signatures if one not in proposal.signatures]
    if not added:
        known = ", ".join(work.actor.profile.administrators) or "none"
        raise PolicyError(
            f"nothing was signed: no policy counts the administrators on this machine ({known}); "
            "`pyfabric channel update status` lists whose signatures are missing"
        )

    def store(proposal: "Proposal") -> None:
        if on_ledger:
            with _ledger(work.actor, contract) as ledger:
                ledger.sign(ledger.get(where)[0], added)
            write_files(proposal, to, envelope=envelope)
        elif to is None and not _is_ours(Path(where)):
            write_files(proposal, None, envelope=Path(where))
        else:
            write_files(proposal, to or Path(where), envelope=envelope)

    work.keep(signed, store)


@app.command()
def submit(
    copies: Copies,
    on_ledger: OnLedger = False,
    contract: ContractName = _CONTRACT,
    administrators: Administrators = None,
    context: options.ContextName = None,
    user: options.User = None,
    channel: options.Channel = None,
    state: options.State = None,
    output: options.Output = None,
) -> None:
    """Send a proposal with its signatures to the orderers, and wait until it is in force.

    Refuses one whose signatures do not suffice, and names who is missing.
    """
    invocation = Invocation.start(state, output)
    actor = invocation.actor(context, user, channel)
    proposal = _find(copies, actor, contract if on_ledger else None)
    work = _work(invocation, actor, proposal, administrators)
    work.show(proposal)
    work.send(proposal, where="it with `pyfabric channel update sign`")


@app.command()
def status(
    copies: Copies,
    on_ledger: OnLedger = False,
    contract: ContractName = _CONTRACT,
    administrators: Administrators = None,
    context: options.ContextName = None,
    user: options.User = None,
    channel: options.Channel = None,
    state: options.State = None,
    output: options.Output = None,
) -> None:
    """Print what a proposal changes, who has signed it, and who is missing; or why it is void."""
    invocation = Invocation.start(state, output)
    actor = invocation.actor(context, user, channel)
    proposal = _find(copies, actor, contract if on_ledger else None)
    work = _work(invocation, actor, proposal, administrators)
    work.report(proposal, work.review(proposal))


@app.command()
def renew(
    where: Where,
    to: Annotated[
        Path | None, typer.Option("--to", help="The file to write (default: the same one).")
    ] = None,
    envelope: Envelope = None,
    on_ledger: OnLedger = False,
    contract: ContractName = _CONTRACT,
    administrators: Administrators = None,
    yes: Yes = False,
    context: options.ContextName = None,
    user: options.User = None,
    channel: options.Channel = None,
    state: options.State = None,
    output: options.Output = None,
) -> None:
    """Compute a void proposal again for the configuration in force, and sign it.

    Prints whose signatures are lost. Shows what it changes, and asks.
    """
    from pyfabric.admin.config.proposal import renew_proposal

    invocation = Invocation.start(state, output)
    actor = invocation.actor(context, user, channel)
    proposal = _find([where], actor, contract if on_ledger else None)
    work = _work(invocation, actor, proposal, administrators)
    found = work.review(proposal)
    if found.is_in_force or not found.outdated:
        say(f"nothing to do: the change is {'in force' if found.is_in_force else 'not void'}")
        return
    again = renew_proposal(proposal, work.config)
    for one in proposal.signers:
        say(f"the signature of {one} is lost")

    def store(signed: "Proposal") -> None:
        write_files(signed, to if on_ledger else to or Path(where), envelope=envelope)
        if on_ledger:
            _put(work.actor, contract, signed, instead_of=where)

    work.keep(work.signed(again, yes=yes), store)


@app.command("list")
def list_proposals(
    contract: ContractName = _CONTRACT,
    context: options.ContextName = None,
    user: options.User = None,
    channel: options.Channel = None,
    state: options.State = None,
    output: options.Output = None,
) -> None:
    """List the proposals on the channel's ledger."""
    invocation = Invocation.start(state, output)
    with _ledger(invocation.actor(context, user, channel), contract) as ledger:
        invocation.printer.rows(["id", "department", "at"], ledger.list())


@app.command()
def remove(
    proposal: Annotated[str, typer.Argument(metavar="ID", help="The beginning of its id.")],
    contract: ContractName = _CONTRACT,
    context: options.ContextName = None,
    user: options.User = None,
    channel: options.Channel = None,
    state: options.State = None,
) -> None:
    """Remove a proposal from the channel's ledger: one's own, or one that is void."""
    with _ledger(Invocation.start(state).actor(context, user, channel), contract) as ledger:
        ledger.remove(ledger.get(proposal)[0])


@contextmanager
def _ledger(actor: Actor, contract: str) -> "Iterator[LedgerProposals]":
    """Yield the proposals on the ledger of the actor's channel."""
    from pyfabric_network.ledger_proposals import LedgerProposals

    from pyfabric.gateway import Admin

    with actor.gateway() as gateway, Admin(actor.identity) as admin:
        network = gateway.network(actor.channel)
        yield LedgerProposals(network.contract(contract), admin, actor.peers[0], actor.channel)


def _put(
    actor: Actor, contract: str, proposal: "Proposal", *, instead_of: str | None = None
) -> None:
    """Put a proposal on the ledger, instead of a void one."""
    with _ledger(actor, contract) as ledger:
        digest = ledger.put(proposal)
        if instead_of is not None:
            ledger.remove(ledger.get(instead_of)[0])
    say(f"put {digest} on the ledger of {proposal.channel}")


def _find(places: Sequence[str], actor: Actor, contract: str | None) -> "Proposal":
    """Return the proposal with an id on the ledger, or, without a contract, the one in files."""
    from pyfabric.admin.config.proposal import merge_proposals

    if contract is None:
        return merge_proposals([_load(Path(one)) for one in places])
    if len(places) > 1:
        raise ConfigError("with --on-ledger, one id is given: the ledger puts signatures together")
    with _ledger(actor, contract) as ledger:
        return ledger.get(places[0])[1]


def _load(file: Path) -> "Proposal":
    """Return the proposal in a file; raises ConfigError that names it."""
    from pyfabric.admin.config.proposal_files import read_proposal

    try:
        return read_proposal(file.read_bytes())
    except ConfigError as error:
        raise ConfigError(f"{file}: {error}") from error


def _is_ours(file: Path) -> bool:
    """Return whether a file is JSON of ours, and no envelope."""
    return file.read_bytes().lstrip()[:1] == b"{"


def _proposed(change: Path, channel: str, config: bytes) -> "Proposal":
    """Return the proposal that a file of any form comes to; raises ConfigError that names it."""
    from pyfabric_network.documents import read_document

    from pyfabric.admin.config.change_files import propose_document, propose_message

    try:
        found = propose_message(channel, config, change.read_bytes())
        return found or propose_document(channel, config, read_document(change))
    except NetworkError as error:  # the file is no network's, and the error names it
        raise ConfigError(str(error)) from error
    except (ConfigError, DecodeError) as error:
        raise ConfigError(f"{change}: {error}") from error


def _work(
    invocation: Invocation,
    actor: Actor,
    proposal: "Proposal",
    administrators: Sequence[Path] | None,
) -> Work:
    """Return the work on a proposal, on its own channel as it is now."""
    actor = replace(actor, channel=proposal.channel)
    return Work(invocation, actor, actor.newest_config(), _read(administrators))


def _read(certificates: Sequence[Path] | None) -> tuple[bytes, ...]:
    return tuple(one.read_bytes() for one in certificates or ())
