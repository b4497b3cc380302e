"""A plugin that measures coverage in each process of pytest: `-p tests.support.measured`, then `coverage combine`.

`coverage run` measures the one process that it starts, and pytest-xdist runs tests in others. Processes that tests start
are not measured.
"""

import coverage

_MEASURED = coverage.Coverage(data_suffix=True)
_MEASURED.start()  # before anything that is measured is imported


def pytest_unconfigure() -> None:
    """Save what was measured, when all tests of this process have run."""
    _MEASURED.stop()
    _MEASURED.save()
