"""Networks broken on purpose: for each check of the doctor what breaks it, and what may follow from that."""

import json
import os
import re
import resource
import shutil
import signal
import socket
import ssl
import subprocess
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, closing, contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from pyfabric_network.contexts import Context, Contexts
from pyfabric_network.identities.authorities import authority
from pyfabric_network.network import Network
from pyfabric_network.ports import taken
from pyfabric_network.profile import load_profile, profile_file
from pyfabric_network.status import NodeStatus
from pyfabric_network.topology.ca_servers import CAServer
from pyfabric_network.unfinished import finish, until_finished

from pyfabric.admin import (
    AnchorPeer,
    ChaincodePackage,
    CollectionConfig,
    collection_package,
    compute_update,
)
from pyfabric.admin.channels import (
    AddToMSP,
    Edit,
    ReplaceConsenter,
    SetAnchorPeers,
    SetEndpoints,
    edit_config,
)
from pyfabric.errors import FabricError
from pyfabric.gateway import Admin, connect
from pyfabric.identity.certificates import load_certificate
from pyfabric.identity.folders import load_ca
from pyfabric.identity.issuing import CertificateAuthority
from pyfabric.identity.keys import generate_private_key
from pyfabric.local.waiting import poll
from tests.support.network.network import TOPOLOGY, call
from tests.support.ports import free_port

CHANNEL = "bills"
CITY = TOPOLOGY.replace("  Health: {}\n", "  Health: {}\n  Land: {}\n").replace(
    "departments: [Tax, Health]", "departments: [Tax, Health, Land]"
)
"""Three departments, so that two can agree without the third."""

Break = Callable[[Network], AbstractContextManager[list[str]]]
"""Breaks a network while it is entered, and repairs it; yields the arguments with which doctor looks at it."""


@dataclass(frozen=True)
class Broken:
    """A check, how a network is broken for it, and the checks whose findings are a consequence of that.

    `causes` are checks that find something too, of which this one's findings are the consequence. `error` is the check
    that is named by the error which a client gets who writes then, with the options `client`.
    """

    check: str
    how: str
    breaks: Break
    follow_ups: frozenset[str] = frozenset()
    causes: frozenset[str] = frozenset()
    client: tuple[str, ...] = ("--context", "Tax")
    error: str | None = None


def admin(network: Network, department: str) -> Admin:
    """Return a department's administrator."""
    return Admin(profile(network, department).user("Admin"))


def profile(network: Network, department: str) -> Any:
    """Return a department's connection profile."""
    return load_profile(profile_file(network.plan, network.plan.department(department)))


@contextmanager
def kept(file: Path) -> Iterator[Path]:
    """Give a file its content back afterwards; one that did not exist is deleted."""
    before = file.read_bytes() if file.exists() else None
    try:
        yield file
    finally:
        if before is None:
            file.unlink()
        else:
            file.write_bytes(before)


@contextmanager
def set_back(network: Network) -> Iterator[None]:
    """Set the channels of a development ledger back afterwards."""
    tools = network.development()
    tools.snapshot("whole")
    try:
        yield
    finally:
        tools.revert("whole")
        tools.discard("whole")


def change_channel(network: Network, change: Callable[[bytes], bytes]) -> None:
    """Change the channel's configuration, with every administrator's signature."""
    seen = profile(network, "Tax")
    with ExitStack() as stack:
        signers = [
            stack.enter_context(Admin(identity))
            for department in network.plan.departments
            for identity in network.administrators(department).values()
        ]
        present = signers[-1].config(seen.peers[0], CHANNEL)
        update = compute_update(CHANNEL, present, change(present))
        signatures = [one.sign_update(update) for one in signers]
        signers[-1].submit_update(seen.orderers[0], CHANNEL, update, signatures)


def edited(*edits: Edit) -> Callable[[bytes], bytes]:
    """Return the change of a configuration that these edits make."""
    return lambda config: edit_config(config, edits)


def await_config(network: Network, before: bytes) -> None:
    """Wait until every department's first peer has another configuration."""
    for department in network.plan.departments:
        seen = profile(network, department)
        with connect(seen.user("Admin"), seen.peers) as gateway:
            gateway.network(CHANNEL).wait_for_config(after=before, timeout=30)


