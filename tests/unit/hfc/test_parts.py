"""The small parts of the face: nodes, organisations, channels, contexts, wallets of requests, helpers."""

import json
from datetime import UTC, date, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
from fabric_protos.common import common_pb2, configtx_pb2

from pyfabric.errors import ClientError, GoneError, IdentityError, PackageError
from pyfabric.hfc.fabric import Client
from pyfabric.hfc.fabric.certificateAuthority import create_ca
from pyfabric.hfc.fabric.channel.channel import Channel, create_app_channel
from pyfabric.hfc.fabric.channel.channel_configuration import ChannelConfiguration
from pyfabric.hfc.fabric.channel.channel_eventhub import ChannelEventHub
from pyfabric.hfc.fabric.lifecycle import Lifecycle
from pyfabric.hfc.fabric.orderer import Orderer
from pyfabric.hfc.fabric.organization import create_org
from pyfabric.hfc.fabric.peer import Peer, create_peer
from pyfabric.hfc.fabric.transaction.tx_context import create_tx_context, validate
from pyfabric.hfc.fabric.user import create_user, signing_identity
from pyfabric.hfc.fabric_ca import CAClient
from pyfabric.hfc.fabric_ca._contents import place, registration, with_query
from pyfabric.hfc.fabric_ca.caservice import CAService
from pyfabric.hfc.fabric_ca.enrollment import Enrollment
from pyfabric.hfc.fabric_network.gateway import Gateway
from pyfabric.hfc.util.crypto.crypto import ecies
from pyfabric.hfc.util.keyvaluestore import file_key_value_store
from pyfabric.hfc.util.utils import (
    create_serialized_identity,
    extract_channel_config,
    pem_to_der,
)
from pyfabric.identity import pem
from pyfabric.identity.issuing import CertificateAuthority
from pyfabric.identity.keys import generate_private_key, private_key_pem
from pyfabric.messages.envelopes import transaction_id

NOW = datetime(2026, 1, 1, tzinfo=UTC)
CA = CertificateAuthority.create("ca", "Tax", now=NOW)
KEY = generate_private_key()
CERTIFICATE = CA.issue("ann", unit="client", now=NOW, public_key=KEY.public_key())
ANN = create_user("ann", "Tax", None, "TaxMSP", private_key_pem(KEY), CERTIFICATE)


def test_a_node_made_by_hand_has_its_files(tmp_path: Path) -> None:
    root, certificate, key = (tmp_path / name for name in ("root", "cert", "key"))
    root.write_bytes(CA.certificate_pem)
    certificate.write_bytes(CERTIFICATE)
    key.write_bytes(private_key_pem(KEY))
    options = (("grpc.ssl_target_name_override", "peer0.tax"),)
    peer = Peer("peer0", "grpcs://localhost:1", str(root), str(key), str(certificate), options)
    assert (peer.endpoint, peer.target.address) == ("localhost:1", "localhost:1")
    assert peer.target.server_name == "peer0.tax"
    assert (peer.target.client_certificate, peer.target.client_key) == (
        CERTIFICATE,
        private_key_pem(KEY),
    )
    peer.endpoint = "localhost:9"
    assert peer.target.address == "localhost:9"
    peer.endpoint = "localhost:1"
    assert str(peer) == "[Peer:name=peer0,endpoint=localhost:1]"
    peer.join("estate")
    assert peer.channels == ["estate"]
    plain = create_peer("localhost:2", CA.certificate_pem)
    assert plain.target.client_certificate is None
    assert plain.set_tls_client_cert_and_key(str(key), str(certificate))
    assert plain.target.client_key == private_key_pem(KEY)
    with pytest.raises(
        ClientError, match=r"cannot connect to orderer: orderers\.orderer\.tlsCACerts"
    ):
        _ = Orderer().target
    bundle = {"url": "localhost:3", "tlsCACerts": {"path": str(root)}, "grpcOptions": {}}
    assert Orderer().init_with_bundle(bundle)


def test_an_organisation_and_a_ca_are_entries_of_a_profile() -> None:
    info = {
        "mspid": "TaxMSP",
        "users": {
            "ann": {
                "cert": {"pem": CERTIFICATE.decode()},
                "private_key": {"pem": private_key_pem(KEY).decode()},
            }
        },
    }
    found = create_org("Tax", info, None).get_user("ann")
    assert found is not None
    assert found.msp_id == "TaxMSP"
    assert create_org("Tax", info, None).get_user("bo") is None
    assert create_ca("ca", {"url": "https://localhost:7054"})._url == "https://localhost:7054"


