"""What administrators did with fabric-sdk-py, on the face: orderers, channels, the lifecycle; calls when peers are down."""

import asyncio
import json
from collections.abc import Awaitable, Iterator
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

import pytest
from fabric_protos.common import common_pb2
from pyfabric_network.material.genesis import make_genesis_block
from pyfabric_network.network import ANY_FREE_PORT, Network
from pyfabric_network.profile import profile_file
from pyfabric_network.runtimes.runtime import RuntimeName

from pyfabric.admin.channels import SetAnchorPeers, edit_config
from pyfabric.admin.config.model import AnchorPeer
from pyfabric.admin.config.update import compute_update, signed_update
from pyfabric.client.effects import Endpoint
from pyfabric.errors import (
    ClientError,
    DeliverError,
    FabricError,
    GatewayError,
    PeerResponseError,
    StatusCode,
)
from pyfabric.hfc.fabric import Client
from pyfabric.hfc.fabric.block_decoder import BlockDecoder
from pyfabric.hfc.fabric.chaincode import Chaincode, ChaincodeExecutionError
from pyfabric.hfc.fabric.lifecycle import Lifecycle
from pyfabric.hfc.fabric.osnadmin import OSNAdmin, OSNOperationException
from pyfabric.hfc.fabric.peer import Peer
from pyfabric.hfc.fabric.user import User
from pyfabric.hfc.fabric_network.gateway import Gateway
from pyfabric.local.waiting import poll
from tests.support.hfc.profiles import write_profile
from tests.support.network.network import TOPOLOGY, write_topology
from tests.support.network.programs import fabric_programs, needs_fabric
from tests.support.ports import free_address

T = TypeVar("T")

RUNTIMES = [
    RuntimeName.EMBEDDED,
    pytest.param(RuntimeName.NATIVE, marks=[pytest.mark.fabric, needs_fabric]),
]
TAX, HEALTH, ORDERER = "peer0.tax", "peer0.health", "orderer0.tax"


class Site:
    """A network, and a client of it in an event loop of its own."""

    def __init__(self, network: Network, folder: Path) -> None:
        self.network = network
        self.folder = folder
        self.loop = asyncio.new_event_loop()
        self.client = Client(str(write_profile(network.plan, folder / "hfc" / "network.json")))

    def run(self, coroutine: Awaitable[T]) -> T:
        """Run a coroutine to its end."""
        return self.loop.run_until_complete(asyncio.wait_for(coroutine, 60))

    def admin(self, department: str) -> User:
        """Return the administrator of a department."""
        found = self.client.get_user(department, "Admin")
        assert found is not None
        return found

    def orderer(self) -> OSNAdmin:
        """Return the participation API of the only orderer."""
        endpoint: Endpoint = self.network.participation()[ORDERER]
        files = {
            "cert": endpoint.client_certificate,
            "key": endpoint.client_key,
            "ca": endpoint.tls_roots,
        }
        for name, content in files.items():
            (self.folder / name).write_bytes(content or b"")
        paths = [str(self.folder / name) for name in files]
        return OSNAdmin(f"https://{endpoint.address}", *paths)


@pytest.fixture(scope="module", params=RUNTIMES)
def site(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Site]:
    folder = tmp_path_factory.mktemp("hfc")
    network = Network.prepare(
        write_topology(folder, TOPOLOGY),
        folder / "state",
        base_port=ANY_FREE_PORT,
        runtime=request.param,
        programs=fabric_programs(),
    )
    network.up()
    try:
        network.deploy()
        made = Site(network, folder)
        yield made
        made.run(made.client.close_grpc_channels())
        made.loop.close()
    finally:
        network.down()


def genesis(site: Site) -> Path:
    """Write the genesis block of another channel of both departments, and return its file."""
    plan = site.network.plan
    channel = replace(plan.channels["bills"], name="spare")
    block = make_genesis_block(plan, channel, timestamp=datetime.now(UTC), nonce=bytes(24))
    file = site.folder / "spare.block"
    file.write_bytes(block)
    return file


