"""`pyfabric channel update`: updates that several departments sign, as files that travel between them."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pyfabric.errors import ConfigError, DecodeError, NetworkError, PolicyError
from pyfabric_cli import options
from pyfabric_cli.channel_updates import Work
from pyfabric_cli.invocation import Invocation
from pyfabric_cli.lazy_group import plain_app
from pyfabric_cli.output import say

if TYPE_CHECKING:
    from pyfabric.admin.config.proposal import Proposal

app = plain_app("Change a channel by updates that several departments sign.")

File = Annotated[
    Path,
    typer.Argument(
        help="A proposal, or an update in an envelope of Fabric's tools.",
    ),
]
Files = Annotated[
    list[Path],
    typer.Argument(
        metavar="FILE...",
        help="A proposal, and copies of it that others have signed: their signatures are put together.",
    ),
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
            "(JSON or protobuf).",
        ),
    ],
    to: Annotated[Path, typer.Option("--to", help="The file to write.")],
    envelope: Envelope = None,
    administrators: Administrators = None,
    yes: Yes = False,
    context: options.ContextName = None,
    user: options.User = None,
    channel: options.Channel = None,
    state: options.State = None,
    output: options.Output = None,
) -> None:
    """Write a file that proposes a change, signed by the administrators whose keys are on this machine.

    Shows what changes, and asks.
    """
    invocation = Invocation.start(state, output)
    actor = invocation.actor(context, user, channel)
    config = actor.newest_config()
    proposal = _proposed(change, actor.channel, config)
    work = Work(invocation, actor, config, _read(administrators))
    work.write(work.signed(proposal, yes=yes), _targets(to, envelope))


@app.command()
def sign(
    file: File,
    to: Annotated[
        Path | None, typer.Option("--to", help="The file to write (default: the same one).")
    ] = None,
    envelope: Envelope = None,
    administrators: Administrators = None,
    yes: Yes = False,
    context: options.ContextName = None,
    user: options.User = None,
    state: options.State = None,
    output: options.Output = None,
) -> None:
    """Sign a proposal with the administrators whose keys are on this machine.

    Shows what it changes, and asks.
    """
    proposal, is_ours = _load(file)
    work = _work(proposal, Invocation.start(state, output), context, user, administrators)
    signed = work.signed(proposal, yes=yes)
    if signed == proposal:
        known = ", ".join(work.actor.profile.administrators) or "none"
        raise PolicyError(
            f"nothing was signed: no policy counts the administrators on this machine ({known}); "
            "`pyfabric channel update status` lists whose signatures are missing"
        )
    work.write(signed, {to or file: is_ours or to is not None} | _targets(None, envelope))


@app.command()
def submit(
    files: Files,
    administrators: Administrators = None,
    context: options.ContextName = None,
    user: options.User = None,
    state: options.State = None,
    output: options.Output = None,
) -> None:
    """Send a proposal with its signatures to the orderers, and wait until it is in force.

    Refuses one whose signatures do not suffice, and names who is missing.
    """
    proposal = _merged(files)
    work = _work(proposal, Invocation.start(state, output), context, user, administrators)
    work.show(proposal)
    work.send(proposal, where="it with `pyfabric channel update sign`")


@app.command()
def status(
    files: Files,
    administrators: Administrators = None,
    context: options.ContextName = None,
    user: options.User = None,
    state: options.State = None,
    output: options.Output = None,
) -> None:
    """Print what a proposal changes, who has signed it, and who is missing; or why it is void."""
    proposal = _merged(files)
    work = _work(proposal, Invocation.start(state, output), context, user, administrators)
    work.report(proposal, work.review(proposal))


@app.command()
def renew(
    file: File,
    to: Annotated[
        Path | None, typer.Option("--to", help="The file to write (default: the same one).")
    ] = None,
    envelope: Envelope = None,
    administrators: Administrators = None,
    yes: Yes = False,
    context: options.ContextName = None,
    user: options.User = None,
    state: options.State = None,
    output: options.Output = None,
) -> None:
    """Compute a void proposal again for the configuration in force, and sign it.

    Prints whose signatures are lost. Shows what it changes, and asks.
    """
    from pyfabric.admin.config.proposal import renewed

    proposal, _ = _load(file)
    work = _work(proposal, Invocation.start(state, output), context, user, administrators)
    found = work.review(proposal)
    if found.is_in_force or not found.outdated:
        say(f"nothing to do: the change is {'in force' if found.is_in_force else 'not void'}")
        return
    again = renewed(proposal, work.config)
    for one in proposal.signers:
        say(f"the signature of {one} is lost")
    work.write(work.signed(again, yes=yes), _targets(to or file, envelope))


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


def _load(file: Path) -> "tuple[Proposal, bool]":
    """Return the proposal in a file, and whether the file is one of ours; raises ConfigError that names it."""
    from pyfabric.admin.config.proposal_files import read_proposal

    content = file.read_bytes()
    try:
        found = read_proposal(content)
    except ConfigError as error:
        raise ConfigError(f"{file}: {error}") from error
    return found, content.lstrip()[:1] == b"{"


def _merged(files: Sequence[Path]) -> "Proposal":
    from pyfabric.admin.config.proposal import merged

    return merged([_load(one)[0] for one in files])


def _work(
    proposal: "Proposal",
    invocation: Invocation,
    context: str | None,
    user: str | None,
    administrators: Sequence[Path] | None,
) -> Work:
    """Return the work on a proposal, on its own channel as it is now."""
    actor = replace(invocation.actor(context, user, None), channel=proposal.channel)
    return Work(invocation, actor, actor.newest_config(), _read(administrators))


def _read(certificates: Sequence[Path] | None) -> tuple[bytes, ...]:
    return tuple(one.read_bytes() for one in certificates or ())


def _targets(to: Path | None, envelope: Path | None) -> dict[Path, bool]:
    """Return the files to write, and whether each is one of ours."""
    return ({to: True} if to else {}) | ({envelope: False} if envelope else {})
