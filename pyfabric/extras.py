"""The optional parts of this distribution, and how one that is not installed is reported."""

from importlib.util import find_spec

from pyfabric.errors import MissingExtraError

DISTRIBUTION = "pyfabric-ledger"


def require(extra: str, *modules: str) -> None:
    """Raise MissingExtraError unless all these modules of an extra are installed; import none of them."""
    for name in modules:
        if find_spec(name) is None:
            raise MissingExtraError(
                f"{name} is not installed: pip install '{DISTRIBUTION}[{extra}]'"
            )
