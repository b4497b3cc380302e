"""From keys and genesis blocks to a network that processes transactions; each step is safe to repeat."""

from pyfabric_network.answering import silent_nodes
from pyfabric_network.channels.admission import admitted
from pyfabric_network.connections import Connections
from pyfabric_network.joining import join_orderers, join_peers
from pyfabric_network.progress import Report
from pyfabric_network.readiness import Readiness
from pyfabric_network.runtimes.runtime import Runtime
from pyfabric_network.topology.plan import Plan

STEPS = (
    "keys and certificates",
    "genesis blocks",
    "nodes",
    "orderers join",
    "peers join",
    "channels",
)


def bring_up(plan: Plan, runtime: Runtime, report: Report) -> tuple[str, ...]:
    """Start the nodes, join them to the channels, and return what is still lacking.

    That is who is not admitted to a channel yet, what other machines' nodes lack, and peers that are behind the
    orderers.

    Keys and genesis blocks exist already. If this fails, a network that did not run before does not run
    afterwards. Raises what the runtime, the nodes or `Readiness` raise.
    """
    ran = runtime.running()
    report_step(report, "nodes")
    runtime.start(plan, again=silent_nodes(plan, runtime) if ran else ())
    with Connections(plan) as connections:
        try:
            known, waiting = admitted(plan, connections)
            ready = Readiness(known, connections)
            report_step(report, "orderers join")
            join_orderers(known, connections)
            report_step(report, "peers join")
            join_peers(known, connections)
            report_step(report, "channels")
            ready.await_channels()
        except BaseException:
            if not ran:
                runtime.stop()
            raise
        return (*waiting, *ready.absent(), *ready.behind())


def report_step(report: Report, step: str) -> None:
    """Report that one of STEPS begins."""
    report(step, STEPS.index(step), len(STEPS))
