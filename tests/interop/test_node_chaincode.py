"""A chaincode on the official Node runtime, deployed on our ledger and called by our client."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

import pytest
import pytest_asyncio
from fabric_protos.peer import collection_pb2

from pyfabric import aio
from pyfabric.errors import EndorseError, GatewayError, ValidationCode
from pyfabric.identity.certificates import client_id, load_certificate
from tests.support.chaincode.node_chaincode import MARKS, node_chaincodes
from tests.support.contracts.private_contract import TWO, collection
from tests.support.ledger.ledger import CHANNEL, LedgerNetwork

NAME = "records"
COLLECTIONS = collection_pb2.CollectionConfigPackage(
    config=[
        collection_pb2.CollectionConfig(
            static_collection_config=collection("pair", TWO, member_only_read=True)
        )
    ]
)

pytestmark = [pytest.mark.asyncio(loop_scope="module"), *MARKS]


@dataclass
class Net:
    """The network, and a client of each department."""

    network: LedgerNetwork
    gateways: dict[str, aio.Gateway]

    def contract(self, department: str) -> aio.Contract:
        return self.gateways[department].network(CHANNEL).contract(NAME)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def net(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Net]:
    folder: Path = tmp_path_factory.mktemp("node")
    network = LedgerNetwork.make(folder)
    async with network.running():
        await network.create_channel()
        package_id = await network.deploy(NAME, collections=COLLECTIONS)
        departments = list(network.departments.values())
        with node_chaincodes(departments, package_id, folder / "node.log"):
            gateways = {
                one.name: await aio.connect(one.user(), one.peer).__aenter__()
                for one in departments
            }
            yield Net(network, gateways)
            for gateway in gateways.values():
                await gateway.close()


async def test_it_writes_reads_and_scans(net: Net) -> None:
    contract = net.contract("EconInfo")
    for key in ("a-1", "a-2"):
        assert await contract.submit("put", key, "公开目录") == "公开目录".encode()
    for department in net.gateways:
        assert await net.contract(department).evaluate("get", "a-1") == "公开目录".encode()
    assert await contract.evaluate("keys", "a-", "a-~") == b"a-1,a-2"
    assert await contract.evaluate("get", "nothing") == b""


async def test_many_at_once(net: Net) -> None:
    contract = net.contract("EconInfo")
    sent = [await contract.submit_async("put", f"many-{number:02}", "v") for number in range(30)]
    assert {(await one.status()).code for one in sent} == {ValidationCode.VALID}
    scanned = await contract.evaluate("keys", "many-", "many-~")
    assert scanned == ",".join(f"many-{number:02}" for number in range(30)).encode()


async def test_its_events_arrive(net: Net) -> None:
    gateway = net.gateways["MktSup"]
    async with await gateway.network(CHANNEL).chaincode_events(NAME) as events:
        submitted = await net.contract("EconInfo").submit_async("put", "event", "v")
        status = await submitted.status()
        event = await anext(events)
    assert (event.name, event.payload, event.chaincode) == ("put", b"event", NAME)
    assert (event.transaction_id, event.block_number) == (
        submitted.transaction_id,
        status.block_number,
    )


async def test_it_knows_who_calls(net: Net) -> None:
    user = net.network.departments["MktSup"].user()
    said = await net.contract("MktSup").evaluate("whoami")
    expected = client_id(load_certificate(user.identity.certificate))
    assert said.decode() == f"MktSupMSP {expected}"


async def test_its_refusals_are_told(net: Net) -> None:
    with pytest.raises(EndorseError) as caught:
        await net.contract("EconInfo").submit("refuse", "没有法律依据")
    assert [(one.msp_id, one.message) for one in caught.value.details] == [
        ("EconInfoMSP", "chaincode response 500, 没有法律依据")
    ]


async def test_private_data_reaches_members_only(net: Net) -> None:
    await net.contract("EconInfo").submit(
        "putPrivate",
        "pair",
        "secret",
        transient={"value": "四位数密码"},
        endorsing_organizations=["EconInfoMSP", "MktSupMSP"],
    )
    for department in ("EconInfo", "MktSup"):
        contract = net.contract(department)
        assert await contract.evaluate("getPrivate", "pair", "secret") == "四位数密码".encode()
    outside = net.contract("Haidian")
    digest = sha256("四位数密码".encode()).hexdigest()
    assert await outside.evaluate("hash", "pair", "secret") == digest.encode()
    with pytest.raises(GatewayError) as caught:
        await outside.evaluate(
            "getPrivate", "pair", "secret", endorsing_organizations=["HaidianMSP"]
        )
    assert "tx creator does not have read access permission" in caught.value.details[0].message
