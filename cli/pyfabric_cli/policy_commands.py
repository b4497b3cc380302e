"""`pyfabric policy`: who satisfies a policy."""

from dataclasses import asdict
from typing import Annotated

import typer

from pyfabric_cli import options
from pyfabric_cli.invocation import Invocation
from pyfabric_cli.lazy_group import plain_app

app = plain_app("Ask who satisfies a policy.")


@app.callback()
def policy() -> None:
    """Ask who satisfies a policy."""


@app.command()
def check(
    policy: Annotated[
        str,
        typer.Argument(
            help="An expression such as OR('TaxMSP.peer'), or the path of a policy of the channel, such as "
            "/Channel/Application/Admins."
        ),
    ],
    signers: Annotated[
        list[str] | None,
        typer.Option(
            "--with",
            metavar="MSP_ID",
            help="A department that signs (TaxMSP), or its members of a role (TaxMSP.peer).",
        ),
    ] = None,
    context: options.ContextName = None,
    user: options.User = None,
    channel: options.Channel = None,
    state: options.State = None,
    output: options.Output = None,
) -> None:
    """Print the smallest sets of departments that satisfy a policy.

    With --with, also whether these do, and who is missing in each set. An expression is read without a network.
    """
    from pyfabric.admin.config.policy_questions import check_policy

    invocation = Invocation.start(state, output)
    live = "(" not in policy
    config = invocation.actor(context, user, channel).config() if live else None
    found = check_policy(policy, signers or (), config=config)
    invocation.printer.record(
        {"policy": policy, "satisfiable": bool(found.sets)}
        | ({"satisfied": found.is_satisfied} if signers else {}),
        sets=(
            ["organizations", "signers"] + (["missing"] if signers else []),
            [asdict(one) for one in found.sets],
        ),
    )
