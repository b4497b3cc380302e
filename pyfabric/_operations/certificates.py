"""When the certificates of a node end, for those who watch it."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Final

from pyfabric._operations.metrics import Registry
from pyfabric.errors import IdentityError
from pyfabric.identity.certificates import load_certificate

IDENTITY: Final = "identity"
TLS: Final = "TLS"


def add_certificate_metrics(registry: Registry, ends: Callable[[], Mapping[str, float]]) -> None:
    """Add the times at which certificates end, by their use; `ends` returns those of now."""
    registry.reading(
        "certificate_end_seconds",
        "When the certificate ends, in seconds since 1970.",
        ("use",),
        lambda: [((use,), end) for use, end in ends().items()],
    )


def ends_of(files: Iterable[tuple[str, Path]]) -> dict[str, float]:
    """Return when the certificates in these files end, by use; what cannot be read is left out."""
    return dict(_ends(files))


def _ends(files: Iterable[tuple[str, Path]]) -> Iterator[tuple[str, float]]:
    for use, file in files:
        try:
            yield use, load_certificate(file.read_bytes()).not_valid_after_utc.timestamp()
        except (OSError, IdentityError):
            continue