def await_leader(site: Site) -> None:
    """Wait until the orderer sends the new channel's blocks: until it has a leader it refuses with 503."""

    def serves() -> bool:
        ask = site.client.get_channel_config_with_orderer(site.admin("Tax"), "spare", ORDERER)
        with suppress(DeliverError):
            return bool(site.run(ask))
        return False

    assert poll(serves, until=bool, every=0.1, timeout=30)


def test_a_channel_is_made_joined_and_changed(site: Site) -> None:
    orderer, client, admin = site.orderer(), site.client, site.admin("Tax")
    assert [one["name"] for one in orderer.list_all_channels()["channels"]] == ["bills"]
    joined = orderer.join(str(genesis(site)))
    assert (joined["name"], joined["status"], joined["height"]) == ("spare", "active", 1)
    with pytest.raises(OSNOperationException, match="channel already exists"):
        orderer.join(str(site.folder / "spare.block"))

    await_leader(site)
    answers = site.run(client.channel_join(admin, "spare", [TAX], ORDERER))
    assert [one.response.status for one in answers if not isinstance(one, str)] == [200]
    again = site.run(client.channel_join(admin, "spare", [TAX], ORDERER))
    assert "already exists" in str(again)
    names = site.run(client.query_channels(admin, [TAX])).channels
    assert [one.channel_id for one in names] == ["bills", "spare"]

    (before,) = site.run(client.get_channel_config(admin, "spare", [TAX]))
    present = before.config.SerializeToString()
    wanted = edit_config(present, [SetAnchorPeers("TaxMSP", (AnchorPeer("127.0.0.1", 7051),))])
    file = site.folder / "update.pb"
    file.write_bytes(_file_of(compute_update("spare", present, wanted)))
    signature = client.channel_signconfigtx(str(file), admin)
    assert signature
    assert site.run(client.channel_update(ORDERER, "spare", admin, config_tx=str(file)))

    def sequence() -> Any:
        (after,) = site.run(client.get_channel_config(admin, "spare", [TAX]))
        return after.config.sequence

    assert poll(sequence, until=lambda found: found == 1, every=0.1, timeout=30)
    ordered = site.run(client.get_channel_config_with_orderer(admin, "spare", ORDERER))
    anchors = ordered["config"]["channel_group"]["groups"]["Application"]["groups"]["TaxMSP"]
    assert anchors["values"]["AnchorPeers"]["value"] == {
        "anchor_peers": [{"host": "127.0.0.1", "port": 7051}]
    }
    with pytest.raises(ClientError, match="config_tx is required"):
        site.run(client.channel_update(ORDERER, "spare", admin, "folder", "profile"))
    assert orderer.list_single_channel("spare")["height"] == 2
    assert orderer.remove("spare") == b""

    def is_gone() -> bool:
        try:
            orderer.list_single_channel("spare")
        except OSNOperationException:
            return True
        return False

    # An orderer of Fabric deletes the ledger after its answer, and knows the channel until then.
    assert poll(is_gone, until=bool, every=0.1, timeout=30)


def _file_of(update: bytes) -> bytes:
    """Return an update as configtxlator and `peer` write it: in an envelope, unsigned."""
    header = common_pb2.ChannelHeader(type=common_pb2.CONFIG_UPDATE, channel_id="spare")
    payload = common_pb2.Payload(
        header=common_pb2.Header(channel_header=header.SerializeToString()),
        data=signed_update(update, []),
    )
    return common_pb2.Envelope(payload=payload.SerializeToString()).SerializeToString()


