"""What one run of the command works with: settings, results' printer, contexts, and a network."""

from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING

from pyfabric_network.contexts import Contexts, Language

from pyfabric_cli import options
from pyfabric_cli.output import Printer
from pyfabric_cli.settings import OutputFormat, Settings, read_settings

if TYPE_CHECKING:  # loaded by the command that uses it
    from pyfabric_network.network import Network


@dataclass(frozen=True)
class Invocation:
    """One run of the command. Its fields are options, with which `pyfabric_cli.commands` makes it; so are those of
    the classes that extend it."""

    state: options.State = None
    output: options.Output = None
    settings: Settings = field(init=False)
    """The settings with the options over them."""

    def __post_init__(self) -> None:
        """Read the settings before anything is done; raise ConfigError."""
        found = read_settings()
        found = replace(found, state=self.state or found.state, output=self.output or found.output)
        object.__setattr__(self, "settings", found)

    @property
    def as_json(self) -> bool:
        """Whether results are printed as JSON."""
        return self.settings.output is OutputFormat.JSON

    @property
    def printer(self) -> Printer:
        """Prints results as the settings ask for."""
        return Printer(self.settings.output)

    @property
    def language(self) -> Language:
        """The language of what contracts say."""
        return self.settings.language or self.settings.locale

    @property
    def contexts(self) -> Contexts:
        """The contexts in the state folder."""
        return Contexts(self.settings.state)


@dataclass(frozen=True)
class OnNetwork(Invocation):
    """One run of a command on a network of this machine."""

    network: options.NetworkName = None

    @property
    def name(self) -> str | None:
        """The network's name, if it was chosen."""
        return self.network or self.settings.network

    @cached_property
    def opened(self) -> "Network":
        """The network, which exists; raises NetworkError."""
        from pyfabric_network.network import Network

        return Network.open(self.settings.state, self.name, programs=self.settings.programs)

    def reopened(self) -> "Network":
        """Return the network with the present contents of its topology file; raises TopologyError too."""
        from pyfabric_network.network import Network

        return Network.reopen(self.settings.state, self.name, programs=self.settings.programs)
