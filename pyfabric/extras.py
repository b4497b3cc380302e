"""The optional parts of this distribution, and what is said where one of them is not installed."""

from importlib.util import find_spec

from pyfabric.errors import MissingExtraError

DISTRIBUTION = "pyfabric-ledger"


def require(extra: str, *modules: str) -> None:
    """Raise MissingExtraError unless all these modules of an extra are installed; import none of them."""
    missing = [name for name in modules if find_spec(name) is None]
    if missing:
        raise MissingExtraError(
            f"{', '.join(missing)} is not installed: pip install '{DISTRIBUTION}[{extra}]'"
        )
