"""What runtimes have in common whose nodes store everything in the network's folder."""

from pyfabric_network.topology.plan import Plan


class InFolder:
    """There is nothing outside the folder to be removed, saved, checked or restored."""

    def discard(self) -> None:
        """Do nothing: everything is in the network's folder."""

    def save_outside(self, plan: Plan) -> None:
        """Do nothing: everything is in the network's folder."""

    def check_outside(self, plan: Plan) -> None:
        """Do nothing: everything is in the network's folder."""

    def restore_outside(self, plan: Plan) -> None:
        """Do nothing: everything is in the network's folder."""
