"""A department system whose key never leaves a PKCS#11 token: enrolled by command, then client, administrator and CA caller."""

import asyncio
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from unittest import mock

import pytest
from pyfabric_network.profile import load_profile

from pyfabric import aio
from pyfabric.ca import SigningKey
from pyfabric.gateway import Admin, CertificateAuthority, connect
from pyfabric.identity import PKCS11Key, PKCS11Token, SigningIdentity
from pyfabric.identity.certificates import load_certificate
from pyfabric.profile import Profile
from tests.support.ca.real_server import ca_program
from tests.support.hsm.softhsm import PIN, SoftHSM
from tests.support.network.site import Site, sites

site = sites("""\
name: small
ca_server: true
departments:
  Tax: { users: { ann: {} } }
  Health: {}
ordering:
  nodes: [Tax]
  batch: { timeout: 50ms }
channels:
  bills:
    departments: [Tax, Health]
    contracts: [sample]
contracts:
  sample:
    version: "1.0"
    classes: ["sample:Sample"]
""")


@pytest.fixture(scope="module")
def uri(site: Site, softhsm: SoftHSM) -> str:
    """Return the URI of a token of this runtime alone: one that was opened stays open in this process."""
    return softhsm.uri_with_pin(softhsm.label())


@pytest.fixture(scope="module")
def enrolled(site: Site, uri: str) -> Any:
    """Register and enroll `register`, the system of the department, by command."""
    secret = site.folder / "register.secret"
    site.run("identity", "register", "Tax", "register", "--secret-to", str(secret))
    return site.rows(
        *("identity", "enroll", "register", "--secret-file", str(secret), "--context", "Tax"),
        *("--pkcs11", uri),
    )


@pytest.fixture
def profile(site: Site) -> Profile:
    return load_profile(site.folder / "state/small/profiles/tax.json")


@pytest.fixture
def identity(enrolled: Any, profile: Profile) -> SigningIdentity:
    return profile.user("register")


@pytest.fixture
def authority(profile: Profile) -> Iterator[CertificateAuthority]:
    with CertificateAuthority.of_profile(profile) as found:
        yield found


def keys_in(token: PKCS11Token) -> int:
    from pkcs11 import Attribute, ObjectClass

    return token.session._run(
        lambda session: len(list(session.get_objects({Attribute.CLASS: ObjectClass.PRIVATE_KEY})))
    )


def test_the_command_acts_by_a_key_that_no_file_holds(site: Site, enrolled: Any) -> None:
    assert (enrolled["name"], enrolled["state"]) == ("register", "valid")
    site.run(
        *("chaincode", "invoke", "sample", "put", "colour", "blue"),
        *("--context", "Tax", "--user", "register"),
    )
    assert site.read("bills", "Tax", "colour") == "blue"
    folder = site.folder / "state/small/organizations/tax/users/register@tax/msp"
    for file in (path for path in folder.glob("**/*") if path.is_file()):
        assert b"PRIVATE KEY" not in file.read_bytes()
        assert PIN.encode() not in file.read_bytes()


def test_both_surfaces_submit(identity: SigningIdentity, profile: Profile) -> None:
    with connect(identity, profile.peers) as gateway:
        gateway.network("bills").contract("sample").submit("put", "sync", "1")

    async def submit() -> list[bytes]:
        async with aio.connect(identity, profile.peers) as gateway:
            contract = gateway.network("bills").contract("sample")
            await contract.submit("put", "aio", "2")
            return await asyncio.gather(*(contract.evaluate("get", "sync") for _ in range(50)))

    assert {bytes(one) for one in asyncio.run(submit())} == {b"1"}


def test_an_administrator_asks_a_peer(identity: SigningIdentity, profile: Profile) -> None:
    with Admin(identity) as admin:
        assert admin.chain_info(profile.peers[0], "bills").height > 0


def test_the_ca_takes_what_the_token_signs(
    identity: SigningIdentity, authority: CertificateAuthority, profile: Profile, uri: str
) -> None:
    again = authority.reenroll(identity)
    assert again.identity.signer is identity.signer
    with PKCS11Token(uri) as token:
        key = token.generate_key()
        renewed = authority.reenroll(identity, key=SigningKey(key.public_key(), key)).identity
        with connect(renewed, profile.peers) as gateway:
            gateway.network("bills").contract("sample").submit("put", "renewed", "3")