def config_of(network: Network) -> bytes:
    """Return the channel's configuration."""
    with admin(network, "Tax") as tax:
        return tax.config(profile(network, "Tax").peers[0], CHANNEL)


def changing(*edits: Callable[[Network], Edit]) -> Break:
    """Return what breaks a development ledger by edits of the channel's configuration."""

    @contextmanager
    def breaks(network: Network) -> Iterator[list[str]]:
        with set_back(network):
            before = config_of(network)
            change_channel(network, edited(*(edit(network) for edit in edits)))
            await_config(network, before)
            yield []

    return breaks


def profiled(change: Callable[[Network, dict[str, Any]], object], user: str = "Admin") -> Break:
    """Return what breaks Tax' connection profile; doctor looks at it through a context."""

    @contextmanager
    def breaks(network: Network) -> Iterator[list[str]]:
        file = profile_file(network.plan, network.plan.department("Tax"))
        document = json.loads(file.read_text())
        change(network, document)
        other = file.with_name("broken.json")
        other.write_text(json.dumps(document))
        contexts = Contexts(network.folder)
        contexts.put("broken", Context(other, user, CHANNEL))
        try:
            yield ["--context", "broken"]
        finally:
            contexts.remove("broken")
            other.unlink()

    return breaks


def _peer(document: dict[str, Any]) -> dict[str, Any]:
    return document["peers"]["peer0.tax"]


def _other_root(_network: Network, document: dict[str, Any]) -> None:
    stranger = CertificateAuthority.create("tlsca.tax", "Tax", now=datetime.now(UTC))
    _peer(document)["tlsCACerts"]["pem"] = stranger.certificate_pem.decode()


def _other_name(_network: Network, document: dict[str, Any]) -> None:
    _peer(document)["grpcOptions"]["ssl-target-name-override"] = "peer0.treasury"


def _nobody(_network: Network, document: dict[str, Any]) -> None:
    _peer(document)["url"] = f"grpcs://127.0.0.1:{free_port()}"


@contextmanager
def mutual(network: Network) -> Iterator[list[str]]:
    """Lead a profile to a server with the peer's certificate that wants one of its client."""
    tls = network.plan.department("Tax").peers[0].member
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cafile=tls.tls_roots)
    context.load_cert_chain(tls.tls_certificate, tls.tls_key)
    context.verify_mode = ssl.CERT_REQUIRED
    context.set_alpn_protocols(["h2"])
    with closing(socket.create_server(("127.0.0.1", 0))) as server:
        serving = threading.Thread(target=_refuse_all, args=(server, context), daemon=True)
        serving.start()
        url = f"grpcs://127.0.0.1:{server.getsockname()[1]}"
        with profiled(lambda _, document: _peer(document).update(url=url))(network) as arguments:
            yield arguments
        server.shutdown(socket.SHUT_RDWR)
        serving.join()


def _refuse_all(server: socket.socket, context: ssl.SSLContext) -> None:
    """Accept connections until the server is shut down; each is refused in its handshake."""
    while True:
        try:
            connection, _ = server.accept()
        except OSError:
            return
        with connection, suppress(OSError), context.wrap_socket(connection, server_side=True):
            pass


def _wrong_anchor(network: Network) -> Edit:
    right = network.plan.department("Health").peers[0].inside
    return SetAnchorPeers("HealthMSP", (AnchorPeer(right.host, right.port + 1),))


def _revocation(network: Network) -> Edit:
    return AddToMSP("TaxMSP", "crls", (revocation_list(network),))


def _dead_endpoint(network: Network) -> Edit:
    orderer = network.plan.own_orderers[0]
    dead = f"127.0.0.1:{free_port()}"
    return SetEndpoints(orderer.msp_id, (str(orderer.inside), dead))


def _due_list(network: Network) -> Edit:
    authority = load_ca(network.plan.department("Tax").ca)
    due = authority.revoke([], now=datetime.now(UTC), days=1)
    return AddToMSP("TaxMSP", "crls", (due,))


def revocation_list(network: Network) -> bytes:
    """Return the list with which a department's CA revokes its user."""
    tax = network.plan.department("Tax")
    revoked = tax.users["clerk"].certificate.read_bytes()
    return load_ca(tax.ca).revoke([revoked], now=datetime.now(UTC))