def test_a_chaincode_is_approved_and_committed(site: Site) -> None:
    folder = site.folder / "deeds"
    folder.mkdir()
    connection = {"address": "127.0.0.1:9999", "dial_timeout": "1s", "tls_required": False}
    (folder / "connection.json").write_text(json.dumps(connection), encoding="utf-8")
    lifecycle = Lifecycle(site.client, "deeds")
    package = lifecycle.package(str(folder), "deeds_1", str(site.folder / "deeds.tgz"), "CCAAS")
    assert (site.folder / "deeds.tgz").read_bytes() == package

    policy = "OR('TaxMSP.peer', 'HealthMSP.peer')"
    sealed = {
        "name": "sealed",
        "maxPeerCount": 0,
        "policy": {
            "identities": [{"role": {"name": "member", "mspId": "TaxMSP"}}],
            "policy": {"1-of": [{"signed-by": 0}]},
        },
    }
    package_ids = set()
    for department, peer in (("Tax", TAX), ("Health", HEALTH)):
        admin = site.admin(department)
        (installed,) = site.run(lifecycle.install(admin, [peer], package))
        package_ids.add(installed["packageId"])
        approval = lifecycle.approve_for_my_org(
            admin, [peer], "bills", "1", installed["packageId"], policy, collections_config=[sealed]
        )
        site.run(approval)
        (approved,) = site.run(lifecycle.query_approved_chaincodes(admin, [peer], "bills", "deeds"))
        assert approved["source"]["localPackage"]["packageId"] == installed["packageId"]
    assert len(package_ids) == 1

    admin = site.admin("Tax")
    site.run(
        lifecycle.commit_definition(admin, [TAX], "bills", "1", policy, collections_config=[sealed])
    )
    (one,) = site.run(lifecycle.query_committed_chaincodes(admin, [TAX], "bills", "deeds"))
    assert (one["sequence"], one["version"]) == ("1", "1")
    assert one["approvals"] == {"HealthMSP": True, "TaxMSP": True}
    (all_,) = site.run(lifecycle.query_committed_chaincodes(admin, [TAX], "bills"))
    names = sorted(found["name"] for found in all_["chaincodeDefinitions"])
    assert names == ["deeds", "sample"]
    (installed,) = site.run(lifecycle.query_installed_chaincodes(admin, [TAX]))
    assert "deeds_1" in [found["label"] for found in installed["installedChaincodes"]]
    (raw,) = site.run(lifecycle.query_installed_chaincodes(admin, [TAX], decode=False))
    assert isinstance(raw, bytes)

    (there,) = site.run(site.client.query_instantiated_chaincodes(admin, "bills", [TAX]))
    assert [found.name for found in there.chaincodes] == ["deeds", "sample"]
    (on_peer,) = site.run(site.client.query_installed_chaincodes(admin, [TAX]))
    assert {found.name for found in on_peer.chaincodes} == {"deeds", "sample"}


def test_a_chaincode_is_called_as_an_object(site: Site) -> None:
    admin = site.admin("Tax")
    sample = Chaincode(site.client, "sample")
    both = [TAX, HEALTH]
    put = sample.invoke(admin, "bills", both, ["a", "1"], fcn="put", wait_for_event=True)
    assert site.run(put) == "1"
    assert site.run(sample.query(admin, "bills", [HEALTH], ["a"], fcn="get")) == "1"
    nothing = sample.invoke(admin, "bills", both, [], fcn="nothing", raise_on_error=True)
    with pytest.raises(ChaincodeExecutionError, match="nothing"):
        site.run(nothing)
    assert "nothing" in site.run(sample.invoke(admin, "bills", both, [], fcn="nothing"))
    with pytest.raises(PeerResponseError, match="nothing"):
        site.run(sample.query(admin, "bills", both, [], fcn="nothing"))


def unreachable(site: Site) -> Peer:
    """Return a peer at a port where nothing listens."""
    known = site.client.get_peer(TAX)
    assert known is not None
    return Peer("away", free_address(), tls_ca_cert_file=known.target.tls_roots)


