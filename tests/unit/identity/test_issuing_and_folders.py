"""Certificates that we issue and folders that we write, checked by Fabric's rules."""

import json
import os
import shutil
import stat
import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID
from fabric_protos.msp import msp_config_pb2
from google.protobuf import json_format
from hypothesis import given
from hypothesis import strategies as st

from pyfabric.errors import IdentityError
from pyfabric.identity.certificates import (
    certificate_attributes,
    client_id,
    expires_at,
    go_client_id,
    load_certificate,
)
from pyfabric.identity.definition import MSPDefinition, NodeUnits, OrganizationalUnit
from pyfabric.identity.definition_messages import definition_from_config, definition_to_config
from pyfabric.identity.folders import load_ca, write_ca, write_local_msp, write_tls
from pyfabric.identity.issuing import CertificateAuthority, Unit, self_signed_client
from pyfabric.identity.keys import (
    FunctionSigner,
    KeyKind,
    PrivateKeySigner,
    generate_private_key,
    load_private_key,
    verify_signature,
)
from pyfabric.identity.loading import check_not_expired, load_identity, load_msp_folder
from pyfabric.identity.msp import MSP, MemberIdentity
from pyfabric.identity.signing import Identity, SigningIdentity
from pyfabric.identity.units import Role
from pyfabric.identity.wallet import Wallet
from pyfabric.local import files
from tests.support.network.membership import has_role

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
KEY = generate_private_key()
ROOT = CertificateAuthority.create("ca.land", "Land", now=NOW)
TLS = CertificateAuthority.create("tlsca.land", "Land", now=NOW)
UNITS: dict[Unit, Role.MSPRoleType] = {
    "client": Role.CLIENT,
    "peer": Role.PEER,
    "admin": Role.ADMIN,
    "orderer": Role.ORDERER,
}


def definition(*authorities: CertificateAuthority, **changes: Any) -> MSPDefinition:
    root, *intermediates = authorities or (ROOT,)
    fields: dict[str, Any] = {
        "msp_id": "LandMSP",
        "root_certificates": (root.certificate_pem,),
        "intermediate_certificates": tuple(ca.certificate_pem for ca in intermediates),
        "tls_root_certificates": (TLS.certificate_pem,),
        "node_units": NodeUnits.standard(),
    }
    return MSPDefinition(**{**fields, **changes})


def member(authority: CertificateAuthority, msp: MSP, unit: Unit = "client") -> MemberIdentity:
    return msp.identity(authority.issue("ann", now=NOW, public_key=KEY.public_key(), unit=unit))


@pytest.mark.parametrize("kind", ["p256", "p384", "ed25519"])
@pytest.mark.parametrize("unit", list(UNITS))
def test_issued_certificates_have_the_role_of_their_unit(kind: KeyKind, unit: Unit) -> None:
    authority = CertificateAuthority.create("ca", "Land", now=NOW, key_kind=kind)
    msp = MSP(definition(authority))
    identity = member(authority, msp, unit)
    identity.validate()
    assert {role for role in UNITS.values() if has_role(identity, role)} == {UNITS[unit]}
    pem = authority.issue("ann", now=NOW, public_key=KEY.public_key(), unit=unit)
    assert msp.identity(pem).certificate_pem == pem, "low-s already, so Fabric rewrites nothing"


def test_a_signing_certificate_without_unit_is_no_member_under_node_units() -> None:
    pem = ROOT.issue("ann", now=NOW, public_key=KEY.public_key())
    with pytest.raises(IdentityError, match="does not have an OU that resolves to"):
        MSP(definition()).identity(pem).validate()


def test_an_intermediate_takes_over_the_issuing() -> None:
    intermediate = ROOT.create_intermediate("ica.land", now=NOW)
    msp = MSP(definition(ROOT, intermediate))
    member(intermediate, msp).validate()
    with pytest.raises(IdentityError, match="Parent certificate should be a leaf"):
        member(ROOT, msp).validate()