def test_a_channel_notes_nodes() -> None:
    peer, orderer = Peer(), Orderer()
    channel = create_app_channel(Client(), "estate")
    channel.add_peer(peer)
    channel.add_orderer(orderer)
    assert (channel.name, channel.is_sys_chan, channel.is_dev_mode) == ("estate", False, False)
    assert (list(channel.peers), list(channel.orderers)) == (["localhost:7051"], ["localhost:7050"])
    channel.remove_peer(peer)
    channel.remove_orderer(orderer)
    assert (channel.peers, channel.orderers, channel.state_store()) == ({}, {}, None)
    assert Channel("estate", None).newChannelEventHub(peer, ANN).stream is None
    with pytest.raises(ValueError, match="'Estate' cannot be a channel's name"):
        Channel("Estate", None)


def test_a_hub_forgets_functions() -> None:
    hub = ChannelEventHub(Peer(), "estate", ANN)
    one = hub.registerBlockEvent()
    two = hub.registerTxEvent("id")
    three = hub.registerChaincodeEvent("cc", ".*")
    assert hub.have_registrations()
    hub.unregisterBlockEvent(one)
    hub.unregisterTxEvent(two)
    hub.unregisterChaincodeEvent(three)
    hub.unregisterChaincodeEvent(three)
    hub.unregisterBlockEvent(one)
    assert not hub.have_registrations()
    with pytest.raises(ClientError, match="signed_event is gone"):
        hub.connect(signed_event=b"")
    hub.registerTxEvent("id")
    with pytest.raises(ClientError, match="use a hub of its own"):
        hub.registerBlockEvent(start=1)


def test_a_context_has_a_transaction_id_of_its_nonce() -> None:
    context = create_tx_context(ANN, ecies(), {"a": "request"})
    assert context.tx_id == transaction_id(context.identity, context.nonce)
    assert context.identity == create_serialized_identity(ANN)
    assert (context.user, context.epoch, context.prop_wait_time) == (ANN, 0, -1)
    assert context.tx_id in str(context)
    assert context.crypto.verify(KEY.public_key(), b"text", context.sign(b"text"))  # type: ignore[arg-type]  # P-256
    with pytest.raises(ValueError, match="lacks tx_prop_req"):
        create_tx_context(ANN, ecies(), None)
    with pytest.raises(ValueError, match="context is missing"):
        validate(None)


def test_an_update_is_taken_out_of_its_file(tmp_path: Path) -> None:
    update = configtx_pb2.ConfigUpdate(channel_id="estate").SerializeToString()
    data = configtx_pb2.ConfigUpdateEnvelope(config_update=update).SerializeToString()
    raw = common_pb2.Envelope(payload=common_pb2.Payload(data=data).SerializeToString())
    file = tmp_path / "update.pb"
    file.write_bytes(raw.SerializeToString())
    client = Client()
    assert extract_channel_config(file.read_bytes()) == update
    assert client.extract_channel_config(file.read_bytes()) == update
    signature = client.channel_signconfigtx(str(file), ANN)
    signed = configtx_pb2.ConfigSignature.FromString(signature)
    assert signing_identity(ANN).serialized() in signed.signature_header
    with pytest.raises(ClientError, match="to_string=False is gone"):
        client.sign_channel_config(update, to_string=False)
    with pytest.raises(ClientError, match="nobody is to sign"):
        Client().sign_channel_config(update)
    with pytest.raises(ClientError, match="cannot be read"):
        client.channel_signconfigtx(str(tmp_path / "none"), ANN)
    with pytest.raises(ValueError, match="no configuration update"):
        extract_channel_config(b"\xff")


def test_helpers(tmp_path: Path) -> None:
    assert pem.encode("CERTIFICATE", pem_to_der(CERTIFICATE)).strip() == CERTIFICATE.strip()
    with pytest.raises(IdentityError, match="no PEM block"):
        pem_to_der(b"")
    file = tmp_path / "config"
    file.write_bytes(b"bytes")
    assert ChannelConfiguration(file_path=str(file)).config == b"bytes"
    assert ChannelConfiguration(b"others").config == b"others"
    assert ChannelConfiguration().config is None
    assert str(file_key_value_store(tmp_path)) == f"[FileKeyValueStore:path={tmp_path}]"


