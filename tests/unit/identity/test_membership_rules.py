"""Rules of membership that the vectors do not reach, with the texts of Fabric's msp package."""

import hashlib
import json
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID
from fabric_protos.msp import identities_pb2, msp_config_pb2, msp_principal_pb2

from pyfabric.errors import IdentityError
from pyfabric.identity import parsing, pem
from pyfabric.identity.certificates import (
    ATTRIBUTES_OID,
    certificate_attributes,
    client_id,
    load_certificate,
)
from pyfabric.identity.definition import MSPDefinition, NodeUnits, OrganizationalUnit
from pyfabric.identity.definition_messages import definition_from_config
from pyfabric.identity.issuing import CertificateAuthority
from pyfabric.identity.keys import PrivateKeySigner, generate_private_key
from pyfabric.identity.msp import MSP, MSPManager
from pyfabric.identity.principals import check_principal
from pyfabric.identity.sealing import check_sealed
from pyfabric.identity.signing import Identity, SigningIdentity
from pyfabric.messages import der
from tests.support.network.membership import has_role

NOW = datetime(2026, 3, 1, tzinfo=UTC)
KEY = ec.generate_private_key(ec.SECP256R1())
CA_KEY = ec.generate_private_key(ec.SECP256R1())
RSA_KEY = rsa.generate_private_key(65537, 2048)
ROOT = CertificateAuthority.create("ca", "Land", now=NOW)
CLIENT = ROOT.issue("ann", now=NOW, public_key=KEY.public_key(), unit="client")

Key = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey


def name(common_name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])


def certificate(
    subject: str,
    issuer: str,
    key: Key,
    signer: Key,
    *extensions: x509.ExtensionType,
    ca: bool = True,
    serial: int | None = None,
) -> bytes:
    """Return a certificate (PEM) of our own making, with exactly these further extensions."""
    builder = (
        x509.CertificateBuilder()
        .subject_name(name(subject))
        .issuer_name(name(issuer))
        .public_key(key.public_key())
        .serial_number(serial or x509.random_serial_number())
        .not_valid_before(NOW)
        .not_valid_after(NOW + timedelta(days=9))
        .add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
    )
    for extension in extensions:
        builder = builder.add_extension(extension, critical=False)
    return builder.sign(signer, hashes.SHA256()).public_bytes(Encoding.PEM)


def key_id(key: Key) -> x509.SubjectKeyIdentifier:
    return x509.SubjectKeyIdentifier.from_public_key(key.public_key())


def msp(*roots: bytes, **changes: Any) -> MSP:
    fields: dict[str, Any] = {
        "msp_id": "M",
        "root_certificates": roots or (ROOT.certificate_pem,),
        "node_units": NodeUnits.standard(),
    }
    return MSP(MSPDefinition(**{**fields, **changes}))


def serialized(msp_id: str, certificate_pem: bytes) -> bytes:
    return Identity(msp_id, certificate_pem).serialized()


def test_an_identity_is_the_same_for_its_manager_and_remembered() -> None:
    manager = MSPManager([msp()])
    identity = manager.deserialize(serialized("M", CLIENT))
    identity.validate()
    assert identity is manager.msps["M"].deserialize(serialized("M", CLIENT))
    assert repr(identity) == "MemberIdentity(M, CN=ann,OU=client,O=Land)"
    assert identity.certificate == load_certificate(CLIENT)
    assert len(identity.identifier) == 64


def test_a_signing_identity_speaks_for_its_msp() -> None:
    speaker = SigningIdentity(Identity("M", CLIENT), PrivateKeySigner(KEY))
    assert speaker.msp_id == "M"
    identity = msp().deserialize(speaker.serialized())
    identity.verify(b"message", speaker.sign(b"message"))


