"""The CA servers of a network, which issue with the network's own CAs: ours on the embedded runtime, and else Fabric's."""

import ssl
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from cryptography import x509
from cryptography.x509.verification import PolicyBuilder, Store
from pyfabric_network.connections import endpoint
from pyfabric_network.material.ca_server import REGISTRAR, registrar_secret
from pyfabric_network.network import ANY_FREE_PORT, Network
from pyfabric_network.profile import load_profile, profile_file
from pyfabric_network.runtimes.runtime import RuntimeName

from pyfabric.ca import CAErrorCode, CertificateOptions
from pyfabric.errors import CAError, GatewayError
from pyfabric.gateway import Admin, CertificateAuthority, Operations
from pyfabric.identity import SigningIdentity
from pyfabric.identity.certificates import load_certificate
from tests.support.ca.real_server import ca_program
from tests.support.extent import takes_long
from tests.support.network.network import TOPOLOGY, write_topology
from tests.support.network.programs import RUNTIMES, fabric_programs, skip_without_runtime

WITH_CAS = TOPOLOGY.replace("name: small\n", "name: small\nca_server: true\n").replace(
    "title: Tax\n", "title: Tax\n    intermediate_ca: true\n"
)


@pytest.fixture(scope="module", params=RUNTIMES)
def network(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Network]:
    skip_without_runtime(request)
    if request.param is RuntimeName.NATIVE:
        ca_program("fabric-ca-server")
    folder = tmp_path_factory.mktemp("cas")
    found = Network.prepare(
        write_topology(folder, WITH_CAS),
        folder / "state",
        base_port=ANY_FREE_PORT,
        runtime=request.param,
        programs=fabric_programs(),
    )
    found.up()
    yield found
    found.down(delete=True)


def authority(network: Network, name: str | None = None) -> CertificateAuthority:
    file = profile_file(network.plan, network.plan.department("Tax"))
    return CertificateAuthority.of_profile(load_profile(file), name)


def registrar(network: Network, ca: CertificateAuthority) -> SigningIdentity:
    cas = network.plan.department("Tax").cas
    assert cas is not None
    return ca.enroll(REGISTRAR, registrar_secret(cas)).identity


def test_servers_are_nodes_that_the_status_shows(network: Network) -> None:
    cas = {one.name: one for one in network.status() if one.name.startswith("ca.")}
    assert {name: one.problem for name, one in cas.items()} == {"ca.tax": None, "ca.health": None}
    assert set(cas) <= set(network.node_names)
    with Operations(network.operations()["ca.tax"]) as operations:
        assert operations.health().is_healthy
        assert "go_goroutines" in operations.metrics() or "process_" in operations.metrics()


def test_whom_the_ca_enrols_the_department_s_peers_take(network: Network) -> None:
    (peer,) = network.plan.department("Tax").peers
    with authority(network) as ca:
        admin = registrar(network, ca)
        secret = ca.register(admin, "ann")
        ann = ca.enroll("ann", secret).identity
        with Admin(ann) as admin_calls:
            assert "bills" in admin_calls.channels(endpoint(peer))
        with pytest.raises(CAError) as refused:
            ca.enroll("ann", "not it")
    assert refused.value.code == CAErrorCode.AUTHENTICATION_FAILURE


def test_each_ca_has_its_own_registry_and_the_same_registrar(network: Network) -> None:
    names = ("ca.tax", "tlsca.tax", "ca.ordering.tax", "tlsca.ordering.tax")
    for name in names:
        with authority(network, name) as ca:
            assert ca.info().name == name
            admin = registrar(network, ca)
            ca.register(admin, f"of-{name}")
            known = [one.name for one in ca.identities(admin)]
        assert [one for one in known if one.startswith("of-")] == [f"of-{name}"]