def test_a_go_module_is_packaged(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "src" / "example.com" / "cc"
    folder.mkdir(parents=True)
    (folder / "go.mod").write_text("module example.com/cc\n")
    (folder / "main.go").write_text("package main\n\nfunc main() {}\n")
    monkeypatch.setenv("GOPATH", str(tmp_path))
    below = Lifecycle(Client()).package("example.com/cc", "cc_1")
    monkeypatch.delenv("GOPATH")
    assert Lifecycle(Client()).package(str(folder), "cc_1") == below
    with pytest.raises(PackageError, match=r"no go\.mod"):
        Lifecycle(Client()).package(str(tmp_path), "cc_1")


@pytest.mark.asyncio
async def test_packages_of_fabric_1_are_refused() -> None:
    with pytest.raises(
        PackageError, match=r"packages of Fabric 1 are gone: call Lifecycle\.package"
    ):
        await Client().chaincode_install(ANN, [Peer()], "cc", "cc", "1", packaged_cc=b"code")
    with pytest.raises(ClientError, match="packaged_cc is required"):
        await Lifecycle(Client()).install(ANN, [Peer()])
    with pytest.raises(ClientError, match="decode=False is gone"):
        await Client().query_installed_chaincodes(ANN, [Peer()], decode=False)
    with pytest.raises(ClientError, match="name a channel"):
        await Client().query_peers(ANN, create_peer(tls_cacerts=CA.certificate_pem), local=False)
    with pytest.raises(GoneError, match="is gone"):
        await Client().chaincode_instantiate(ANN, "estate", [], [], "cc", "1")


def test_a_gateway_without_a_client_is_told() -> None:
    gateway = Gateway()
    with pytest.raises(ClientError, match="connect first"):
        gateway.get_client()
    merged = gateway.mergeOptions({"a": {"b": 1}, "c": 2}, {"a": {"d": 3}, "c": 4})
    assert merged == {"a": {"b": 1, "d": 3}, "c": 4}
    assert (gateway.get_options(), gateway.get_current_identity()) == ({}, None)
    gateway.disconnect()


class Recording:
    """A service that notes what an enrolment asks."""

    def __init__(self) -> None:
        self.asked: list[Any] = []

    def register(self, *arguments: Any) -> str:
        self.asked.append(arguments[:-1])
        return "secret"

    def revoke(self, *arguments: Any) -> tuple[Any, Any]:
        self.asked.append(arguments[:-1])
        return [], ""

    def generateCRL(self, *arguments: Any) -> str:  # noqa: N802 - fabric-sdk-py's name
        self.asked.append(arguments[:-1])
        return ""


def test_an_enrolment_asks_its_service() -> None:
    service = Recording()
    enrollment = Enrollment(KEY, CERTIFICATE, service=service)
    assert enrollment.register("bo") == "secret"
    enrollment.revoke(aki="a", serial="1")
    zone = timezone(timedelta(hours=8))
    enrollment.generateCRL(
        date(2026, 2, 1),
        datetime(2026, 1, 1, tzinfo=UTC).replace(tzinfo=None),
        None,
        datetime(2026, 3, 1, tzinfo=zone),
    )
    assert service.asked == [
        ("bo", None, None, "", 1, None),
        (None, "a", "1", None, False),
        (
            "2026-02-01T00:00:00+00:00",
            "2026-01-01T00:00:00+00:00",
            None,
            "2026-03-01T00:00:00+08:00",
        ),
    ]
    for wrong in ({}, {"aki": "a"}):
        with pytest.raises(ValueError, match="name whom to revoke"):
            enrollment.revoke(**wrong)
    with pytest.raises(ValueError, match="must not be later"):
        enrollment.generateCRL(date(2026, 1, 1), date(2026, 2, 1))
    with pytest.raises(ValueError, match="knows no CA"):
        Enrollment(KEY, CERTIFICATE).register("bo")


def test_what_a_ca_cannot_be_asked_is_refused() -> None:
    service = CAService("http://localhost:1")
    for arguments in (("", "secret"), ("ann", "")):
        with pytest.raises(ValueError, match="needs the name and its secret"):
            service.enroll(*arguments)
    with pytest.raises(ValueError, match="a list of dicts with a name"):
        service.enroll("ann", "secret", attr_reqs=[{}])
    with pytest.raises(ValueError, match="is no Enrollment"):
        service.reenroll("ann")  # type: ignore[arg-type]  # what an old program may do
    with pytest.raises(ValueError, match="no key here"):
        service.reenroll(Enrollment(None, CERTIFICATE))
    with pytest.raises(ValueError, match="a certificate request"):
        CAClient("http://localhost:1").enroll("ann", "secret", "")
    for name in ("", "a/b", "..", None):
        with pytest.raises(ValueError, match="cannot name an identity"):
            place("identities", name, "identity")
    assert place("identities", "ä b", "identity") == "identities/%C3%A4%20b"
    assert with_query("p", {"a": "", "b": "c&d"}) == "p?b=c%26d"
    with pytest.raises(ValueError, match="must be a number"):
        registration("ann", None, None, None, "1", None)  # type: ignore[arg-type]  # what an old program may do
    wanted = registration("ann", "s", "client", None, 2, [{"name": "a", "value": "b"}])
    assert json.dumps(wanted)
    assert wanted["max_enrollments"] == 2
