"""A program of fabric-sdk-py's certificate authorities, on our face, at our CA server and at Fabric's.

fabric-sdk-py 1.0.0 itself can only enroll there: Fabric CA 1.5.21 refuses its tokens (code 20), as ours does.
"""

from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

import pytest

from tests.support.ca.embedded_server import embedded_ca
from tests.support.ca.real_server import real_ca
from tests.support.ca.running import REGISTRAR, SECRET, RunningCA
from tests.support.hfc.programs import run_on_face

PROGRAM = Path(__file__).parent / "hfc_ca_program.py"

FACE = {
    "enrolments": {
        "registrar": REGISTRAR,
        "ann": "ann",
        "again": "ann",
        "chain": True,
        "given secret": True,
        "bo": "bo",
        "wrong secret": "ValueError",
        "twice": "ValueError",
        "by request": REGISTRAR,
        "no name": "ValueError",
        "no reason": "ValueError",
        "revoked": 2,
        "serials": 2,
        "crl": True,
        "later": True,
        "after revocation": "ValueError",
    },
    "services": {
        "made": "city.tax",
        "one": "city.tax",
        "all": True,
        "secret": "cy-secret",
        "known": True,
        "cy": "city.tax",
        "changed": [True, 3],
        "renamed": True,
        "moved": "city.land",
        "deleted": True,
        "gone": [False, 63],
        "removed": True,
        "certificates": 1,
        "twice": "ValueError",
    },
    "wallets": {
        "folder": [True, False, "bo", "TaxMSP", True],
        "same": True,
        "memory": [True, False],
        "nobody": "AttributeError",
    },
}


@pytest.mark.parametrize("server", [embedded_ca, real_ca])
def test_the_face_uses_a_ca(
    server: Callable[[Path], AbstractContextManager[RunningCA]],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    folder = tmp_path / "ca"
    root = str(folder / "tls" / "root.pem")
    with server(folder) as ca:
        seen = run_on_face(PROGRAM, tmp_path / "face", monkeypatch, ca.url, root, REGISTRAR, SECRET)
    assert seen == FACE