def test_another_msps_identity_is_refused() -> None:
    with pytest.raises(IdentityError) as refusal:
        msp().deserialize(serialized("N", CLIENT))
    assert str(refusal.value) == "expected MSP ID M, received N"
    with pytest.raises(IdentityError, match="could not deserialize a SerializedIdentity: proto:"):
        msp().deserialize(b"\xff")


def test_definitions_that_are_not_fabrics_are_refused() -> None:
    with pytest.raises(IdentityError, match="unsupported msp type 1"):
        definition_from_config(msp_config_pb2.MSPConfig(type=1))
    with pytest.raises(IdentityError, match="failed unmarshalling fabric msp config: proto:"):
        definition_from_config(msp_config_pb2.MSPConfig(config=b"\xff"))
    with pytest.raises(IdentityError, match="only SHA2 signatures and SHA256 identifiers"):
        msp(signature_hash_family="SHA3")
    with pytest.raises(IdentityError, match="expected at least one CA certificate"):
        msp(root_certificates=())


def test_a_definition_without_hash_names_means_fabrics_own() -> None:
    bare = msp_config_pb2.FabricMSPConfig(name="M", root_certs=[ROOT.certificate_pem])
    config = msp_config_pb2.MSPConfig(config=bare.SerializeToString())
    read = definition_from_config(config)
    assert (read.signature_hash_family, read.identifier_hash) == ("SHA2", "SHA256")


def test_rules_on_names_and_policies_in_a_ca_are_refused_and_not_passed_over() -> None:
    constraints = x509.NameConstraints([x509.DNSName("a.b")], None)
    root = certificate("r", "r", CA_KEY, CA_KEY, key_id(CA_KEY), constraints)
    leaf = certificate("ann", "r", KEY, CA_KEY, ca=False)
    with pytest.raises(IdentityError) as refusal:
        msp(root).identity(leaf)
    assert str(refusal.value) == (
        "the supplied identity is not valid: "
        "name constraints are not supported (in the certificate of CN=r)"
    )


def test_an_intermediate_of_an_issuer_without_key_identifier_is_refused() -> None:
    upper_key = ec.generate_private_key(ec.SECP256R1())
    root = certificate("r", "r", CA_KEY, CA_KEY, key_id(CA_KEY))
    upper = certificate("u", "r", upper_key, CA_KEY)
    lower = certificate("l", "u", KEY, upper_key, key_id(KEY))
    with pytest.raises(IdentityError) as refusal:
        msp(root, intermediate_certificates=(lower, upper))
    assert str(refusal.value).endswith(
        "could not obtain Subject Key Identifier for signer cert: "
        "subjectKeyIdentifier not found in certificate"
    )


def test_the_search_for_a_path_ends() -> None:
    keys = [ec.generate_private_key(ec.SECP256R1()) for _ in range(5)]
    crowd = [
        certificate("x", "x", key, CA_KEY, key_id(key), serial=at + 1)
        for at in range(21)
        for key in keys
    ]
    root = certificate("r", "r", CA_KEY, CA_KEY, key_id(CA_KEY))
    with pytest.raises(IdentityError, match="signature check attempts limit reached"):
        msp(root, intermediate_certificates=(*crowd, crowd[0]))


def test_a_ca_that_is_named_by_two_paths_is_refused() -> None:
    other = ec.generate_private_key(ec.SECP256R1())
    roots = [certificate("r", "r", key, key, key_id(key)) for key in (CA_KEY, other)]
    crossed = [certificate("i", "r", KEY, key, key_id(KEY)) for key in (CA_KEY, other)]
    leaf_key = ec.generate_private_key(ec.SECP256R1())
    leaf = certificate("ann", "i", leaf_key, KEY, ca=False)
    with pytest.raises(IdentityError) as refusal:
        msp(*roots, intermediate_certificates=crossed, admin_certificates=(leaf,))
    assert str(refusal.value) == "this MSP only supports a single validation chain, got 2"


