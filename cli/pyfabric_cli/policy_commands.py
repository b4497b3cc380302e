"""`pyfabric policy`: who satisfies a policy."""

from typing import Annotated

import typer

from pyfabric_cli.acting import Acting
from pyfabric_cli.commands import command
from pyfabric_cli.lazy_group import plain_app

app = plain_app("Ask who satisfies a policy.")


@app.callback()
def policy() -> None:
    """Ask who satisfies a policy."""


@command(app)
def check(
    invocation: Acting,
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
) -> None:
    """Print the smallest sets of departments that satisfy a policy.

    With --with, also whether these do, and who is missing in each set. An expression is read without a network.
    """
    from pyfabric.admin.config.policy_questions import check_policy

    live = "(" not in policy
    config = invocation.actor.config() if live else None
    found = check_policy(policy, signers or (), config=config)
    invocation.printer.record(
        {"policy": policy, "satisfiable": bool(found.sets)}
        | ({"satisfied": found.is_satisfied} if signers else {}),
        sets=(
            ["organizations", "signers"] + (["missing"] if signers else []),
            found.sets,
        ),
    )