def test_certificates_stay_within_the_time_of_their_ca() -> None:
    early = ROOT.issue("a", now=NOW - timedelta(days=30), public_key=KEY.public_key(), days=9999)
    certificate = load_certificate(early)
    assert certificate.not_valid_before_utc == ROOT.certificate.not_valid_before_utc
    assert certificate.not_valid_after_utc == ROOT.certificate.not_valid_after_utc
    later = ROOT.issue("a", now=NOW + timedelta(days=9), public_key=KEY.public_key(), days=7)
    assert expires_at(load_certificate(later)) == NOW + timedelta(days=16)


def test_tls_certificates_serve_and_call() -> None:
    pem = TLS.issue(
        "peer0",
        now=NOW,
        public_key=KEY.public_key(),
        hosts=["peer0.land", "127.0.0.1", "::1"],
        tls=True,
    )
    extensions = load_certificate(pem).extensions
    names = extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert names.get_values_for_type(x509.DNSName) == ["peer0.land"]
    assert [str(ip) for ip in names.get_values_for_type(x509.IPAddress)] == ["127.0.0.1", "::1"]
    usages = set(extensions.get_extension_for_class(x509.ExtendedKeyUsage).value)
    assert usages == {ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH}


def test_a_self_signed_client_is_its_own_root_and_neither_server_nor_authority() -> None:
    pem = self_signed_client("client", "Land", KEY, now=NOW, days=7)
    certificate = load_certificate(pem)
    certificate.verify_directly_issued_by(certificate)
    assert certificate.subject.rfc4514_string() == "CN=client,O=Land"
    assert expires_at(certificate) == NOW + timedelta(days=7)
    extensions = certificate.extensions
    usages = extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    assert list(usages) == [ExtendedKeyUsageOID.CLIENT_AUTH]
    assert not extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    assert not extensions.get_extension_for_class(x509.KeyUsage).value.key_cert_sign


def test_revoked_certificates_are_refused_and_others_are_not() -> None:
    gone, stays = (
        ROOT.issue(name, now=NOW, public_key=KEY.public_key(), unit="client") for name in "ab"
    )
    msp = MSP(definition(revocation_lists=(ROOT.revoke([gone], now=NOW),)))
    msp.identity(stays).validate()
    with pytest.raises(IdentityError, match="The certificate has been revoked"):
        msp.identity(gone).validate()


def test_only_the_cas_own_certificates_can_be_revoked() -> None:
    foreign = TLS.issue("x", now=NOW, public_key=KEY.public_key())
    with pytest.raises(IdentityError, match=r"CN=x,O=Land was not issued by CN=ca\.land,O=Land"):
        ROOT.revoke([foreign], now=NOW)


@given(st.dictionaries(st.text(min_size=1), st.text(), min_size=1, max_size=4))
def test_attributes_come_back(attributes: dict[str, str]) -> None:
    pem = ROOT.issue("ann", now=NOW, public_key=KEY.public_key(), attributes=attributes)
    assert certificate_attributes(load_certificate(pem)) == attributes


def test_a_certificate_without_attributes_has_none() -> None:
    pem = ROOT.issue("ann", now=NOW, public_key=KEY.public_key())
    assert certificate_attributes(load_certificate(pem)) == {}


def test_a_ca_is_kept_and_loaded(tmp_path: Path) -> None:
    write_ca(tmp_path / "ca", ROOT)
    assert mode(tmp_path / "ca" / "ca.key") == 0o600
    loaded = load_ca(tmp_path / "ca")
    assert loaded.certificate == ROOT.certificate
    member(loaded, MSP(definition())).validate()
    with pytest.raises(IdentityError, match="no CA in"):
        load_ca(tmp_path / "other")
    with pytest.raises(IdentityError, match="does not belong to the CA's certificate"):
        CertificateAuthority.load(ROOT.certificate_pem, TLS.key_pem)


def test_a_ca_without_organization_issues_too() -> None:
    authority = CertificateAuthority.create("ca", "", now=NOW)
    pem = authority.issue("ann", now=NOW, public_key=KEY.public_key())
    assert load_certificate(pem).subject.rfc4514_string() == "CN=ann"