def test_an_intermediate_of_an_old_version_signs_nothing() -> None:
    modern = pem.find(certificate("v", "r", KEY, CA_KEY))
    assert modern is not None
    tbs, algorithm, _ = der.Reader(der.Reader(modern.content).any().content).rest()
    fields = [element.raw for element in der.Reader(tbs.content).rest()][1:-1]
    old_tbs = der.encode(der.SEQUENCE, b"".join(fields))
    signature = der.encode(der.BIT_STRING, b"\0" + CA_KEY.sign(old_tbs, ec.ECDSA(hashes.SHA256())))
    old = pem.encode("CERTIFICATE", der.encode(der.SEQUENCE, old_tbs + algorithm.raw + signature))
    root = certificate("r", "r", CA_KEY, CA_KEY, key_id(CA_KEY))
    leaf = certificate("ann", "v", KEY, KEY, ca=False)
    with pytest.raises(IdentityError) as refusal:
        msp(root, intermediate_certificates=(old, leaf))
    assert str(refusal.value) == (
        "the supplied identity is not valid: "
        "x509: certificate is not authorized to sign other certificates"
    )


def revocation_list(signer: Key, serials: Sequence[int], *, named: bool = True) -> bytes:
    builder = (
        x509.CertificateRevocationListBuilder()
        .issuer_name(name("ca"))
        .last_update(NOW)
        .next_update(NOW + timedelta(days=1))
    )
    if named:
        identifier = x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(
            ROOT.certificate.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value
        )
        builder = builder.add_extension(identifier, critical=False)
    for serial in serials:
        entry = x509.RevokedCertificateBuilder().serial_number(serial).revocation_date(NOW)
        builder = builder.add_revoked_certificate(entry.build())
    return builder.sign(signer, hashes.SHA256()).public_bytes(Encoding.PEM)


def test_a_list_that_the_ca_did_not_sign_revokes_nothing() -> None:
    serial = load_certificate(CLIENT).serial_number
    for signer in (KEY, RSA_KEY):
        forged = revocation_list(signer, [serial])
        msp(revocation_lists=(forged,)).identity(CLIENT).validate()


def test_a_list_that_does_not_say_whose_it_is_refuses_everybody() -> None:
    nameless = revocation_list(KEY, [], named=False)
    with pytest.raises(IdentityError) as refusal:
        msp(revocation_lists=(nameless,)).identity(CLIENT).validate()
    assert str(refusal.value) == (
        "could not validate identity against certification chain: could not obtain Authority "
        "Key Identifier for crl: authorityKeyIdentifier not found in certificate"
    )


def crl_der(extensions: bytes = b"", signature: bytes = b"\0x") -> bytes:
    """Return a revocation list without PEM and with a signature that no algorithm made."""
    algorithm = der.encode(der.SEQUENCE, bytes.fromhex("06032a0304"))
    issuer, date = der.encode(der.SEQUENCE, b""), der.encode(0x17, b"260101000000Z")
    tbs = der.encode(der.SEQUENCE, algorithm + issuer + date + extensions)
    return der.encode(der.SEQUENCE, tbs + algorithm + der.encode(der.BIT_STRING, signature))


def test_lists_may_be_der_and_need_no_extensions() -> None:
    with pytest.raises(IdentityError, match="authorityKeyIdentifier not found"):
        msp(revocation_lists=(crl_der(),)).identity(CLIENT).validate()


def test_a_malformed_key_identifier_in_a_list_refuses_everybody() -> None:
    item = bytes.fromhex("0603551d23") + der.encode(der.OCTET_STRING, b"\x05\x00")
    sequence = der.encode(der.SEQUENCE, der.encode(der.SEQUENCE, item))
    broken = crl_der(der.encode(0xA0, sequence))
    with pytest.raises(IdentityError, match="failed to unmarshal AKI"):
        msp(revocation_lists=(broken,)).identity(CLIENT).validate()