def _consenter_replaced(network: Network) -> Edit:
    orderer = network.plan.own_orderers[0]
    key = generate_private_key().public_key()
    other = load_ca(network.plan.organization(orderer).tls_ca).issue(
        orderer.name, now=datetime.now(UTC), public_key=key, hosts=orderer.member.hosts, tls=True
    )
    return ReplaceConsenter(str(orderer.inside), server_tls_certificate=other)


@contextmanager
def hung(network: Network) -> Iterator[list[str]]:
    """Stop the ledger's process without terminating it."""
    process = int((network.plan.root / "ledger.pid").read_text().split()[0])
    os.kill(process, signal.SIGSTOP)
    try:
        yield []
    finally:
        os.kill(process, signal.SIGCONT)


@contextmanager
def expired(network: Network) -> Iterator[list[str]]:
    """Give a user a certificate of its department's CA that was valid for the CA's first minute."""
    tax = network.plan.department("Tax")
    with kept(tax.users["clerk"].certificate) as file:
        key = load_certificate(file.read_bytes()).public_key()
        authority = load_ca(tax.ca)
        begin = authority.certificate.not_valid_before_utc + timedelta(minutes=1)
        file.write_bytes(authority.issue("clerk", unit="client", now=begin, public_key=key, days=0))
        yield []


@contextmanager
def foreign(network: Network) -> Iterator[list[str]]:
    """Give a user a certificate of a CA that has the name of its department's CA, and another key."""
    tax = network.plan.department("Tax")
    name = load_ca(tax.ca).certificate.subject
    stranger = CertificateAuthority.create(name.rfc4514_string(), "Tax", now=datetime.now(UTC))
    with kept(tax.users["clerk"].certificate) as file:
        key = generate_private_key().public_key()
        file.write_bytes(
            stranger.issue("clerk", unit="client", now=datetime.now(UTC), public_key=key)
        )
        yield []


@contextmanager
def revoked(network: Network) -> Iterator[list[str]]:
    """Revoke a user at the CA, and let no channel know of it."""
    tax = network.plan.department("Tax")
    lists = tax.msp / "crls"
    lists.mkdir()
    try:
        (lists / "crl.pem").write_bytes(revocation_list(network))
        yield []
    finally:
        shutil.rmtree(lists)


@contextmanager
def registrar_lost(network: Network) -> Iterator[list[str]]:
    """Give a department's registrar another secret than its CA server knows."""
    with kept(ca_server(network).registrar_secret) as file:
        file.write_text("another", encoding="ascii")
        yield []


@contextmanager
def ca_of_other_tls(network: Network) -> Iterator[list[str]]:
    """Replace the root of a CA server's TLS by that of another CA."""
    stranger = CertificateAuthority.create("tlsca", "Tax", now=datetime.now(UTC))
    with kept(ca_server(network).member.tls_roots) as file:
        file.write_bytes(stranger.certificate_pem)
        yield []


@contextmanager
def revoked_at_server(network: Network) -> Iterator[list[str]]:
    """Revoke somebody at the CA server, and let no channel know of it; afterwards every channel does."""
    with authority(network.plan.department("Tax")) as asked:
        ca, registrar = asked.client, asked.registrar
        ca.enroll("left", ca.register(registrar, "left"))
        crl = ca.revoke(registrar, "left", with_crl=True).crl
    try:
        yield []
    finally:
        network.revoke("TaxMSP", [], also=[crl])


def ca_server(network: Network) -> CAServer:
    """Return a department's CA server."""
    found = network.plan.department("Tax").cas
    assert found is not None
    return found


@contextmanager
def clocks_ahead(network: Network) -> Iterator[list[str]]:
    """Set the nodes' clock an hour ahead."""
    tools = network.development()
    tools.move_clock(timedelta(hours=1))
    try:
        yield []
    finally:
        tools.run_clock()


def committed(
    endorsement: str | None = None,
    *,
    without: str = "",
    other: str = "",
    collections: tuple[CollectionConfig, ...] = (),
) -> Break:
    """Return what commits sequence 2 of the contract: without the approval of one department, or with its other package."""

    @contextmanager
    def breaks(network: Network) -> Iterator[list[str]]:
        with set_back(network):
            _commit(network, endorsement, without, other, collections)
            yield []

    return breaks


