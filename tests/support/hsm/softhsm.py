"""Tokens of SoftHSM in a folder of the test, for tests that have the library."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from unittest import mock

import pytest

PIN = "274891"
_PLACES = (
    "/usr/lib/softhsm/libsofthsm2.so",
    "/usr/lib/x86_64-linux-gnu/softhsm/libsofthsm2.so",
    "/usr/lib/aarch64-linux-gnu/softhsm/libsofthsm2.so",
)


def softhsm_library() -> str | None:
    """Return the path of SoftHSM's library: SOFTHSM2_LIB, or where Debian has it; None if it is not installed."""
    places = [os.environ.get("SOFTHSM2_LIB", ""), *_PLACES]
    is_whole = shutil.which("softhsm2-util") is not None
    return next((one for one in places if is_whole and one and Path(one).exists()), None)


TWINS = "twin"
"""The label of two tokens."""


@dataclass(frozen=True)
class SoftHSM:
    """SoftHSM's library, the folder of its tokens, and the labels of those that no test has."""

    library: str
    folder: Path
    labels: list[str]

    def label(self) -> str:
        """Return the label of a token for one test alone."""
        return self.labels.pop()

    def uri(self, label: str) -> str:
        """Return the URI of a token, without its PIN."""
        return f"pkcs11:token={label}?module-path={self.library}"

    def uri_with_pin(self, label: str) -> str:
        """Return the URI of a token, with a file of its PIN."""
        return f"{self.uri(label)}&pin-source=file:{self.folder / 'pin'}"


@contextmanager
def softhsm_in(folder: Path) -> Iterator[SoftHSM]:
    """Yield SoftHSM with tokens in a new folder, or skip the test where it is not installed.

    All tokens are made first: the library sees those that there are when the process initialises it.
    """
    library = softhsm_library()
    if library is None:
        pytest.skip(
            "SoftHSM is not installed (apt-get install softhsm2), nor named by SOFTHSM2_LIB"
        )
    (folder / "tokens").mkdir()
    (folder / "pin").write_text(f"{PIN}\n")
    settings = folder / "softhsm2.conf"
    settings.write_text(f"directories.tokendir = {folder / 'tokens'}\nlog.level = ERROR\n")
    labels = [f"token{number}" for number in range(10)]
    with mock.patch.dict(os.environ, SOFTHSM2_CONF=str(settings)):
        for label in (*labels, TWINS, TWINS):
            subprocess.run(
                [
                    *("softhsm2-util", "--init-token", "--free", "--label", label),
                    *("--pin", PIN, "--so-pin", PIN),
                ],
                check=True,
                capture_output=True,
            )
        yield SoftHSM(library, folder, labels)
