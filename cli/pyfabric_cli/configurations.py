"""Configurations that commands compare and show: of a live channel, of the topology, of files."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from pyfabric.errors import ConfigError, FabricError
from pyfabric_cli.acting import Acting

if TYPE_CHECKING:
    from pyfabric.admin.config.proposal import Proposal

LIVE = "live"
TOPOLOGY = "topology"


@dataclass(frozen=True, slots=True)
class Configurations:
    """Where a command finds configurations: those of a channel, through the department's first peer, and files."""

    invocation: Acting

    def find(self, word: str) -> tuple[str, bytes]:
        """Return the channel and the configuration that a word names: live, topology, or a file."""
        if word == LIVE:
            return self.live()
        if word == TOPOLOGY:
            return self.of_topology()
        return read_file(Path(word))

    def after(self, word: str, channel: str, config: bytes) -> bytes:
        """Return the configuration that a word names; a file may also be an update of `config`."""
        if word in (LIVE, TOPOLOGY):
            return self.find(word)[1]
        proposal = _proposal_in(Path(word))
        if proposal is None:
            return read_file(Path(word))[1]
        from pyfabric.admin.channels import apply_update

        return apply_update(channel or proposal.channel, config, proposal.update)

    def live(self) -> tuple[str, bytes]:
        """Return the configuration in force, as the orderers have it, or else the department's first peer."""
        actor = self.invocation.actor
        return actor.channel, actor.newest_config()

    def of_topology(self) -> tuple[str, bytes]:
        """Return the configuration with which the channel would begin by the topology file as it is now."""
        from pyfabric_network.channels.following import with_keys
        from pyfabric_network.material.genesis import channel_config
        from pyfabric_network.opening import wanted_plan

        settings = self.invocation.settings
        name = self.invocation.channel or self.invocation.actor.channel
        plan = wanted_plan(settings.state, settings.network)
        if name not in plan.channels:
            raise ConfigError(f"the topology has no channel {name}: {', '.join(plan.channels)}")
        with with_keys(plan) as planned:  # a department that is new has no certificates yet
            config = channel_config(planned, planned.channels[name])
        return name, config.SerializeToString(deterministic=True)


def _proposal_in(file: Path) -> "Proposal | None":
    """Return the update in a file of ours or of Fabric's tools; None for a file with something else."""
    from pyfabric.admin.config.proposal_files import read_proposal

    try:
        return read_proposal(file.read_bytes())
    except ConfigError:
        return None


def read_file(file: Path) -> tuple[str, bytes]:
    """Return the channel, if the file names it, and the configuration in a file; ConfigError names the file."""
    from pyfabric.admin.channels import read_config

    try:
        return read_config(file.read_bytes())
    except FabricError as error:
        raise ConfigError(f"{file}: {error}") from error