def test_a_certificate_of_the_tls_ca_leads_to_the_root_that_nodes_trust(network: Network) -> None:
    tax = network.plan.department("Tax")
    with authority(network, "tlsca.tax") as ca:
        admin = registrar(network, ca)
        secret = ca.register(admin, "peer7.tax", type="peer")
        options = CertificateOptions(profile="tls", hosts=["peer7.tax"])
        issued = ca.enroll("peer7.tax", secret, options=options).identity.identity.certificate
    root = x509.load_pem_x509_certificate((tax.tls_ca / "ca.pem").read_bytes())
    (peer,) = tax.peers
    assert peer.member.tls_roots.read_bytes() == (tax.tls_ca / "ca.pem").read_bytes()
    leaf = x509.load_pem_x509_certificate(issued)
    verifier = PolicyBuilder().store(Store([root])).time(datetime.now(UTC))
    verifier.build_server_verifier(x509.DNSName("peer7.tax")).verify(leaf, [])


def test_a_revocation_list_is_the_department_s_own_ca_s(network: Network) -> None:
    tax = network.plan.department("Tax")
    with authority(network) as ca:
        admin = registrar(network, ca)
        left = ca.enroll("left", ca.register(admin, "left")).identity
        revoked = ca.revoke(admin, "left", with_crl=True)
    crl = x509.load_pem_x509_crl(revoked.crl)
    own = x509.load_pem_x509_certificate((tax.ca / "ca.pem").read_bytes())
    assert crl.is_signature_valid(own.public_key())  # type: ignore[arg-type]
    serial = x509.load_pem_x509_certificate(left.identity.certificate).serial_number
    assert crl.get_revoked_certificate_by_serial_number(serial) is not None


def test_certificates_that_up_made_are_unknown_to_the_ca(network: Network) -> None:
    profile = load_profile(profile_file(network.plan, network.plan.department("Tax")))
    with authority(network) as ca, pytest.raises(CAError) as refused:
        ca.identities(profile.user("Admin"))
    assert refused.value.code == CAErrorCode.AUTHENTICATION_FAILURE


def test_what_a_ca_knows_outlives_its_server(network: Network) -> None:
    with authority(network) as ca:
        secret = ca.register(registrar(network, ca), "bo", max_enrollments=2)
        first = ca.enroll("bo", secret).identity
    network.down()
    with authority(network) as ca, pytest.raises(GatewayError):
        ca.info()
    network.up()
    with authority(network) as ca:
        assert "bo" in [one.name for one in ca.identities(registrar(network, ca))]
        assert ca.reenroll(first).identity.msp_id == "TaxMSP"
        ca.enroll("bo", secret)
        with pytest.raises(CAError):  # it has enrolled twice
            ca.enroll("bo", secret)


def test_a_server_that_was_stopped_is_named_and_started_again(network: Network) -> None:
    if network.state.runtime is RuntimeName.EMBEDDED:
        pytest.skip("the nodes of the development ledger are one process")
    network.stop_nodes("ca.tax")
    found = {one.name: one for one in network.status()}
    assert found["ca.tax"].state == "stopped"
    network.start_nodes("ca.tax")
    with authority(network) as ca:
        assert ca.info().name == "ca.tax"


@takes_long
@pytest.mark.parametrize("holder", ["ca-server.tax", "tlsca.tax", "ca.tax"])
def test_a_server_goes_on_with_certificates_that_were_renewed(
    network: Network, holder: str
) -> None:
    cas = network.plan.department("Tax").cas
    assert cas is not None
    known = {ca.name: ca.certificate.read_bytes() for ca in cas.served}
    certificate = cas.member.tls_certificate.read_bytes()
    network.renew(network.renewal([holder], new_keys=True))
    assert {ca.name for ca in cas.served if ca.certificate.read_bytes() != known[ca.name]} == (
        {holder} & set(known)
    )
    assert (cas.member.tls_certificate.read_bytes() == certificate) == (holder == "ca.tax")
    shown = ssl.get_server_certificate((cas.address.host, cas.address.port)).encode()
    assert load_certificate(shown) == load_certificate(cas.member.tls_certificate.read_bytes())
    for ca in cas.served:
        with authority(network, ca.name) as client:
            chain = client.info().chain
            assert ca.certificate.read_bytes().strip() in chain
            registrar(network, client)
    assert network.runtime.idle(network.plan) == ()