def _commit(
    network: Network,
    endorsement: str | None,
    without: str,
    other: str,
    collections: tuple[CollectionConfig, ...],
) -> None:
    peers = {name: profile(network, name).peers[0] for name in network.plan.departments}
    with admin(network, "Tax") as tax:
        (before,) = tax.committed(peers["Tax"], CHANNEL)
        package_id = tax.approved(peers["Tax"], CHANNEL, "sample").package_id
    policy = before.endorsement_policy if endorsement is None else endorsement
    definition = replace(
        before,
        sequence=2,
        endorsement_policy=policy,
        collections=collection_package(collections),
    )
    for name, peer in peers.items():
        if name == without:
            continue
        with admin(network, name) as department:
            own = package_id
            if name == other:
                label = (package_id or "").partition(":")[0]
                package = ChaincodePackage.build(
                    label, {"address": "127.0.0.1:9", "tls_required": False}
                )
                own = department.install(peer, package)
            department.approve(peer, CHANNEL, definition, own)
    with admin(network, "Tax") as tax:
        tax.commit(peers["Tax"], CHANNEL, definition)


@contextmanager
def host_hung(network: Network) -> Iterator[list[str]]:
    """Stop a department's contract host without terminating it."""
    process = _process_of(network, "contracts.health")
    os.kill(process, signal.SIGSTOP)
    try:
        yield []
    finally:
        os.kill(process, signal.SIGCONT)


def _process_of(network: Network, host: str) -> int:
    """Return the process of a contract host, which listens at its operations address."""
    addresses = {host: network.plan.department("Health").host_operations}
    found = re.search(r"process (\d+)", taken(addresses)[host])
    assert found
    return int(found[1])


@contextmanager
def unwritable(network: Network) -> Iterator[list[str]]:
    """Keep the ledger's files from growing, so that it cannot write a channel."""
    process = int((network.plan.root / "ledger.pid").read_text().split()[0])
    before = resource.prlimit(process, resource.RLIMIT_FSIZE, (4096, -1))
    try:
        try:
            call(network, "Tax", "put", "a", "1")
        except FabricError:
            yield []
    finally:
        resource.prlimit(process, resource.RLIMIT_FSIZE, before)
        poll(network.status, until=is_well, every=0.2, timeout=30)


def is_well(nodes: Sequence[NodeStatus]) -> bool:
    """Return whether no node has a problem."""
    return not any(node.problem for node in nodes)


@contextmanager
def interrupted(network: Network) -> Iterator[list[str]]:
    """Begin a command that does not come to its end."""
    with suppress(InterruptedError), until_finished(network.root, "channel orderer renew a"):
        raise InterruptedError
    yield []
    finish(network.root, lambda one: one == "channel orderer renew a")


@contextmanager
def port_taken(network: Network) -> Iterator[list[str]]:
    """Listen, as another program, where a peer of a stopped network should."""
    network.down()
    node = network.plan.department("Health").peers[0]
    try:
        with closing(socket.create_server((node.listen.host, node.listen.port))):
            yield []
    finally:
        network.up()


@contextmanager
def not_joined(network: Network) -> Iterator[list[str]]:
    """Add a channel to the topology that no node has joined, as if `up` had been interrupted."""
    with kept(network.plan.root / "topology.yaml") as file:
        text = file.read_text()
        more = "channels:\n  deeds:\n    departments: [Tax]\n    contracts: []\n"
        file.write_text(text.replace("channels:\n", more))
        yield []


_TAX_AND_LAND = "OR('TaxMSP.member', 'LandMSP.member')"
_ALL = "OR('TaxMSP.member', 'HealthMSP.member', 'LandMSP.member')"


def _sealed(policy: str, *, peers: int = 0) -> CollectionConfig:
    return CollectionConfig(
        name="sealed",
        policy=policy,
        required_peer_count=peers,
        maximum_peer_count=max(peers, 1),
    )


OTHER_PROFILE = ("--context", "broken")
CLERK = ("--context", "Tax", "--user", "clerk")

