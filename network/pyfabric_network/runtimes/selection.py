"""The runtimes there are, by name."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from pyfabric_network.runtimes.compose_runtime import ComposeRuntime
from pyfabric_network.runtimes.embedded import EmbeddedRuntime
from pyfabric_network.runtimes.native import NativeRuntime
from pyfabric_network.runtimes.runtime import Runtime, RuntimeName


@dataclass(frozen=True, slots=True)
class Site:
    """Where a network runs: its folder `root`, the Fabric release (`fabric`) that its topology asks for, and the folder of
    Fabric's `programs` (None: they are on PATH)."""

    root: Path
    fabric: str
    programs: Path | None


def _embedded(site: Site) -> Runtime:
    return EmbeddedRuntime(site.root)


def _native(site: Site) -> Runtime:
    return NativeRuntime(site.root, programs=site.programs, fabric=site.fabric)


def _compose(site: Site) -> Runtime:
    return ComposeRuntime(site.root)


_RUNTIMES: Mapping[RuntimeName, Callable[[Site], Runtime]] = {
    RuntimeName.EMBEDDED: _embedded,
    RuntimeName.NATIVE: _native,
    RuntimeName.COMPOSE: _compose,
}


def make_runtime(name: RuntimeName, site: Site) -> Runtime:
    """Return the runtime of a network."""
    return _RUNTIMES[name](site)
