"""`pyfabric context`: the department, user and channel that a person acts as."""

from pathlib import Path
from typing import Annotated

import typer
from pyfabric_network.contexts import Context

from pyfabric.errors import ConfigError
from pyfabric_cli import completion, options
from pyfabric_cli.commands import command
from pyfabric_cli.invocation import Invocation
from pyfabric_cli.lazy_group import plain_app
from pyfabric_cli.output import say

app = plain_app()

Name = Annotated[
    str,
    typer.Argument(
        help="A context's name, or the part after its last slash.",
        autocompletion=completion.contexts,
    ),
]


@command(app, "list")
def list_contexts(invocation: Invocation) -> None:
    """List the contexts; * marks the chosen one."""
    current = invocation.contexts.current()
    invocation.printer.rows(
        ["current", "name", "user", "channel", "profile"],
        [
            {
                "current": "*" if name == current else "",
                "name": name,
                "user": context.user,
                "channel": context.channel,
                "profile": str(context.profile),
            }
            for name, context in invocation.contexts.all().items()
        ],
    )


@command(app)
def show(
    invocation: Invocation,
    name: Annotated[
        str | None,
        typer.Argument(
            help="A context's name (default: the chosen one).", autocompletion=completion.contexts
        ),
    ] = None,
) -> None:
    """Show one context, with its department and peers."""
    found, context = invocation.contexts.find(name or invocation.settings.context)
    profile = context.load_profile()
    invocation.printer.facts(
        {
            "name": found,
            "department": profile.department,
            "msp_id": profile.msp_id,
            "user": context.user,
            "channel": context.channel,
            "language": context.language,
            "peers": [peer.address for peer in profile.peers],
            "users": list(profile.user_names),
            "channels": list(profile.channels),
        }
    )


@command(app, without="output")
def use(invocation: Invocation, name: Name) -> None:
    """Choose the context of later commands."""
    say(f"now acting as {invocation.contexts.use(name)}")


@command(app, "set", without="output")
def set_context(
    invocation: Invocation,
    name: Annotated[
        str,
        typer.Argument(
            help="The context to make or to change.", autocompletion=completion.contexts
        ),
    ],
    profile: Annotated[
        Path | None, typer.Option(help="Connection profile, JSON or YAML.", dir_okay=False)
    ] = None,
    user: options.User = None,
    channel: options.Channel = None,
    organization: Annotated[
        str | None,
        typer.Option(help="The department, if the profile has several organizations."),
    ] = None,
    lang: options.Lang = None,
) -> None:
    """Make a context, or change parts of one; keys are not copied."""
    from pyfabric_network.profile import load_profile

    contexts = invocation.contexts
    old = contexts.all().get(name)
    file = profile.absolute() if profile else old and old.profile
    wanted_user, wanted_channel = user or (old and old.user), channel or (old and old.channel)
    if not (file and wanted_user and wanted_channel):
        raise ConfigError(f"{name} is a new context: it needs --profile, --user and --channel")
    wanted = organization or (old.organization if old else None)
    language = lang or (old.language if old else None)
    load_profile(file, wanted).user(wanted_user)
    contexts.put(name, Context(file, wanted_user, wanted_channel, wanted, language))
    say(f"{name}: {wanted_user} on {wanted_channel}")


@command(app, without="output")
def remove(invocation: Invocation, name: Name) -> None:
    """Delete a context, and nothing else."""
    invocation.contexts.remove(name)