def test_a_written_folder_is_read_as_the_same_definition(tmp_path: Path) -> None:
    intermediate = ROOT.create_intermediate("ica", now=NOW)
    tls_intermediate = TLS.create_intermediate("tlsica", now=NOW)
    admin = intermediate.issue("boss", now=NOW, public_key=KEY.public_key(), unit="client")
    full = definition(
        ROOT,
        intermediate,
        root_certificates=(ROOT.certificate_pem, TLS.certificate_pem),
        admin_certificates=(admin,),
        revocation_lists=(intermediate.revoke([], now=NOW),),
        tls_intermediate_certificates=(tls_intermediate.certificate_pem,),
        organizational_units=(OrganizationalUnit("client", intermediate.certificate_pem),),
        node_units=NodeUnits(
            client=OrganizationalUnit("client", intermediate.certificate_pem),
            peer=OrganizationalUnit("节点"),
            admin=OrganizationalUnit("admin", TLS.certificate_pem),
        ),
    )
    full.write(tmp_path)
    assert MSPDefinition.from_folder(tmp_path, "LandMSP") == full
    assert definition_from_config(definition_to_config(full)) == full
    MSP(full)
    (tmp_path / "cacerts" / "folder").mkdir()
    definition().write(tmp_path)
    assert MSPDefinition.from_folder(tmp_path, "LandMSP") == definition(), "nothing old is left"


def test_a_definition_without_unit_rules_is_written_too(tmp_path: Path) -> None:
    plain = definition(node_units=None)
    plain.write(tmp_path)
    assert MSPDefinition.from_folder(tmp_path, "LandMSP") == plain


def test_a_unit_of_a_foreign_ca_cannot_be_written(tmp_path: Path) -> None:
    with pytest.raises(
        IdentityError, match="OU client is not one of the CA certificates of LandMSP"
    ):
        definition(node_units=NodeUnits.standard(TLS.certificate_pem)).write(tmp_path)


@pytest.mark.parametrize(
    "config",
    ["[1, 2]", "NodeOUs: text", "NodeOUs: {Enable: perhaps}", "OrganizationalUnitIdentifiers: 5"],
)
def test_a_config_file_of_another_shape_is_refused(tmp_path: Path, config: str) -> None:
    definition().write(tmp_path)
    (tmp_path / "config.yaml").write_text(config)
    with pytest.raises(IdentityError, match="failed unmarshalling configuration file at"):
        MSPDefinition.from_folder(tmp_path, "LandMSP")


@pytest.mark.parametrize("config", ["", "NodeOUs:\n", "NodeOUs: {Enable: false}", "Other: 1"])
def test_a_config_file_may_leave_everything_out(tmp_path: Path, config: str) -> None:
    definition().write(tmp_path)
    (tmp_path / "config.yaml").write_text(config)
    assert MSPDefinition.from_folder(tmp_path, "LandMSP").node_units is None


def test_no_config_file_means_no_rules(tmp_path: Path) -> None:
    definition().write(tmp_path)
    (tmp_path / "config.yaml").unlink()
    (tmp_path / "cacerts" / "folder").mkdir()
    assert MSPDefinition.from_folder(tmp_path, "LandMSP").node_units is None


