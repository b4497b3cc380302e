"""`pyfabric channel update`: updates that several departments sign, in files that travel or on the channel's ledger."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pyfabric.errors import ConfigError, DecodeError, NetworkError, PolicyError
from pyfabric_cli import options
from pyfabric_cli.acting import Acting, Actor
from pyfabric_cli.channel_updates import Work, write_files
from pyfabric_cli.commands import command
from pyfabric_cli.lazy_group import plain_app
from pyfabric_cli.output import say

if TYPE_CHECKING:
    from pyfabric_network.ledger_proposals import LedgerProposals

    from pyfabric.admin.config.proposal import Proposal

app = plain_app("Change a channel by updates that several departments sign.")

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
To = Annotated[Path | None, typer.Option("--to", help="The file to write (default: the same one).")]


@dataclass(frozen=True)
class OnLedger(Acting):
    """One run of a command on the proposals of a channel's ledger."""

    contract: Annotated[
        str, typer.Option("--contract", help="The name of the deployed contract of proposals.")
    ] = "proposals"

    @contextmanager
    def ledger(self, channel: str | None = None) -> "Iterator[LedgerProposals]":
        """Yield the proposals on the ledger of a channel, by default the chosen one."""
        from pyfabric_network.ledger_proposals import LedgerProposals

        from pyfabric.gateway import Admin

        actor = self.actor
        where = channel or actor.channel
        with actor.gateway() as gateway, Admin(actor.identity) as admin:
            contract = gateway.network(where).contract(self.contract)
            yield LedgerProposals(contract, admin, actor.peers[0], where)


@dataclass(frozen=True)
class OnProposal(OnLedger):
    """One run of a command on a proposal, in a file or on the ledger."""

    on_ledger: Annotated[
        bool,
        typer.Option(
            "--on-ledger",
            help="On the channel's own ledger, in the contract of proposals: no file travels.",
        ),
    ] = False
    administrators: Annotated[
        list[Path] | None,
        typer.Option(
            "--administrator",
            metavar="FILE",
            help="The certificate of an administrator who can sign the next update, if those who are known cannot. "
            "Repeat it.",
        ),
    ] = None

    def find(self, *places: str) -> "tuple[Proposal, Work]":
        """Return the proposal in files, or with an id on the ledger, and the work on it, on its own channel."""
        from pyfabric.admin.config.proposal import merge_proposals

        if not self.on_ledger:
            proposal = merge_proposals([_load(Path(one)) for one in places])
        elif len(places) == 1:
            with self.ledger() as ledger:
                _, proposal = ledger.get(places[0])
        else:
            raise ConfigError(
                "with --on-ledger, one id is given: the ledger puts signatures together"
            )
        return proposal, self.work(replace(self.actor, channel=proposal.channel))

    def work(self, actor: Actor) -> Work:
        """Return the work on proposals of an actor's channel, as it is now."""
        certificates = tuple(one.read_bytes() for one in self.administrators or ())
        return Work(self.printer, actor, actor.newest_config(), certificates)


@dataclass(frozen=True)
class Signing(OnProposal):
    """One run of a command that signs a proposal, and keeps it."""

    to: To = None
    envelope: Annotated[
        Path | None,
        typer.Option(
            "--envelope",
            help="Also write an envelope for `peer channel signconfigtx` and `update`.",
        ),
    ] = None
    yes: options.Yes = False

    def put(self, proposal: "Proposal", *, instead_of: str | None = None) -> None:
        """Put a proposal on the ledger, instead of a void one."""
        with self.ledger(proposal.channel) as ledger:
            digest = ledger.put(proposal)
            if instead_of is not None:
                ledger.remove(ledger.get(instead_of)[0])
        say(f"put {digest} on the ledger of {proposal.channel}")


@dataclass(frozen=True)
class Proposing(Signing):
    """One run of a command that makes a proposal."""

    to: Annotated[Path | None, typer.Option("--to", help="The file to write.")] = None