@pytest.mark.parametrize(
    ("data", "problem"),
    [
        (crl_der() + b"\0", "could not parse RevocationList: x509: trailing data after CRL"),
        (b"text", "could not parse RevocationList: asn1:"),
        (
            b"-----BEGIN X509 CRL-----\nAAAA\n-----END X509 CRLS-----\n",
            "could not parse RevocationList: asn1:",
        ),
        (crl_der(signature=b""), "could not parse RevocationList: asn1:"),
    ],
)
def test_what_is_no_list_is_refused(data: bytes, problem: str) -> None:
    with pytest.raises(IdentityError) as refusal:
        msp(revocation_lists=(data,))
    assert problem in str(refusal.value)


@pytest.mark.parametrize(
    ("type_", "parameters", "problem"),
    [
        ("1.2.3.4", b"", "x509: cannot verify signature: algorithm unimplemented"),
        ("1.3.101.112", b"\x05\x00", "x509: cannot verify signature: algorithm unimplemented"),
        ("1.2.840.10045.4.1", b"", "x509: cannot verify signature: insecure algorithm ECDSA-SHA1"),
    ],
)
def test_signatures_on_certificates_are_of_known_and_good_algorithms(
    type_: str, parameters: bytes, problem: str
) -> None:
    signer = parsing.read_pem(ROOT.certificate_pem)
    assert signer is not None
    identifier = parsing.AlgorithmIdentifier(type_, parameters, b"")
    with pytest.raises(IdentityError) as refusal:
        check_sealed(signer, identifier, b"", b"")
    assert str(refusal.value) == problem


def test_sha1_is_good_enough_for_a_list() -> None:
    signer = parsing.read_pem(certificate("r", "r", CA_KEY, CA_KEY))
    assert signer is not None
    identifier = parsing.AlgorithmIdentifier("1.2.840.10045.4.1", b"", b"")
    signature = CA_KEY.sign(b"list", ec.ECDSA(hashes.SHA1()))
    check_sealed(signer, identifier, b"list", signature, allow_sha1=True)


def test_an_rsa_ca_may_issue() -> None:
    root = certificate("r", "r", RSA_KEY, RSA_KEY, key_id(RSA_KEY))
    unit = x509.Name([x509.NameAttribute(NameOID.ORGANIZATIONAL_UNIT_NAME, "client")])
    leaf = (
        x509.CertificateBuilder(issuer_name=name("r"), subject_name=unit)
        .public_key(KEY.public_key())
        .serial_number(7)
        .not_valid_before(NOW)
        .not_valid_after(NOW + timedelta(days=1))
        .sign(RSA_KEY, hashes.SHA256())
        .public_bytes(Encoding.PEM)
    )
    msp(root).identity(leaf).validate()
    forged = pem.find(leaf)
    assert forged is not None
    damaged = pem.encode("CERTIFICATE", forged.content[:-1] + bytes([forged.content[-1] ^ 1]))
    with pytest.raises(IdentityError, match="crypto/rsa: verification error"):
        msp(root).identity(damaged).validate()


def test_an_admin_by_certificate_must_be_a_member() -> None:
    ou = OrganizationalUnit("x", ROOT.certificate_pem)
    with pytest.raises(IdentityError) as refusal:
        msp(node_units=None, admin_certificates=(CLIENT,), organizational_units=(ou,))
    assert str(refusal.value).startswith("admin 0 is invalid: could not validate identity's OUs:")
    peer = ROOT.issue("p", now=NOW, public_key=KEY.public_key(), unit="peer")
    with pytest.raises(IdentityError) as refusal:
        msp(admin_certificates=(CLIENT, peer))
    assert str(refusal.value) == (
        "admin 1 is invalid [The identity does not contain OU [CLIENT], MSP: [M],"
        "The identity does not contain OU [ADMIN], MSP: [M]]"
    )
    assert has_role(msp(admin_certificates=(CLIENT,)).identity(CLIENT), 1)
    with pytest.raises(IdentityError, match="admin 0 is invalid"):
        msp(admin_certificates=(ROOT.certificate_pem,))


