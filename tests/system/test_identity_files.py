"""Identities in files of a system that has nothing else of its department: enrolled and renewed at a CA by command."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID
from pyfabric_network.identities.forms import (
    Form,
    definition_of_chain,
    read_identity,
    write_identity,
)

from pyfabric.errors import IdentityError
from pyfabric.gateway import CertificateAuthority
from pyfabric.identity import CertificateAuthority as Issuer
from pyfabric.identity import generate_private_key, load_ca, private_key_pem
from pyfabric.identity.keys import load_private_key
from pyfabric.identity.loading import load_identity
from pyfabric.identity.signing import SigningIdentity
from pyfabric.identity.trust import read_certificate
from tests.support.ca.embedded_server import embedded_ca
from tests.support.ca.fake_ca import FakeCA, issue
from tests.support.ca.real_server import real_ca
from tests.support.ca.running import REGISTRAR, SECRET, RunningCA
from tests.support.ca.scripted import ScriptedCA, issuing, serving
from tests.support.commands import Ended, run_command

FORMS: list[tuple[Form, str]] = [("wallet", "ann.id"), ("msp", "ann"), ("pem", "ann")]


@dataclass(frozen=True)
class Office:
    """A folder with a department's connection profile and the identity of ann in files, and the CA of the profile."""

    folder: Path
    server: RunningCA
    issuer: Issuer

    def run(self, *arguments: str, given: str = "", profile: str = "tax.json") -> Ended:
        """Run a command of `pyfabric identity` by the profile."""
        file = str(self.folder / profile)
        return run_command("identity", *arguments, "--profile", file, "-o", "json", given=given)

    def put(self, name: str, url: str, tls_roots: bytes = b"", **own: object) -> None:
        """Write a connection profile."""
        ca: dict[str, Any] = {"url": url, "x-pyfabric": own}
        if tls_roots:
            ca["tlsCACerts"] = {"pem": tls_roots.decode()}
        tax = {"mspid": "TaxMSP", "peers": [], "certificateAuthorities": ["ca"]}
        document = {
            "name": "town",
            "client": {"organization": "Tax"},
            "organizations": {"Tax": tax},
            "certificateAuthorities": {"ca": ca},
        }
        (self.folder / name).write_text(json.dumps(document))

    def keep(self, identity: SigningIdentity, form: Form) -> Path:
        """Write an identity to files."""
        chain = self.issuer.certificate_pem
        definition = definition_of_chain(chain, "TaxMSP")
        return write_identity(self.folder, "ann", identity, definition, form)

    @contextmanager
    def registrar(self) -> Iterator[tuple[CertificateAuthority, SigningIdentity]]:
        """Give the CA and its registrar."""
        with CertificateAuthority(
            self.server.url, msp_id="TaxMSP", tls_roots=self.server.tls_roots
        ) as ca:
            yield ca, ca.enroll(REGISTRAR, SECRET).identity

    def enrolled(self) -> SigningIdentity:
        """Return ann, who was registered and enrolled."""
        with self.registrar() as (ca, registrar):
            return ca.enroll("ann", ca.register(registrar, "ann", max_enrollments=1)).identity

    def contents(self) -> dict[Path, bytes]:
        """Return all that is in the folder."""
        return {
            one: one.read_bytes()
            for one in self.folder.rglob("*")
            if one.is_file() and not one.is_relative_to(self.folder / "server")
        }


@pytest.fixture(
    params=[embedded_ca, pytest.param(real_ca, marks=pytest.mark.fabric)],
    ids=["embedded", "fabric"],
)
def office(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Office]:
    with request.param(tmp_path / "server") as running:
        found = Office(tmp_path, running, issuer(tmp_path / "server"))
        found.put("tax.json", running.url, running.tls_roots)
        yield found


def issuer(folder: Path) -> Issuer:
    """Return the key of the server's first CA."""
    if (folder / "tax").is_dir():
        return load_ca(folder / "tax")
    certificate = (folder / "ca-cert.pem").read_bytes()
    for key in (folder / "msp/keystore").iterdir():
        with suppress(IdentityError):
            return Issuer.load(certificate, key.read_bytes())
    raise AssertionError(f"the CA's key is not in {folder}")


@pytest.mark.parametrize(("form", "file"), FORMS)
def test_files_get_the_next_certificate_and_the_former_one_stays_beside_them(
    office: Office, form: Form, file: str
) -> None:
    former = office.enrolled()
    source = office.keep(former, form)
    assert source == office.folder / file
    same = ["--same-key"] if form == "pem" else []
    ended = office.run("renew", "--from", str(source), *same)
    assert ended.code == 0, ended.err
    now = read_identity(source, "TaxMSP")
    certificate = read_certificate(now.identity.certificate)
    assert ended.json()["serial"] == f"{certificate.serial:x}"
    before = read_certificate(former.identity.certificate)
    assert (certificate.public_key == before.public_key) is (form == "pem")
    kept = Path(ended.json()["former"])
    assert read_identity(kept, "TaxMSP").identity == former.identity
    keys = [one for one in office.contents() if b"PRIVATE KEY" in one.read_bytes()]
    assert {one.stat().st_mode & 0o777 for one in keys} == {0o600}
    assert len(keys) == 2
    with office.registrar() as (ca, registrar):
        assert ca.identity(registrar, "ann").name == "ann"
        ca.reenroll(now)  # the CA knows the new certificate
    assert office.run("renew", "--from", str(source), *same).code == 0