def test_a_refused_enrolment_leaves_no_key(site: Site, enrolled: Any, uri: str) -> None:
    wrong = site.folder / "wrong.secret"
    wrong.write_text("wrong")
    with PKCS11Token(uri) as token:
        before = keys_in(token)
        site.run(
            *("identity", "enroll", "register", "--secret-file", str(wrong), "--context", "Tax"),
            *("--pkcs11", uri, "--to", str(site.folder / "out")),
            expect=5,
        )
        assert keys_in(token) == before
    assert not (site.folder / "out").exists()


def test_an_identity_is_exported_and_imported_without_its_key(
    site: Site, enrolled: Any, uri: str, softhsm: SoftHSM
) -> None:
    out = site.folder / "handover"
    site.run("identity", "export", "Tax", "register", "--to", str(out))
    assert "privateKey" not in (out / "register.id").read_text()
    entry = ("identity", "import", "Tax", "office", "--from", str(out / "register.id"))
    assert "say in which" in site.run(*entry, expect=5)
    site.run(*entry, "--pkcs11", uri)
    site.run("ledger", "height", "--context", "Tax", "--user", "office")


def test_a_renewal_keeps_the_key(site: Site, enrolled: Any, profile: Profile) -> None:
    before = profile.user("register").identity.certificate
    site.run("network", "renew", "register@tax", "--new-keys", "--yes")
    renewed = profile.user("register")
    assert renewed.identity.certificate != before
    assert isinstance(renewed.signer, PKCS11Key)
    with connect(renewed, profile.peers) as gateway:
        gateway.network("bills").contract("sample").submit("put", "kept", "4")


def test_a_pin_is_asked_for_and_not_taken_as_an_argument(
    site: Site, enrolled: Any, uri: str
) -> None:
    certificate = site.folder / "register.pem"
    holder = site.rows("identity", "show", "Tax", "register")
    certificate.write_bytes(Path(holder["file"]).read_bytes())
    command = ("identity", "import", "Tax", "asked", "--certificate", str(certificate), "--pkcs11")
    assert "must not hold the PIN" in site.run(*command, f"{uri}&pin-value={PIN}", expect=5)
    with mock.patch("typer.prompt", return_value=PIN) as prompt:
        site.run(*command, uri.partition("&pin-source")[0])
        site.run("ledger", "height", "--context", "Tax", "--user", "asked")
    assert prompt.call_count == 2


@pytest.mark.fabric
def test_fabric_ca_client_and_this_client_use_each_others_keys(
    site: Site, softhsm: SoftHSM, authority: CertificateAuthority, profile: Profile
) -> None:
    """Check both directions: the option --pkcs11 of `enroll` and the BCCSP of Fabric's own client find keys by the same id."""
    if site.runtime == "embedded":
        pytest.skip("one run on Fabric's own CA server is enough")
    program, label = ca_program("fabric-ca-client"), softhsm.label()
    secret = site.folder / "clerk.secret"
    site.run("identity", "register", "Tax", "clerk", "--secret-to", str(secret))
    entry = profile.authority()
    home = site.folder / "fabric-ca-client"
    home.mkdir()
    (home / "tls.pem").write_bytes(entry.tls_roots)
    (home / "fabric-ca-client-config.yaml").write_text(
        f"bccsp: {{ default: PKCS11, pkcs11: {{ library: {softhsm.library}, label: {label}, "
        f"pin: '{PIN}', hash: SHA2, security: 256 }} }}\n"
    )
    host = entry.url.removeprefix("https://")

    def run(*arguments: str, url: str = f"https://{host}") -> str:
        done = subprocess.run(
            [
                *(program, *arguments, "--home", str(home), "--caname", entry.name),
                *("--tls.certfiles", "tls.pem", "-u", url),
            ],
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout + done.stderr

    run("enroll", url=f"https://clerk:{secret.read_text().strip()}@{host}")
    certificate = (home / "msp/signcerts/cert.pem").read_bytes()
    with PKCS11Token(softhsm.uri_with_pin(label)) as token:
        theirs = token.identity(profile.msp_id, certificate)
        with connect(theirs, profile.peers) as gateway:
            gateway.network("bills").contract("sample").submit("put", "theirs", "5")
        key = token.generate_key()
        ours = authority.reenroll(theirs, key=SigningKey(key.public_key(), key)).identity
    (home / "msp/signcerts/cert.pem").write_bytes(ours.identity.certificate)
    run("reenroll", "--csr.keyrequest.reusekey")
    again = (home / "msp/signcerts/cert.pem").read_bytes()
    assert again != ours.identity.certificate
    assert load_certificate(again).public_key() == key.public_key()
