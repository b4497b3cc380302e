"""The topologies that are bundled with this package, and the file of a topology that a user names."""

from collections.abc import Mapping
from pathlib import Path

from pyfabric.errors import TopologyError


def bundled_topologies() -> Mapping[str, Path]:
    """Return the files of the bundled topologies by name."""
    packaged = Path(__file__).parents[1] / "topologies"
    source = Path(__file__).parents[2]  # in an editable installation
    folder = packaged if packaged.is_dir() else source
    return {path.stem: path for path in sorted(folder.glob("*.yaml"))}


def find_topology(name: str) -> Path:
    """Return the file of a topology given as a path or as the name of a bundled one; raise TopologyError."""
    bundled = bundled_topologies()
    if name in bundled:
        return bundled[name]
    if Path(name).exists():
        return Path(name)
    raise TopologyError(
        f"no such file, nor a bundled topology: name a file or one of {', '.join(bundled)}",
        file=Path(name),
        line=None,
        key="",
    )
