"""An extra that is not installed is reported in one sentence with the way to install it."""

import pytest

from pyfabric.errors import FabricError, MissingExtraError
from pyfabric.extras import require


def test_what_is_installed_is_not_imported() -> None:
    require("network", "pydoc_data")


def test_what_is_missing_is_named_with_the_command_that_installs_it() -> None:
    with pytest.raises(MissingExtraError) as caught:
        require("network", "json", "no_such_module", "nor_this")
    assert str(caught.value) == (
        "no_such_module is not installed: pip install 'pyfabric-ledger[network]'"
    )
    assert isinstance(caught.value, FabricError)
    assert isinstance(caught.value, ImportError)