def test_a_unit_principal_names_the_unit_and_its_ca() -> None:
    identity = msp().identity(CLIENT)
    issuer = hashlib.sha256(ROOT.certificate.public_bytes(Encoding.DER)).digest()

    def principal(msp_id: str, unit: str, certifiers: bytes) -> msp_principal_pb2.MSPPrincipal:
        wanted = msp_principal_pb2.OrganizationUnit(
            msp_identifier=msp_id,
            organizational_unit_identifier=unit,
            certifiers_identifier=certifiers,
        )
        return msp_principal_pb2.MSPPrincipal(
            principal_classification=msp_principal_pb2.MSPPrincipal.ORGANIZATION_UNIT,
            principal=wanted.SerializeToString(),
        )

    check_principal(identity, principal("M", "client", issuer))
    for wrong in (principal("M", "peer", issuer), principal("M", "client", b"")):
        with pytest.raises(IdentityError, match="The identities do not match"):
            check_principal(identity, wrong)
    with pytest.raises(IdentityError, match=r"different MSP \(expected N, got M\)"):
        check_principal(identity, principal("N", "client", issuer))


@pytest.mark.parametrize(
    ("unit_certificate", "problem"),
    [
        (b"text", "Failed getting certificate for [[116 101 120 116]]: [getCertFromPem error"),
        (CLIENT, "Failed adding OU. Certificate [CN=ann,OU=client,O=Land] not in root"),
    ],
)
def test_ou_rules_name_cas_of_the_msp(unit_certificate: bytes, problem: str) -> None:
    with pytest.raises(IdentityError) as refusal:
        msp(node_units=NodeUnits.standard(unit_certificate))
    assert str(refusal.value).startswith(problem)
    foreign = certificate("f", "g", KEY, CA_KEY)
    with pytest.raises(IdentityError, match="sanitizeCert failed the supplied identity is not"):
        msp(node_units=NodeUnits.standard(foreign))


def with_attributes(value: bytes) -> x509.Certificate:
    extension = x509.UnrecognizedExtension(x509.ObjectIdentifier(ATTRIBUTES_OID), value)
    return load_certificate(certificate("ann", "ca", KEY, CA_KEY, extension, ca=False))


def test_attributes_may_be_absent_from_their_extension() -> None:
    assert certificate_attributes(with_attributes(b'{"attrs": null}')) == {}


@pytest.mark.parametrize(
    "value", [b"text", b"[]", b"{}", b'{"attrs": [1]}', b'{"attrs": {"a": 1}}']
)
def test_attributes_of_another_shape_are_refused(value: bytes) -> None:
    with pytest.raises(IdentityError, match="the certificate's attributes cannot be read"):
        certificate_attributes(with_attributes(value))


def test_a_certificate_that_fabric_would_not_read_has_no_client_id() -> None:
    builder = (
        x509.CertificateBuilder(issuer_name=name("a"), subject_name=name("a"))
        .public_key(KEY.public_key())
        .serial_number(7)
        .not_valid_before(NOW)
        .not_valid_after(NOW)
        .add_extension(key_id(KEY), critical=True)
    )
    with pytest.raises(IdentityError, match="not a certificate that Fabric would read"):
        client_id(builder.sign(KEY, hashes.SHA256()))


def test_the_private_key_does_not_show() -> None:
    speaker = SigningIdentity(Identity("M", CLIENT), PrivateKeySigner(generate_private_key()))
    assert "signer" not in repr(speaker)
    assert json.dumps(repr(speaker)).count("PRIVATE") == 0


def test_serialized_identities_are_fabrics_message() -> None:
    message = identities_pb2.SerializedIdentity.FromString(serialized("M", CLIENT))
    assert (message.mspid, message.id_bytes) == ("M", CLIENT)