def test_a_new_secret_is_the_way_out(office: Office) -> None:
    office.enrolled()
    source = office.keep(expired(office), "wallet")
    refused = office.run("renew", "--from", str(source))
    assert "pyfabric identity modify --new-secret" in refused.err
    with office.registrar() as (ca, registrar):
        ca.change_identity(registrar, "ann", secret="again", max_enrollments=2)
    to = ("--to", str(office.folder / "next"), "--secret-file", "-")
    assert office.run("enroll", "ann", *to, given="again\n").code == 0
    read_identity(office.folder / "next" / "ann.id", "TaxMSP")


def expired(office: Office) -> SigningIdentity:
    """Return ann with a certificate of the CA that has ended."""
    key, now = generate_private_key(), datetime.now(UTC)
    above = office.issuer.certificate
    own = above.extensions.get_extension_for_class(x509.SubjectKeyIdentifier)
    made = (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "ann")]))
        .issuer_name(above.subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=20))
        .not_valid_after(now - timedelta(days=1))
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(own.value), False
        )
        .sign(load_private_key(office.issuer.key_pem), hashes.SHA256())
    )
    return load_identity("TaxMSP", made.public_bytes(Encoding.PEM), private_key_pem(key))


def revoked(office: Office) -> SigningIdentity:
    """Return ann, whose certificate is revoked."""
    found = office.enrolled()
    certificate = read_certificate(found.identity.certificate)
    with office.registrar() as (ca, registrar):
        key_id = certificate.authority_key_id.hex()
        ca.revoke_certificate(registrar, f"{certificate.serial:x}", key_id)
    return found


def of_another_ca(office: Office) -> SigningIdentity:
    """Return ann as another CA of this name knows her."""
    key, now = generate_private_key(), datetime.now(UTC)
    other = Issuer.create("ca.tax", "tax", now=now)
    made = other.issue("ann", now=now, public_key=key.public_key(), unit="client")
    return load_identity("TaxMSP", made, private_key_pem(key))


@pytest.mark.parametrize(
    ("who", "text"),
    [
        (revoked, "it is revoked, or another CA"),
        (expired, "it ended at "),
        (of_another_ca, "another"),
    ],
    ids=["revoked", "expired", "another CA"],
)
def test_whom_a_ca_does_not_renew(
    office: Office, who: Callable[[Office], SigningIdentity], text: str
) -> None:
    source = office.keep(who(office), "wallet")
    before = office.contents()
    ended = office.run("renew", "--from", str(source))
    assert (ended.code, office.contents()) == (5, before)
    assert "does not renew by this certificate" in ended.err
    assert text in ended.err


def test_who_does_not_enroll(office: Office) -> None:
    office.enrolled()
    with office.registrar() as (ca, registrar):
        left = ca.register(registrar, "left", max_enrollments=-1)
        ca.revoke(registrar, "left")
    before = office.contents()
    to = ("--to", str(office.folder / "new"), "--secret-file", "-")
    for name, secret in (("ann", "wrong"), ("nobody", "wrong"), ("left", left)):
        ended = office.run("enroll", name, *to, given=secret)
        assert ended.code == 5, ended
        assert "code 20" in ended.err
    assert office.contents() == before


def test_what_is_refused_before_a_ca_is_asked(office: Office) -> None:
    source = office.keep(office.enrolled(), "pem")
    before = office.contents()
    for arguments, code, text in (
        (("--from", str(source)), 3, "cannot be replaced both at once: renew with --same-key"),
        (("--from", str(source), "--same-key", "--revoke"), 3, "pyfabric identity revoke"),
        (("--from", str(office.folder / "tax.json")), 5, "is neither an MSP folder"),
        ((), 3, "give the name of a user of this machine, or --from"),
    ):
        ended = office.run("renew", *arguments)
        assert (ended.code, text in ended.err) == (code, True), ended
    assert office.contents() == before


LIES: dict[str, Callable[[Issuer], FakeCA]] = {
    "for another key": lambda ca: FakeCA(
        lambda own, asked: issue(own, asked, public_key=generate_private_key().public_key()), ca
    ),
    "for 'bo' instead of 'ann'": lambda ca: FakeCA(
        lambda own, asked: issue(own, asked, common_name="bo"), ca
    ),
    "does not lead to a trusted root": lambda _: FakeCA(),
    "that ended at": lambda ca: FakeCA(
        lambda own, asked: issue(own, asked, now=datetime.now(UTC) - timedelta(days=9), days=8), ca
    ),
}


@pytest.mark.parametrize("lie", LIES)
def test_a_ca_that_lies_or_is_down_changes_nothing(tmp_path: Path, lie: str) -> None:
    now = datetime.now(UTC)
    ca = Issuer.create("ca.tax", "tax", now=now - timedelta(days=30))
    key = generate_private_key()
    made = ca.issue("ann", now=now, public_key=key.public_key(), unit="client")
    office = Office(tmp_path, RunningCA("", b"", "tax"), ca)
    source = office.keep(load_identity("TaxMSP", made, private_key_pem(key)), "wallet")
    to = ("--to", str(tmp_path / "new"), "--secret-file", "-")
    with contextmanager(serving)(ScriptedCA(issuing(LIES[lie](ca))), None) as lying:
        office.put("tax.json", lying.url, trusted=ca.certificate_pem.decode())
        before = office.contents()
        for ended in (
            office.run("renew", "--from", str(source)),
            office.run("enroll", "ann", *to, given="secret"),
        ):
            assert (ended.code, lie in ended.err) == (5, True), ended.err
        assert len(lying.seen) == 2
    for ended in (
        office.run("renew", "--from", str(source)),
        office.run("enroll", "ann", *to, given="secret"),
    ):
        assert ended.code != 0
        assert lying.url.removeprefix("http://") in ended.err
    assert office.contents() == before