@command(app)
def propose(
    invocation: Proposing,
    change: Annotated[
        Path,
        typer.Argument(
            help="Edits or a JSON patch (YAML or JSON), the wanted configuration, or an update of Fabric's tools "
            "(JSON or protobuf)."
        ),
    ],
) -> None:
    """Propose a change, signed by the administrators whose keys are on this machine.

    Shows what changes, and asks. Writes a file, or puts it on the ledger.
    """
    if invocation.to is None and invocation.envelope is None and not invocation.on_ledger:
        raise typer.BadParameter("give --to FILE, or --on-ledger")
    work = invocation.work(invocation.actor)
    proposal = _proposed(change, invocation.actor.channel, work.config)

    def store(signed: "Proposal") -> None:
        write_files(signed, invocation.to, envelope=invocation.envelope)
        if invocation.on_ledger:
            invocation.put(signed)

    work.keep(work.signed(proposal, yes=invocation.yes), store)


@command(app)
def sign(invocation: Signing, where: Where) -> None:
    """Sign a proposal with the administrators whose keys are on this machine.

    Shows what it changes, and asks.
    """
    proposal, work = invocation.find(where)
    signed = work.signed(proposal, yes=invocation.yes)
    added = [one for one in signed.signatures if one not in proposal.signatures]
    if not added:
        known = ", ".join(work.actor.profile.administrators) or "none"
        raise PolicyError(
            f"nothing was signed: no policy counts the administrators on this machine ({known}); "
            "`pyfabric channel update status` lists whose signatures are missing"
        )
    to, envelope = invocation.to, invocation.envelope

    def store(proposal: "Proposal") -> None:
        if invocation.on_ledger:
            with invocation.ledger(proposal.channel) as ledger:
                ledger.sign(ledger.get(where)[0], added)
            write_files(proposal, to, envelope=envelope)
        elif to is None and not _is_ours(Path(where)):
            write_files(proposal, None, envelope=Path(where))
        else:
            write_files(proposal, to or Path(where), envelope=envelope)

    work.keep(signed, store)


@command(app)
def submit(invocation: OnProposal, copies: Copies) -> None:
    """Send a proposal with its signatures to the orderers, and wait until it is in force.

    Refuses one whose signatures do not suffice, and names who is missing.
    """
    proposal, work = invocation.find(*copies)
    work.show(proposal)
    work.send(proposal, where="it with `pyfabric channel update sign`")


@command(app)
def status(invocation: OnProposal, copies: Copies) -> None:
    """Print what a proposal changes, who has signed it, and who is missing; or why it is void."""
    proposal, work = invocation.find(*copies)
    work.report(proposal, work.review(proposal))


@command(app)
def renew(invocation: Signing, where: Where) -> None:
    """Compute a void proposal again for the configuration in force, and sign it.

    Prints whose signatures are lost. Shows what it changes, and asks.
    """
    from pyfabric.admin.config.proposal import renew_proposal

    proposal, work = invocation.find(where)
    found = work.review(proposal)
    if found.is_in_force or not found.outdated:
        say(f"nothing to do: the change is {'in force' if found.is_in_force else 'not void'}")
        return
    again = renew_proposal(proposal, work.config)
    for one in proposal.signers:
        say(f"the signature of {one} is lost")

    def store(signed: "Proposal") -> None:
        to = invocation.to if invocation.on_ledger else invocation.to or Path(where)
        write_files(signed, to, envelope=invocation.envelope)
        if invocation.on_ledger:
            invocation.put(signed, instead_of=where)

    work.keep(work.signed(again, yes=invocation.yes), store)


@command(app, "list")
def list_proposals(invocation: OnLedger) -> None:
    """List the proposals on the channel's ledger."""
    with invocation.ledger() as ledger:
        invocation.printer.rows(["id", "department", "at"], ledger.all())


@command(app, without="output")
def remove(
    invocation: OnLedger,
    proposal: Annotated[str, typer.Argument(metavar="ID", help="The beginning of its id.")],
) -> None:
    """Remove a proposal from the channel's ledger: one's own, or one that is void."""
    with invocation.ledger() as ledger:
        ledger.remove(ledger.get(proposal)[0])


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
    from pyfabric.admin.config.change_files import propose_document, propose_message
    from pyfabric.local.documents import read_document

    try:
        found = propose_message(channel, config, change.read_bytes())
        return found or propose_document(channel, config, read_document(change))
    except NetworkError as error:  # the file is no network's, and the error names it
        raise ConfigError(str(error)) from error
    except (ConfigError, DecodeError) as error:
        raise ConfigError(f"{change}: {error}") from error