def test_peers_that_cannot_be_reached_are_left_out_or_must_answer(site: Site) -> None:
    admin, away = site.admin("Tax"), unreachable(site)
    both = [TAX, HEALTH]

    def invoke(peers: list[Any], **named: Any) -> str:
        arguments = {"fcn": "put", "wait_for_event": True, **named}
        call = site.client.chaincode_invoke(
            admin, "bills", peers, ["b", "2"], "sample", **arguments
        )
        return site.run(call)

    assert invoke([*both, away]) == "2"
    retried = {"grpc_broker_unavailable_retry": 2, "grpc_broker_unavailable_retry_delay": 10}
    assert invoke([*both, away], **retried, raise_broker_unavailable=False) == "2"
    for peers, named in (([*both, away], retried), ([away], {})):
        with pytest.raises(GatewayError) as raised:
            invoke(peers, **named)
        assert raised.value.code is StatusCode.UNAVAILABLE
    assert site.run(site.client.query_info(admin, "bills", [away, TAX])).height > 1


def test_an_event_that_does_not_come_is_a_time_out(site: Site) -> None:
    admin, both = site.admin("Tax"), [TAX, HEALTH]
    call = site.client.chaincode_invoke(
        admin,
        "bills",
        both,
        ["c", "3"],
        "sample",
        fcn="put",
        wait_for_event=True,
        cc_pattern="^other",
    )
    with pytest.raises(TimeoutError, match=r"sets the event 'put', which cc_pattern '\^other'"):
        site.run(call)


def test_a_hub_in_a_running_loop_sees_what_follows(site: Site) -> None:
    admin, client = site.admin("Tax"), site.client
    peer = client.get_peer(TAX)
    assert peer is not None
    seen: list[Any] = []

    async def follow() -> None:
        channel = client.new_channel("bills")
        hub = channel.newChannelEventHub(peer, admin)
        following = hub.connect()
        while not hub.connected:
            await asyncio.sleep(0.01)
        assert channel.getChannelEventHubsForOrg(admin) == [hub]
        hub.registerChaincodeEvent("sample", "put", as_array=True, onEvent=seen.append)
        await client.chaincode_invoke(
            admin, "bills", [TAX, HEALTH], ["d", "4"], "sample", fcn="put", wait_for_event=True
        )
        await client.chaincode_invoke(
            admin, "bills", [TAX, HEALTH], ["d", "5"], "sample", fcn="put", wait_for_event=True
        )
        hub.disconnect()
        await following
        assert not hub.connected

    site.run(follow())
    arrays = [one for one in seen if isinstance(one, list)]
    assert {event["tx_status"] for one in arrays for event in one} == {"VALID"}
    assert all("payload" not in event["chaincode_event"] for one in arrays for event in one)


def test_start_and_stop_are_for_one_registration(site: Site) -> None:
    admin = site.admin("Tax")
    peer = site.client.get_peer(TAX)
    assert peer is not None
    hub = site.client.new_channel("bills").newChannelEventHub(peer, admin)
    numbers: list[int] = []
    hub.registerBlockEvent(
        start=0, stop=10**9, onEvent=lambda block: numbers.append(block["number"])
    )
    with pytest.raises(ClientError, match="no other can be registered"):
        hub.registerTxEvent("all")
    with pytest.raises(ClientError, match="connect without them"):
        hub.connect(start=1)
    height = site.run(site.client.query_info(admin, "bills", [TAX])).height
    site.run(hub.connect())
    assert numbers == [0]  # unregister is the default
    other = site.client.new_channel("bills").newChannelEventHub(peer, admin)
    for start, stop in (("first", None), (None, "last"), (3, 2)):
        with pytest.raises(ClientError, match="must"):
            other.connect(start=start, stop=stop)
    other.registerBlockEvent(
        unregister=False, onEvent=lambda block: numbers.append(block["number"])
    )
    site.run(other.connect(start=height - 2, stop="newest"))
    assert numbers[1:] == [height - 2, height - 1]


def test_each_call_may_have_a_loop_of_its_own(site: Site) -> None:
    for _ in range(2):
        call = site.client.query_info(site.admin("Tax"), "bills", [TAX])
        assert asyncio.run(_closing(site.client, call)).height > 1