BROKEN: tuple[Broken, ...] = (
    Broken(
        "tls-root",
        "a profile with another TLS CA's certificate",
        profiled(_other_root),
        client=OTHER_PROFILE,
        error="tls-root",
    ),
    Broken(
        "tls-name",
        "a profile with another name of a peer",
        profiled(_other_name),
        client=OTHER_PROFILE,
        error="tls-name",
    ),
    Broken(
        "tls-client",
        "a node that wants a client certificate",
        mutual,
        client=OTHER_PROFILE,
        error="tls-client",
    ),
    Broken(
        "hosts",
        "a profile with a port where nothing listens",
        profiled(_nobody),
        client=OTHER_PROFILE,
        error="hosts",
    ),
    Broken("hosts", "an address of orderers where nothing listens", changing(_dead_endpoint)),
    Broken(
        "hosts",
        "a ledger that hangs",
        hung,
        frozenset({"quorum", "contracts", "authorities"}),
        error="hosts",
    ),
    Broken(
        "expiry",
        "a user's certificate that has expired",
        expired,
        client=CLERK,
        error="expiry",
    ),
    Broken("expiry", "a revocation list that is due", changing(_due_list)),
    Broken("identities", "a user's certificate of another CA", foreign),
    Broken(
        "identities",
        "a user that the channel has revoked",
        changing(_revocation),
        client=CLERK,
        error="identities",
    ),
    Broken("crl", "a user revoked at the CA alone", revoked),
    Broken("clock", "nodes an hour ahead", clocks_ahead),
    Broken(
        "anchors",
        "a department without an anchor peer",
        changing(lambda _: SetAnchorPeers("HealthMSP", ())),
    ),
    Broken("anchors", "an anchor peer with a wrong port", changing(_wrong_anchor)),
    Broken("consenters", "a consenter with another certificate", changing(_consenter_replaced)),
    Broken("joined", "a channel that no node has joined", not_joined),
    Broken(
        "installed",
        "a definition that a department has not approved",
        committed("OR('LandMSP.peer')", without="Land"),
        frozenset({"endorsement"}),
        error="installed",
    ),
    Broken("packages", "a package with the same label and other content", committed(other="Land")),
    Broken(
        "endorsement",
        "a policy that wants more peers than there are",
        committed("OutOf(2, 'TaxMSP.peer', 'TaxMSP.peer')"),
        error="endorsement",
    ),
    Broken(
        "endorsement",
        "a policy that wants a department which is no member",
        committed("AND('TaxMSP.peer', 'CourtMSP.peer')"),
        error="endorsement",
    ),
    Broken(
        "collections",
        "a reader that is no endorser",
        committed("OR('TaxMSP.peer', 'HealthMSP.peer')", collections=(_sealed(_TAX_AND_LAND),)),
    ),
    Broken(
        "collections",
        "a collection that wants more peers than there are",
        committed(collections=(_sealed(_ALL, peers=3),)),
    ),
    Broken("contracts", "a contract host that hangs", host_hung),
    Broken(
        "health",
        "a channel that cannot be written",
        unwritable,
        frozenset({"authorities"}),
        error="health",
    ),
    Broken(
        "ports",
        "a port that another program has",
        port_taken,
        frozenset({"hosts", "quorum", "contracts", "authorities"}),
        error="hosts",
    ),
    Broken("unfinished", "a command that was killed", interrupted),
    Broken("authorities", "another secret of the registrar", registrar_lost),
    Broken("authorities", "a CA server with TLS of another CA", ca_of_other_tls),
    Broken("crl", "somebody revoked at the CA server alone", revoked_at_server),  # it leaves a list
)
"""What can be broken on the development ledger; `broken_fabric` has the rest."""


def small_disk(folder: Path, megabytes: int) -> bool:
    """Mount a small file system at a folder; return whether this machine allows that."""
    options = f"size={megabytes}m"
    mount = ["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(folder)]
    return subprocess.run(mount, capture_output=True, check=False).returncode == 0


def error_of(run: Callable[..., Any], network: Network, broken: Broken) -> Any:
    """Return what the command reports of a write by a client, as JSON."""
    write = ("chaincode", "invoke", "sample", "put", "a", "b", "-o", "json")
    ended = run(*write, *broken.client, "--state", str(network.folder))
    assert ended.code != 0
    return json.loads(ended.err.splitlines()[-1])
