"""A network that goes to another release of Fabric."""

from pathlib import Path

from pyfabric.errors import NetworkError
from pyfabric_network.progress import Report, silent
from pyfabric_network.renewed_network import RenewedNetwork
from pyfabric_network.restarting import Restarting
from pyfabric_network.runtimes.release import Release, Releases
from pyfabric_network.state import locked
from pyfabric_network.unfinished import finish, until_finished
from pyfabric_network.upgrading.upgrade import Upgrade, look

_COMMAND = "network upgrade"


class UpgradedNetwork(RenewedNetwork):
    """A network whose nodes can be taken to another release of Fabric."""

    def upgrading(self, *, programs: Path | None = None, version: str | None = None) -> Upgrade:
        """Return the way to another release: the folder of its `programs` on native, the `version` of images on Compose.

        On native these are the programs that the network was opened with, unless given. Images are fetched; nothing else
        is changed yet. Raises NetworkError for a release that is missing, does not run, does not know a capability of a
        channel, or is not one, and on the embedded runtime.
        """
        self._require_nodes()
        self._refresh()
        release = self._releases.find(self.plan, programs=programs, version=version)
        return self._way_to(release)

    def upgrade(self, upgrade: Upgrade, report: Report = silent) -> None:
        """Take all nodes of this machine to a release, one by one, and remember it for later starts. Safe to repeat.

        While the network is down it is only remembered. Raises NetworkError that names the first node which does not
        work with it; the nodes after that are as they were.
        """
        with locked(self.root):
            self._refresh()
            command = upgrade.release.command
            finish(self.root, lambda one: one.startswith(_COMMAND) and one != command)
            with until_finished(self.root, command):
                self._way_to(upgrade.release).run(report)

    def _way_to(self, release: Release) -> Upgrade:
        found = Upgrade(
            Restarting(plan=self.plan, runtime=self.runtime),
            self._releases,
            release,
            look(self.plan, self.runtime, self._releases, release),
        )
        found.check()
        return found

    @property
    def _releases(self) -> Releases:
        found = self.runtime.releases
        if found is None:
            raise NetworkError(
                f"{self.plan.name} runs on the development ledger, which is a part of pyfabric: there is no release of "
                "Fabric to go to"
            )
        return found
