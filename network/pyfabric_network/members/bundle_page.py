"""The page that comes with a bundle: what it is, and the steps to the department's running nodes."""

from collections.abc import Sequence

from pyfabric_network.members.public import PublicDefinition
from pyfabric_network.topology.departments import DepartmentPlan
from pyfabric_network.topology.plan import Plan

_PAGE = """\
# {department} in {network}

What {department} needs to run its own nodes of {network} on its own machine: {place}.
Nodes: {nodes}. Channels: {channels}.

{keys}

1. Read what is in `topology`: the network, and the contracts that your nodes will run. All bundles have the same.
   Its fingerprint: `{agreement}`
2. Compare it, and these fingerprints, with the other departments', not through the sender of this bundle:

{fingerprints}

3. In the folder that holds your `.pyfabric`:

       pyfabric network member accept {folder}
       pyfabric network up
       pyfabric chaincode deploy

   The first checks that each genesis block is the one that the topology and the definitions make, shows what
   differs from what you have, and asks. It copies all that your nodes need. The last
   installs and approves; a contract is committed by the last department that does. It may be repeated
   until it waits for no department.

On the compose runtime `up` writes `compose.yaml` and `nodes.yaml`, as they are in this folder except for the
user who runs them, into `.pyfabric/{network}`, and runs them; the native one does not use them.

The others' nodes must reach {reached} through your firewall; nothing else is for them. Yours must reach
the hosts above at the ports of peers and orderers.
"""
_AT_HOME = (
    "Your keys are not in it: they are on your machine, since `pyfabric network member init`."
)
_INSIDE = "**Your keys are in it**, as they were made for you: let nobody else read this folder."


def bundle_page(
    plan: Plan,
    department: DepartmentPlan,
    definitions: Sequence[PublicDefinition],
    agreement: str,
) -> str:
    """Return the page, in Markdown; `agreement` is the fingerprint of topology and code."""
    place, nodes = department.place, (*department.orderers, *department.peers)
    rows = "\n".join(
        f"   | {one.department} | {one.host}, ports from {one.first_port} | `{one.fingerprint()}` |"
        for one in definitions
    )
    return _PAGE.format(
        department=department.name,
        network=plan.name,
        place=f"{place.host}, ports from {place.first_port} on",
        nodes=", ".join(node.name for node in nodes),
        channels=", ".join(channel.name for channel in plan.channels_of(department)),
        agreement=agreement,
        keys=_INSIDE if place.here else _AT_HOME,
        fingerprints=f"   | department | where | fingerprint |\n   |---|---|---|\n{rows}",
        folder=f"{plan.name}-{department.name.lower()}",
        reached=", ".join(str(node.inside) for node in nodes),
    )
