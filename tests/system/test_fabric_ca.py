"""The whole client of Fabric CA, on both surfaces, against the embedded CA server and Fabric's own fabric-ca-server."""

import itertools
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec

from pyfabric.ca import (
    Attribute,
    AttributeRequest,
    CAErrorCode,
    CertificateOptions,
    SigningKey,
    SubjectNames,
)
from pyfabric.errors import CAError, GatewayError, IdentityError
from pyfabric.identity import (
    CertificateAuthority,
    FunctionSigner,
    PrivateKeySigner,
    Wallet,
    generate_private_key,
)
from pyfabric.identity.certificates import certificate_attributes
from pyfabric.identity.signing import SigningIdentity
from tests.support.ca.embedded_server import embedded_ca
from tests.support.ca.real_server import ca_program, real_ca, real_intermediate, real_plain_ca
from tests.support.ca.running import REGISTRAR, SECOND_CA, SECRET, RunningCA
from tests.support.client.surfaces import Surface
from tests.support.paths import ROOT
from tests.support.transport.tls import tls_material

NUMBERS = itertools.count()
NOT_THERE = CAErrorCode.NOT_FOUND
UNKNOWN_PROFILE = "Invalid profile: 'no such'"


@pytest.fixture(
    scope="module",
    params=[embedded_ca, pytest.param(real_ca, marks=pytest.mark.fabric)],
    ids=["embedded", "fabric"],
)
def server(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[RunningCA]:
    with request.param(tmp_path_factory.mktemp("ca") / "server") as running:
        yield running


@pytest.fixture(params=["gateway", "aio"])
def surface(request: pytest.FixtureRequest) -> Iterator[Surface]:
    found = Surface(request.param)
    yield found
    found.close()


@pytest.fixture
def ca(server: RunningCA, surface: Surface) -> Iterator[Any]:
    with surface.CertificateAuthority(
        server.url, msp_id="TaxMSP", tls_roots=server.tls_roots
    ) as found:
        yield found


@pytest.fixture
def registrar(ca: Any) -> SigningIdentity:
    identity: SigningIdentity = ca.enroll(REGISTRAR, SECRET).identity
    return identity


@pytest.fixture
def ann() -> str:
    """Provide a name that no other test registers."""
    return f"ann{next(NUMBERS)}"


def certificate(identity: SigningIdentity) -> x509.Certificate:
    return x509.load_pem_x509_certificate(identity.identity.certificate)


def units(identity: SigningIdentity) -> set[str | bytes]:
    name = certificate(identity).subject
    return {one.value for one in name.get_attributes_for_oid(x509.NameOID.ORGANIZATIONAL_UNIT_NAME)}


def test_a_ca_tells_who_it_is(ca: Any, server: RunningCA, surface: Surface) -> None:
    info = ca.info()
    assert info.name == server.name
    own = x509.load_pem_x509_certificate(info.chain)
    with surface.CertificateAuthority(
        server.url, msp_id="LandMSP", name=SECOND_CA, tls_roots=server.tls_roots
    ) as second:
        other = second.info()
        assert other.name == SECOND_CA
        assert x509.load_pem_x509_certificate(other.chain).subject != own.subject
        landlord = second.enroll("landlord", "landpw").identity
        assert [one.name for one in second.identities(landlord)] == ["landlord"]
        second.add_identity(landlord, "x", secret="s")
        assert second.remove_identity(landlord, "x").name == "x"
        with pytest.raises(CAError) as refused:
            ca.identities(landlord)
        assert refused.value.code == CAErrorCode.AUTHENTICATION_FAILURE


def test_an_identity_enrolls_with_its_attributes_and_goes_into_a_wallet(
    ca: Any, registrar: SigningIdentity, ann: str, tmp_path: Path
) -> None:
    given = [Attribute("office", "north", ecert=True), Attribute("grade", "7")]
    secret = ca.register(
        registrar, ann, affiliation="org1.department1", attributes=given, max_enrollments=2
    )
    options = CertificateOptions(subject=SubjectNames(country="CN", organization="Tax"))
    first = ca.enroll(ann, secret, options=options).identity
    Wallet(tmp_path).put("ann", first)
    assert Wallet(tmp_path).get("ann").identity == first.identity
    assert units(first) == {"client", "org1", "department1"}
    subject = certificate(first).subject
    assert subject.get_attributes_for_oid(x509.NameOID.ORGANIZATION_NAME)[0].value == "Tax"
    found = certificate_attributes(certificate(first))
    assert found["office"] == "north"
    assert "grade" not in found
    asked = CertificateOptions(
        attributes=[AttributeRequest("grade"), AttributeRequest("age", optional=True)]
    )
    second = ca.enroll(ann, secret, options=asked).identity
    assert certificate_attributes(certificate(second)) == {"grade": "7"}
    with pytest.raises(CAError) as refused:
        ca.enroll(ann, secret)
    assert refused.value.code == CAErrorCode.AUTHENTICATION_FAILURE
    none = ca.reenroll(first, options=CertificateOptions(attributes=[])).identity
    assert certificate_attributes(certificate(none)) == {}


def test_a_wrong_secret_locks_an_identity_until_it_gets_a_new_one(
    ca: Any, registrar: SigningIdentity, ann: str
) -> None:
    ca.register(registrar, ann, secret="right")
    for _ in range(3):
        with pytest.raises(CAError) as wrong:
            ca.enroll(ann, "wrong")
        assert (wrong.value.status, wrong.value.code) == (401, 20)
    with pytest.raises(CAError) as locked:
        ca.enroll(ann, "right")
    assert locked.value.code == CAErrorCode.TOO_MANY_WRONG_SECRETS
    changed = ca.change_identity(registrar, ann, secret="new")
    assert (changed.name, changed.secret) == (ann, "new")
    assert ca.enroll(ann, "new").identity.msp_id == "TaxMSP"


@pytest.mark.parametrize("kind", ["p256", "p384", "ed25519"])
def test_every_kind_of_key_enrolls_asks_and_enrolls_again(
    ca: Any, registrar: SigningIdentity, ann: str, kind: str
) -> None:
    secret = ca.register(registrar, ann, attributes=[Attribute("hf.Registrar.Roles", "client")])
    first = ca.enroll(ann, secret, key=kind).identity
    assert ann in [one.name for one in ca.identities(first)]
    same = ca.reenroll(first).identity
    assert certificate(same).public_key() == certificate(first).public_key()
    assert certificate(same).serial_number != certificate(first).serial_number
    new = ca.reenroll(same, key="p384").identity
    assert isinstance(certificate(new).public_key(), ec.EllipticCurvePublicKey)
    assert certificate(new).public_key() != certificate(first).public_key()
    assert ca.identity(new, ann).name == ann


def test_a_key_that_is_kept_elsewhere_enrolls_and_renews(
    ca: Any, registrar: SigningIdentity, ann: str, tmp_path: Path
) -> None:
    key = generate_private_key()
    signed = []

    def hardware(message: bytes) -> bytes:
        signed.append(message)
        return PrivateKeySigner(key).sign(message)

    held = SigningKey(key.public_key(), FunctionSigner(hardware))
    secret = ca.register(registrar, ann)
    identity = ca.enroll(ann, secret, key=held).identity
    again = ca.reenroll(identity).identity
    assert certificate(again).public_key() == key.public_key()
    assert len(signed) == 3  # two signing requests and a token
    with pytest.raises(IdentityError, match="kept by another signer"):
        Wallet(tmp_path).put("ann", again)
    wrong = SigningKey(generate_private_key().public_key(), FunctionSigner(hardware))
    with pytest.raises(IdentityError, match="does not sign with the given public key"):
        ca.enroll(ann, secret, key=wrong)


def test_a_tls_certificate_names_its_hosts(ca: Any, registrar: SigningIdentity, ann: str) -> None:
    secret = ca.register(registrar, ann, type="peer")
    hosts = ["peer0.tax.test", "127.0.0.1", "0:0::1", "a@b.test", "spiffe://tax/peer0"]
    options = CertificateOptions(profile="tls", hosts=hosts)
    found = certificate(ca.enroll(ann, secret, options=options).identity)
    names = found.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert names.get_values_for_type(x509.DNSName) == ["peer0.tax.test"]
    assert [str(one) for one in names.get_values_for_type(x509.IPAddress)] == ["127.0.0.1", "::1"]
    uses = found.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    assert x509.ExtendedKeyUsageOID.SERVER_AUTH in uses


def test_an_intermediate_ca_is_for_those_with_the_attribute(
    ca: Any, registrar: SigningIdentity, ann: str
) -> None:
    options = CertificateOptions(profile="ca")
    ca.enroll(REGISTRAR, SECRET, options=options)
    secret = ca.register(registrar, ann)
    for profile, code in (("ca", CAErrorCode.AUTHORIZATION_FAILURE), ("no such", 0)):
        with pytest.raises(CAError) as refused:
            ca.enroll(ann, secret, options=CertificateOptions(profile=profile))
        assert refused.value.code == code
    assert refused.value.message == UNKNOWN_PROFILE
    with pytest.raises(CAError, match="attributes are missing"):
        ca.enroll(ann, secret, options=CertificateOptions(attributes=[AttributeRequest("none")]))


def test_registrations_are_refused_with_fabrics_codes(
    ca: Any, registrar: SigningIdentity, ann: str
) -> None:
    secret = ca.register(registrar, ann)
    identity = ca.enroll(ann, secret).identity
    with pytest.raises(CAError) as forbidden:
        ca.register(identity, "bo")
    with pytest.raises(CAError) as again:
        ca.register(registrar, ann)
    with pytest.raises(CAError) as bad:
        ca.register(registrar, f"{ann}2", max_enrollments=-2)
    codes = [one.value.code for one in (forbidden, again, bad)]
    assert codes == [
        CAErrorCode.AUTHORIZATION_FAILURE,
        CAErrorCode.ALREADY_REGISTERED,
        CAErrorCode.BAD_MAX_ENROLLMENTS,
    ]


def test_identities_are_added_shown_changed_and_removed(
    ca: Any, registrar: SigningIdentity, ann: str
) -> None:
    name = f"{ann} ü|%+&'"
    added = ca.add_identity(
        registrar, name, affiliation="org1", attributes=[Attribute("a", "1")], secret="s"
    )
    assert (added.affiliation, added.max_enrollments) == ("org1", -1)
    shown = ca.identity(registrar, name)
    assert Attribute("a", "1") in shown.attributes
    changed = ca.change_identity(
        registrar,
        name,
        type="peer",
        affiliation="org2",
        attributes=[Attribute("a", ""), Attribute("b", "2", ecert=True)],
        max_enrollments=5,
    )
    assert (changed.type, changed.affiliation, changed.max_enrollments) == ("peer", "org2", 5)
    assert Attribute("b", "2", ecert=True) in changed.attributes
    assert "a" not in {one.name for one in changed.attributes}
    assert ca.change_identity(registrar, name, affiliation="").affiliation == ""
    assert ca.change_identity(registrar, name, max_enrollments=0).max_enrollments == 0
    with pytest.raises(CAError):
        ca.enroll(name, "s")
    assert name in {one.name for one in ca.identities(registrar)}
    assert ca.remove_identity(registrar, name).name == name
    with pytest.raises(CAError) as gone:
        ca.identity(registrar, name)
    assert gone.value.code == NOT_THERE


def test_a_registrar_removes_itself_only_by_force(
    ca: Any, registrar: SigningIdentity, ann: str
) -> None:
    secret = ca.register(registrar, ann, attributes=[Attribute("hf.Registrar.Roles", "client")])
    identity = ca.enroll(ann, secret).identity
    with pytest.raises(CAError) as refused:
        ca.remove_identity(identity, ann)
    assert refused.value.code == CAErrorCode.IDENTITY_NOT_REMOVED
    assert ca.remove_identity(identity, ann, force=True).name == ann


def test_affiliations_are_added_renamed_and_removed_with_their_identities(
    ca: Any, registrar: SigningIdentity, ann: str
) -> None:
    top = f"city-of-{ann}"
    with pytest.raises(CAError) as missing:
        ca.add_affiliation(registrar, f"{top}.tax")
    assert missing.value.code == NOT_THERE
    assert ca.add_affiliation(registrar, f"{top}.tax", force=True).name == f"{top}.tax"
    with pytest.raises(CAError) as again:
        ca.add_affiliation(registrar, f"{top}.tax")
    assert again.value.code == CAErrorCode.AFFILIATION_NOT_ADDED
    ca.register(registrar, ann, affiliation=f"{top}.tax")
    (tax,) = ca.affiliation(registrar, top).affiliations
    assert tax.name == f"{top}.tax"
    assert top in {one.name for one in ca.affiliations(registrar).affiliations}
    with pytest.raises(CAError):
        ca.rename_affiliation(registrar, top, f"{top}s")
    renamed = ca.rename_affiliation(registrar, top, f"{top}s", force=True)
    assert [one.name for one in renamed.affiliations[0].identities] == [ann]
    assert ca.identity(registrar, ann).affiliation == f"{top}s.tax"
    with pytest.raises(CAError):
        ca.remove_affiliation(registrar, f"{top}s")
    removed = ca.remove_affiliation(registrar, f"{top}s", force=True)
    assert removed.affiliations[0].identities[0].name == ann
    with pytest.raises(CAError) as gone:
        ca.identity(registrar, ann)
    assert gone.value.code == NOT_THERE


def test_revocation_reaches_the_revocation_list_and_ends_all_rights(
    ca: Any, registrar: SigningIdentity, ann: str
) -> None:
    secret = ca.register(registrar, ann)
    first, second = (ca.enroll(ann, secret).identity for _ in range(2))
    serial = f"{certificate(first).serial_number:x}"
    key_id = certificate(first).extensions.get_extension_for_class(x509.AuthorityKeyIdentifier)
    issuer = (key_id.value.key_identifier or b"").hex()
    one = ca.revoke_certificate(registrar, serial, issuer, reason="keycompromise")
    assert [item.serial for item in one.certificates] == [serial.lstrip("0")]
    assert one.crl == b""
    with pytest.raises(CAError) as again:
        ca.revoke_certificate(registrar, serial, issuer)
    assert again.value.code == CAErrorCode.ALREADY_REVOKED
    with pytest.raises(CAError) as refused:
        ca.reenroll(first)
    assert refused.value.code == CAErrorCode.AUTHENTICATION_FAILURE
    assert ca.reenroll(second, key="p256").identity
    rest = ca.revoke(registrar, ann, reason="cessationofoperation", with_crl=True)
    assert len(rest.certificates) == 2
    listed = {item.serial_number for item in x509.load_pem_x509_crl(rest.crl)}
    assert {certificate(first).serial_number, certificate(second).serial_number} <= listed
    assert {item.serial_number for item in x509.load_pem_x509_crl(ca.crl(registrar))} == listed
    long_ago = datetime(2020, 1, 1, tzinfo=UTC)
    assert not list(x509.load_pem_x509_crl(ca.crl(registrar, revoked_before=long_ago)))
    with pytest.raises(CAError):
        ca.enroll(ann, secret)
    with pytest.raises(CAError) as nobody:
        ca.revoke(registrar, "nobody at all")
    assert nobody.value.code == CAErrorCode.IDENTITY_TO_REVOKE_NOT_FOUND


def test_certificates_are_found_by_whose_they_are_and_by_times(
    ca: Any, registrar: SigningIdentity, ann: str
) -> None:
    secret = ca.register(registrar, ann)
    kept = ca.enroll(ann, secret).identity
    lost = ca.enroll(ann, secret).identity
    serial = f"{certificate(lost).serial_number:x}"
    key_id = certificate(lost).extensions.get_extension_for_class(x509.AuthorityKeyIdentifier)
    issuer = (key_id.value.key_identifier or b"").hex()
    ca.revoke_certificate(registrar, serial, issuer)
    both = [kept.identity.certificate, lost.identity.certificate]
    assert sorted(ca.certificates(registrar, name=ann)) == sorted(both)
    assert ca.certificates(registrar, name=ann, not_revoked=True) == (both[0],)
    assert ca.certificates(registrar, serial=serial, authority_key_id=issuer) == (both[1],)
    now = datetime.now(UTC)
    year = timedelta(days=400)
    in_time = ca.certificates(registrar, name=ann, expire_after=now, expire_before=now + year)
    assert sorted(in_time) == sorted(both)
    assert ca.certificates(registrar, name=ann, expire_after=now + year) == ()
    hour = timedelta(hours=1)
    revoked = ca.certificates(
        registrar, name=ann, revoked_after=now - hour, revoked_before=now + hour
    )
    assert revoked == (both[1],)
    with pytest.raises(CAError) as conflict:
        ca.certificates(registrar, not_expired=True, expire_after=now)
    assert conflict.value.code == CAErrorCode.CERTIFICATES_NOT_READ


def test_what_our_client_registers_fabrics_client_enrolls_and_the_other_way_round(
    ca: Any, server: RunningCA, registrar: SigningIdentity, ann: str, tmp_path: Path
) -> None:
    program = ca_program("fabric-ca-client")
    (tmp_path / "root.pem").write_bytes(server.tls_roots)

    def client(*arguments: str) -> str:
        ran = subprocess.run(
            [program, *arguments, "--tls.certfiles", str(tmp_path / "root.pem")],
            env={"FABRIC_CA_CLIENT_HOME": str(tmp_path)},
            capture_output=True,
            text=True,
            check=True,
            cwd=tmp_path,
        )
        return ran.stdout

    secret = ca.register(registrar, ann, attributes=[Attribute("hf.Registrar.Roles", "client")])
    address = server.url.removeprefix("https://")
    client("enroll", "-u", f"https://{ann}:{secret}@{address}")
    made = client("register", "-u", server.url, "--id.name", f"{ann}2")
    identity = ca.enroll(f"{ann}2", made.strip().removeprefix("Password: ")).identity
    assert (
        certificate(identity).subject.get_attributes_for_oid(x509.NameOID.COMMON_NAME)[0].value
        == f"{ann}2"
    )


@pytest.mark.fabric
def test_an_intermediate_ca_and_client_certificates(surface: Surface, tmp_path: Path) -> None:
    clients = tls_material(tmp_path / "clients", "clients")
    with (
        real_ca(tmp_path / "above") as above,
        real_intermediate(tmp_path / "below", above, clients.root) as below,
    ):
        with surface.CertificateAuthority(
            above.url, msp_id="TaxMSP", tls_roots=above.tls_roots
        ) as ca:
            root = ca.info().chain
        known = {
            "msp_id": "TaxMSP",
            "tls_roots": below.tls_roots,
            "client_certificate": clients.certificate.read_bytes(),
            "client_key": clients.key.read_bytes(),
        }
        with surface.CertificateAuthority(below.url, **known, trusted=root) as ca:
            chain = x509.load_pem_x509_certificates(ca.info().chain)
            assert len(chain) == 2
            registrar = ca.enroll(REGISTRAR, SECRET).identity
            ca.register(registrar, "ann", secret="s")
            assert ca.revoke(registrar, "ann", with_crl=True).certificates == ()
            tls = CertificateOptions(profile="tls", hosts=["a.test"])
            assert ca.reenroll(registrar, options=tls).identity.msp_id == "TaxMSP"
            assert b"X509 CRL" in ca.crl(registrar)
        other = CertificateAuthority.create("ca", "Land", now=datetime.now(UTC))
        with surface.CertificateAuthority(below.url, **known, trusted=other.certificate_pem) as ca:
            with pytest.raises(IdentityError, match="does not lead to a trusted root"):
                ca.enroll(REGISTRAR, SECRET)
            with pytest.raises(IdentityError, match="did not sign"):
                ca.crl(registrar)
        with (
            surface.CertificateAuthority(
                below.url, msp_id="TaxMSP", tls_roots=below.tls_roots
            ) as ca,
            pytest.raises(GatewayError),
        ):
            ca.info()


@pytest.mark.fabric
def test_a_server_without_tls(surface: Surface, tmp_path: Path) -> None:
    with (
        real_plain_ca(tmp_path / "plain") as plain,
        surface.CertificateAuthority(plain.url, msp_id="TaxMSP") as ca,
    ):
        assert ca.identities(ca.enroll(REGISTRAR, SECRET).identity)


def test_the_program_of_the_documentation(server: RunningCA, tmp_path: Path) -> None:
    page = (ROOT / "docs" / "certificate-authorities.md").read_text(encoding="utf-8")
    program = page.partition("```python people.py\n")[2].partition("```\n")[0]
    (tmp_path / "root.pem").write_bytes(server.tls_roots)
    ran = subprocess.run(
        [sys.executable, "-c", program, server.url, "root.pem"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.stderr == ""
    shown = ran.stdout.splitlines()
    assert shown[0] == "True Authorization failure"
    assert shown[1].endswith("2")
    assert "'ann'" in shown[1]
    assert b"X509 CRL" in (tmp_path / "crl.pem").read_bytes()
