"""`pyfabric channel orderer`: orderers of all channels, added, taken out, replaced and renewed."""

from typing import Annotated

import typer

from pyfabric.errors import NetworkError
from pyfabric_cli import completion, options
from pyfabric_cli.channel_following import Following, To, write_proposals
from pyfabric_cli.commands import command
from pyfabric_cli.invocation import OnNetwork
from pyfabric_cli.lazy_group import plain_app
from pyfabric_cli.output import confirm, progress, say

app = plain_app("Add, take out, replace and renew the orderers of all channels.")

_NODES = ("ordering", "nodes")

Orderer = Annotated[
    str,
    typer.Argument(
        help="The orderer, as `pyfabric network status` shows it.", autocompletion=completion.nodes
    ),
]


@command(app)
def add(invocation: Following, department: options.OneDepartment) -> None:
    """Add an orderer of a department: it follows each channel until it has the blocks, then it is a consenter.

    The topology file gets it.
    """
    found = invocation.opened
    found.plan.department(department)
    nodes = [*found.topology.ordering.nodes, department]
    invocation.follow({_NODES: nodes})


@command(app)
def remove(invocation: Following, orderer: Orderer) -> None:
    """Take an orderer out of the consensus of all channels, and stop it: the last one of its department.

    The topology file loses it.
    """
    found = invocation.opened
    found.check_names([orderer])
    owner = next(
        (
            one
            for one in found.plan.departments.values()
            if orderer in [n.name for n in one.orderers]
        ),
        None,
    )
    if owner is None:
        raise NetworkError(f"{orderer} is no orderer")
    if owner.orderers[-1].name != orderer:
        raise NetworkError(
            f"{orderer} is not the last orderer of {owner.name}, whose orderers are numbered: take out "
            f"{owner.orderers[-1].name} instead"
        )
    nodes = list(found.topology.ordering.nodes)
    del nodes[len(nodes) - 1 - nodes[::-1].index(owner.name)]
    invocation.follow({_NODES: nodes}, remove=True)


@command(app)
def replace(
    invocation: OnNetwork, orderer: Orderer, to: To = None, yes: options.Yes = False
) -> None:
    """Replace an orderer that is lost: new keys, no ledger, and the blocks from the others. Safe to repeat.

    It leaves the consensus of each channel and comes back with a new number: the others must be able to order without
    it, and go on while this runs. What is left of its keys and ledgers is deleted.
    """
    found = invocation.opened
    confirm(f"Delete the keys and ledgers of {orderer}, and make it again?", yes=yes)
    if to is not None:
        then = f"run `pyfabric channel orderer replace {orderer}` to go on"
        write_proposals(invocation, found.propose_replacement(orderer), to, then=then)
        return
    with progress(f"replace {orderer}") as report:
        found.replace_orderer(orderer, report)
    say(f"{orderer} is a consenter of all channels again")


@command(app)
def renew(invocation: OnNetwork, orderer: Orderer, to: To = None, yes: options.Yes = False) -> None:
    """Replace an orderer's TLS certificate and key, in all channels and at the node. Safe to repeat.

    The node is started again; the others order meanwhile, so all of them must run.
    """
    found = invocation.opened
    confirm(f"Replace the TLS certificate of {orderer}, and start it again?", yes=yes)
    if to is not None:
        then = f"run `pyfabric channel orderer renew {orderer}` to go on"
        write_proposals(invocation, found.propose_renewal(orderer), to, then=then)
        return
    with progress(f"renew {orderer}") as report:
        found.renew_orderer(orderer, report)
    say(f"{orderer} has its new TLS certificate")