def test_a_required_unit_must_have_its_certificate_file(tmp_path: Path) -> None:
    definition().write(tmp_path)
    (tmp_path / "config.yaml").write_text(
        "OrganizationalUnitIdentifiers: [{Certificate: cacerts/none.pem}]"
    )
    with pytest.raises(IdentityError, match="cannot read the MSP folder"):
        MSPDefinition.from_folder(tmp_path, "LandMSP")


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_a_nodes_folders_have_the_shape_that_fabric_loads(tmp_path: Path) -> None:
    pem = ROOT.issue("peer0", now=NOW, public_key=KEY.public_key(), unit="peer")
    write_local_msp(tmp_path / "msp", definition(), pem, KEY)
    write_tls(tmp_path / "tls", pem, KEY, [TLS.certificate_pem, ROOT.certificate_pem])
    written = sorted(str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*.*"))
    assert written == [
        "msp/cacerts/ca.pem",
        "msp/config.yaml",
        "msp/signcerts/cert.pem",
        "msp/tlscacerts/ca.pem",
        "tls/ca.crt",
        "tls/server.crt",
        "tls/server.key",
    ]
    assert mode(tmp_path / "msp" / "keystore") == 0o700
    assert mode(tmp_path / "msp" / "keystore" / "priv_sk") == 0o600
    assert mode(tmp_path / "tls" / "server.key") == 0o600
    assert (tmp_path / "tls" / "ca.crt").read_bytes() == TLS.certificate_pem + ROOT.certificate_pem
    identity = load_msp_folder(tmp_path / "msp", "LandMSP")
    assert identity.identity == Identity("LandMSP", pem)
    assert verify_signature(KEY.public_key(), b"m", identity.sign(b"m"))


ORGANIZATIONS = """
Organizations:
  - Name: LandMSP
    ID: LandMSP
    MSPDir: msp
    Policies:
      Readers: {Type: Signature, Rule: OR('LandMSP.member')}
      Writers: {Type: Signature, Rule: OR('LandMSP.member')}
      Admins: {Type: Signature, Rule: OR('LandMSP.admin')}
      Endorsement: {Type: Signature, Rule: OR('LandMSP.peer')}
"""


@pytest.mark.fabric
def test_configtxgen_reads_a_written_folder_as_we_do(tmp_path: Path) -> None:
    program = shutil.which("configtxgen", path=os.environ.get("FABRIC_BIN", os.environ["PATH"]))
    if program is None:
        pytest.skip("Fabric's programs are not there: set FABRIC_BIN or PATH")
    intermediate = ROOT.create_intermediate("ica", now=NOW)
    written = definition(
        ROOT,
        intermediate,
        revocation_lists=(intermediate.revoke([], now=NOW),),
        node_units=NodeUnits.standard(intermediate.certificate_pem),
    )
    written.write(tmp_path / "msp")
    (tmp_path / "configtx.yaml").write_text(ORGANIZATIONS)
    printed = subprocess.run(
        [program, "-configPath", tmp_path, "-printOrg", "LandMSP"],
        check=True,
        capture_output=True,
    ).stdout
    config = json.loads(printed)["values"]["MSP"]["value"]["config"]
    assert config["name"] == "LandMSP"
    read = json_format.ParseDict(config, msp_config_pb2.FabricMSPConfig())
    assert read.SerializeToString() == definition_to_config(written).config


def test_an_open_file_becomes_private_when_a_key_is_written(tmp_path: Path) -> None:
    path = tmp_path / "key"
    path.write_bytes(b"old")
    path.chmod(0o644)
    (tmp_path / ".key.new").write_bytes(b"left by a crash")
    files.write_private(path, b"new", error=IdentityError)
    assert (path.read_bytes(), mode(path)) == (b"new", 0o600)
    assert [file.name for file in tmp_path.iterdir()] == ["key"]


def test_a_folder_without_its_own_key_is_no_identity(tmp_path: Path) -> None:
    with pytest.raises(IdentityError, match="no certificate in"):
        load_msp_folder(tmp_path, "LandMSP")
    pem = ROOT.issue("ann", now=NOW, public_key=KEY.public_key())
    write_local_msp(tmp_path, definition(), pem, generate_private_key())
    (tmp_path / "keystore" / "note").write_text("no key")
    with pytest.raises(IdentityError, match="no private key for") as caught:
        load_msp_folder(tmp_path, "LandMSP")
    assert "note: not a usable PEM private key: there is no PEM block" in str(caught.value)
    assert "the key of another certificate" in str(caught.value)
    shutil.rmtree(tmp_path / "keystore")
    with pytest.raises(IdentityError, match="keystore: it is empty"):
        load_msp_folder(tmp_path, "LandMSP")


def test_what_is_no_pem_beside_the_certificate_is_skipped(tmp_path: Path) -> None:
    pem = ROOT.issue("ann", now=NOW, public_key=KEY.public_key())
    write_local_msp(tmp_path, definition(), pem, KEY)
    (tmp_path / "signcerts" / ".DS_Store").write_bytes(b"\x00\x01")
    assert load_msp_folder(tmp_path, "LandMSP").identity.certificate == pem


def test_an_expired_certificate_is_told_with_its_end() -> None:
    pem = ROOT.issue("ann", now=NOW, public_key=KEY.public_key())
    identity = Identity("LandMSP", pem)
    end = expires_at(load_certificate(pem))
    check_not_expired(identity, end)
    with pytest.raises(IdentityError, match=f"LandMSP.*expired at {end:%Y-%m-%d %H:%M:%S} UTC"):
        check_not_expired(identity, end + timedelta(seconds=1))


def signing_identity() -> SigningIdentity:
    pem = ROOT.issue("ann", now=NOW, public_key=KEY.public_key(), unit="client")
    return SigningIdentity(Identity("LandMSP", pem), PrivateKeySigner(KEY))


def test_a_wallet_keeps_identities_in_the_file_format_of_the_sdks(tmp_path: Path) -> None:
    wallet = Wallet(tmp_path / "wallet")
    assert wallet.labels() == []
    identity = signing_identity()
    wallet.put("ann", identity)
    wallet.put("bob.w", identity)
    assert wallet.labels() == ["ann", "bob.w"]
    assert wallet.get("ann").identity == identity.identity
    entry = json.loads((tmp_path / "wallet" / "ann.id").read_bytes())
    assert (entry["type"], entry["version"], entry["mspId"]) == ("X.509", 1, "LandMSP")
    key = load_private_key(entry["credentials"]["privateKey"].encode())
    assert key.public_key() == KEY.public_key()
    assert mode(tmp_path / "wallet" / "ann.id") == 0o600
    wallet.remove("ann")
    wallet.remove("ann")
    assert wallet.labels() == ["bob.w"]


def test_a_wallet_refuses_what_it_cannot_hold_or_read(tmp_path: Path) -> None:
    wallet = Wallet(tmp_path)
    with pytest.raises(IdentityError, match="no identity 'ann' in the wallet"):
        wallet.get("ann")
    for label in ("", "../ann", "a/b", ".ann"):
        with pytest.raises(IdentityError, match="cannot be a label"):
            wallet.get(label)
    identity = SigningIdentity(Identity("LandMSP", b""), FunctionSigner(bytes))
    with pytest.raises(IdentityError, match="is kept by another signer, and cannot be written"):
        wallet.put("ann", identity)
    for text in ("no json", "[]", '{"credentials": {}}', '{"credentials": 5, "mspId": "M"}'):
        (tmp_path / "bad.id").write_text(text)
        with pytest.raises(IdentityError, match="is not a wallet entry"):
            wallet.get("bad")


def test_a_key_must_belong_to_the_certificate() -> None:
    with pytest.raises(IdentityError, match="does not belong to the certificate"):
        load_identity("LandMSP", ROOT.certificate_pem, TLS.key_pem)


def test_client_ids_have_the_forms_of_the_node_and_go_libraries() -> None:
    pem = ROOT.issue("an/n/a", now=NOW, public_key=KEY.public_key(), unit="client")
    certificate = load_certificate(pem)
    assert client_id(certificate) == r"x509::/O=Land/OU=client/CN=an\/n/a::/O=Land/CN=ca.land"
    # base64 of x509::CN=an/n/a,OU=client,O=Land::CN=ca.land,O=Land
    assert go_client_id(certificate) == (
        "eDUwOTo6Q049YW4vbi9hLE9VPWNsaWVudCxPPUxhbmQ6OkNOPWNhLmxhbmQsTz1MYW5k"
    )


def test_text_is_no_certificate() -> None:
    for text in (b"", b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"):
        with pytest.raises(IdentityError, match="not a"):
            load_certificate(text)