async def _closing(client: Client, call: Awaitable[T]) -> T:
    answer = await call
    await client.close_grpc_channels()
    return answer


def test_what_a_profile_lacks_is_named(site: Site, tmp_path: Path) -> None:
    file = tmp_path / "network.json"
    document = {
        "organizations": {
            "Tax": {"mspid": "TaxMSP", "users": {"ann": {"cert": "no", "key": "no"}}}
        },
        "peers": {"peer0": {"url": "127.0.0.1:1"}},
    }
    file.write_text(json.dumps(document), encoding="utf-8")
    client = Client(str(file))
    with pytest.raises(ClientError, match=r"peer0: peers\.peer0.tlsCACerts: field required"):
        site.run(client.query_channels(site.admin("Tax"), ["peer0"]))
    with pytest.raises(ClientError, match="the user ann of Tax cannot be used"):
        client.get_user("Tax", "ann")
    assert client.get_user("Tax", "bo") is None
    with pytest.raises(ClientError, match="'peer9' is no peer of the profile: it has peer0"):
        site.run(client.query_channels(site.admin("Tax"), ["peer9"]))
    with pytest.raises(ClientError, match="no peer is named"):
        site.run(client.query_channels(site.admin("Tax"), []))
    client.export_net_profile(str(tmp_path / "copy.json"))
    assert json.loads((tmp_path / "copy.json").read_text()) == document
    assert not client.set_tls_client_cert_and_key("nothing", "nothing")
    with pytest.raises(ClientError, match="the connection profile cannot be used"):
        Client(str(tmp_path / "missing.json"))


def test_a_gateway_finds_the_peers_of_other_departments(site: Site) -> None:
    plan = site.network.plan
    file = str(profile_file(plan, plan.department("Tax")))
    gateway = Gateway()
    who = {"org_name": "Tax", "name": "Admin"}
    site.run(gateway.connect(file, {"wallet": "", "identity": who}))
    admin = gateway.get_current_identity()
    assert admin is not None
    assert list(gateway.get_client().peers) == [TAX]
    network = site.run(gateway.get_network("bills", admin))
    assert site.run(gateway.get_network("bills", admin)) is network
    assert len(gateway.get_client().peers) == 2
    contract = network.get_contract("sample")
    assert (contract.get_cc_name(), contract.get_network()) == ("sample", network)
    assert contract.get_options() == gateway.get_options()
    # The contract has neither of the two functions that fabric-sdk-py calls.
    assert "invoke" in site.run(contract.submit_transaction("bills", ["a"], admin))
    with pytest.raises(PeerResponseError, match="query"):
        site.run(contract.evaluate_transaction("bills", ["a"], admin))
    with pytest.raises(FabricError):
        site.run(gateway.get_network("nowhere", admin))
    site.run(gateway.get_client().close_grpc_channels())


def test_a_client_reads_what_a_peer_sends(site: Site) -> None:
    admin, client = site.admin("Tax"), site.client
    info = site.run(client.query_info(admin, "bills", [TAX]))
    number = str(info.height - 1)
    raw = site.run(client.query_block(admin, "bills", [TAX], number, decode=False))
    assert BlockDecoder.decode(raw) == site.run(client.query_block(admin, "bills", [TAX], number))
    for call in (
        client.query_info(admin, "bills", [TAX], decode=False),
        client.query_channels(admin, [TAX], decode=False),
        client.get_channel_config_with_orderer(admin, "bills", ORDERER, decode=False),
    ):
        assert isinstance(site.run(call), bytes)
    (answer,) = site.run(client.get_channel_config(admin, "bills", [TAX], decode=False))
    assert BlockDecoder.decode(answer.response.payload)["header"]["number"] == 0
    assert site.run(client.query_peers(admin, TAX, decode=False)) == {}
    with pytest.raises(PeerResponseError, match="no such transaction"):
        site.run(client.query_transaction(admin, "bills", [TAX], "none"))
    assert client.CAs == {}
