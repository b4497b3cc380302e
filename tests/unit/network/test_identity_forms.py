"""An identity in files that is replaced: whatever interrupts it, one of the two is there, and the former one is kept."""

import shutil
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from pyfabric_network.identities.forms import (
    Form,
    definition_of_chain,
    read_identity,
    replace_identity,
    write_identity,
)

from pyfabric.errors import IdentityError
from pyfabric.identity import CertificateAuthority, generate_private_key, private_key_pem
from pyfabric.identity.loading import load_identity
from pyfabric.identity.signing import SigningIdentity
from pyfabric.local import files

NOW = datetime(2026, 11, 30, tzinfo=UTC)
CA = CertificateAuthority.create("ca.tax", "Tax", now=NOW)


def ann() -> SigningIdentity:
    """Return ann with a new certificate and key."""
    key = generate_private_key()
    certificate = CA.issue("ann", now=NOW, public_key=key.public_key())
    return load_identity("TaxMSP", certificate, private_key_pem(key))


@pytest.mark.parametrize("form", ["wallet", "msp"])
def test_an_interruption_leaves_a_usable_identity(
    form: Form, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rename: Callable[[Path, Path], None] = files.rename
    definition = definition_of_chain(CA.certificate_pem, "TaxMSP")
    for steps in range(20):
        folder = tmp_path / str(steps)
        former, following, last = ann(), ann(), ann()
        source = write_identity(folder, "ann", former, definition, form)
        left = steps

        def stop(draft: Path, path: Path) -> None:
            nonlocal left
            if not left:
                raise OSError(5, "the disk is gone")
            left -= 1
            rename(draft, path)

        with monkeypatch.context() as patched:
            patched.setattr(files, "rename", stop)
            try:
                replace_identity(source, former, following)
                done = True
            except IdentityError:
                done = False
        found = read_identity(source, "TaxMSP")
        assert found.identity in (
            (following.identity,) if done else (former.identity, following.identity)
        )
        kept = replace_identity(source, found, last)
        assert read_identity(source, "TaxMSP").identity == last.identity
        assert read_identity(kept, "TaxMSP").identity == found.identity
        if form == "msp":
            assert [one.name for one in (source / "keystore").iterdir()] == ["priv_sk"]
        shutil.rmtree(folder)
        if done:
            return
    raise AssertionError("it never ended")
