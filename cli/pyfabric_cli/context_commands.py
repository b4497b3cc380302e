"""`pyfabric context`: which department, user and channel you are."""

from pathlib import Path
from typing import Annotated

import typer
from pyfabric_network.contexts import Context
from pyfabric_network.profile import load_profile

from pyfabric.errors import ConfigError
from pyfabric_cli import completion, options
from pyfabric_cli.output import say
from pyfabric_cli.session import Session

app = typer.Typer(no_args_is_help=True, help="Which department, user and channel you are.")

Name = Annotated[
    str,
    typer.Argument(
        help="A context's name, or the part behind its last slash.",
        autocompletion=completion.contexts,
    ),
]


@app.command("list")
def list_contexts(state: options.State = None, output: options.Output = None) -> None:
    """Every context; the chosen one is marked."""
    session = Session.start(state, output)
    current = session.contexts.current()
    session.printer.rows(
        ["current", "name", "user", "channel", "profile"],
        [
            {
                "current": "*" if name == current else "",
                "name": name,
                "user": context.user,
                "channel": context.channel,
                "profile": str(context.profile),
            }
            for name, context in session.contexts.all().items()
        ],
    )


@app.command()
def show(
    name: Annotated[str | None, typer.Argument(help="Default: the chosen one.")] = None,
    state: options.State = None,
    output: options.Output = None,
) -> None:
    """One context, with the department and peers that it leads to."""
    session = Session.start(state, output)
    found, context = session.contexts.find(name or session.settings.context)
    profile = context.load_profile()
    session.printer.facts(
        {
            "name": found,
            "department": profile.department,
            "msp_id": profile.msp_id,
            "user": context.user,
            "channel": context.channel,
            "peers": [peer.address for peer in profile.peers],
            "users": list(profile.users),
            "channels": list(profile.channels),
        }
    )


@app.command()
def use(name: Name, state: options.State = None) -> None:
    """Choose a context for the commands that follow."""
    say(f"you are {Session.start(state, None).contexts.use(name)}")


@app.command("set")
def set_context(
    name: Annotated[str, typer.Argument(help="The context to make or to change.")],
    profile: Annotated[
        Path | None, typer.Option(help="Connection profile, JSON or YAML.", dir_okay=False)
    ] = None,
    user: options.User = None,
    channel: options.Channel = None,
    state: options.State = None,
) -> None:
    """Make a context, or change parts of one; keys stay where they are."""
    contexts = Session.start(state, None).contexts
    old = contexts.all().get(name)
    file = profile.absolute() if profile else old and old.profile
    wanted_user, wanted_channel = user or (old and old.user), channel or (old and old.channel)
    if not (file and wanted_user and wanted_channel):
        raise ConfigError(f"{name} is new: it needs --profile, --user and --channel")
    load_profile(file).user(wanted_user)
    contexts.put(name, Context(profile=file, user=wanted_user, channel=wanted_channel))
    say(f"{name}: {wanted_user} on {wanted_channel}")


@app.command()
def remove(name: Name, state: options.State = None) -> None:
    """Forget a context; nothing else is deleted."""
    Session.start(state, None).contexts.remove(name)
