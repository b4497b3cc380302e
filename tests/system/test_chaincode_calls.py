"""Chaincodes that call chaincodes, on one channel and across two: Fabric's results and texts.

The topology has two channels; Steel is in the first one only. Every answer here was also given by
Fabric 3.1.5.
"""

import json
from collections.abc import Iterator
from contextlib import ExitStack

import pytest
from fabric_protos.common import common_pb2
from fabric_protos.ledger.rwset import rwset_pb2
from fabric_protos.peer import (
    chaincode_event_pb2,
    proposal_pb2,
    proposal_response_pb2,
    transaction_pb2,
)
from pyfabric_network.network import ANY_FREE_PORT, Network
from pyfabric_network.profile import Profile, load_profile, profile_file

from pyfabric._grpc.driver import Driver
from pyfabric.client.effects import Endpoint
from pyfabric.client.transactions import process_proposal
from pyfabric.errors import GatewayError
from pyfabric.gateway import Admin, Gateway, connect
from tests.support.paths import TESTS

TOPOLOGY = """\
name: calls
departments:
  Tax: { users: { clerk: {} } }
  Health: { users: { clerk: {} } }
  Steel: { users: { clerk: {} } }
ordering: { nodes: [Tax], batch: { timeout: 20ms } }
channels:
  wide: { departments: [Tax, Health, Steel], contracts: [relay, store] }
  pair: { departments: [Tax, Health], contracts: [vault] }
contracts:
  relay: { version: "1", classes: ["relay_contract:Relay"] }
  store: { version: "1", classes: ["relay_contract:Relay"] }
  vault: { version: "1", classes: ["relay_contract:Relay"] }
"""
SOURCE = TESTS / "support" / "contracts" / "relay_contract.py"


class Calls:
    """The network with a clerk of each department."""

    def __init__(self, network: Network, stack: ExitStack) -> None:
        self.network = network
        self.gateways: dict[str, Gateway] = {}
        for name in network.plan.departments:
            profile = self.profile(name)
            self.gateways[name] = stack.enter_context(connect(profile.user("clerk"), profile.peers))

    def profile(self, name: str) -> Profile:
        return load_profile(profile_file(self.network.plan, self.network.plan.department(name)))

    def submit(
        self, who: str, function: str, *arguments: str, chaincode: str = "relay", on: str = "wide"
    ) -> str:
        contract = self.gateways[who].network(on).contract(chaincode)
        return contract.submit(function, *arguments).decode()

    def ask(
        self, who: str, function: str, *arguments: str, chaincode: str = "relay", on: str = "wide"
    ) -> str:
        contract = self.gateways[who].network(on).contract(chaincode)
        return contract.evaluate(function, *arguments).decode()

    def last_action(self) -> proposal_pb2.ChaincodeAction:
        """Return what the last transaction of the wide channel did."""
        profile = self.profile("Tax")
        with Admin(profile.user("Admin")) as admin:
            height = admin.chain_info(profile.peers[0], "wide").height
            raw = admin.block(profile.peers[0], "wide", height - 1)
        envelope = common_pb2.Envelope.FromString(common_pb2.Block.FromString(raw).data.data[-1])
        payload = common_pb2.Payload.FromString(envelope.payload)
        action = transaction_pb2.Transaction.FromString(payload.data).actions[0]
        body = transaction_pb2.ChaincodeActionPayload.FromString(action.payload)
        response = proposal_response_pb2.ProposalResponsePayload.FromString(
            body.action.proposal_response_payload
        )
        return proposal_pb2.ChaincodeAction.FromString(response.extension)


@pytest.fixture(scope="module")
def calls(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Calls]:
    folder = tmp_path_factory.mktemp("calls")
    (folder / "relay_contract.py").write_bytes(SOURCE.read_bytes())
    file = folder / "calls.yaml"
    file.write_text(TOPOLOGY, encoding="utf-8")
    network = Network.prepare(file, folder / "state", base_port=ANY_FREE_PORT)
    network.up()
    try:
        network.deploy()
        with ExitStack() as stack:
            made = Calls(network, stack)
            made.submit("Tax", "put", "secret", "42", chaincode="vault", on="pair")
            yield made
    finally:
        network.down()


def args(*arguments: str) -> str:
    return json.dumps(arguments)


def refusal(calls: Calls, who: str, *arguments: str) -> str:
    """Return the words with which a call is refused."""
    with pytest.raises(GatewayError) as caught:
        calls.ask(who, "call", *arguments)
    error = caught.value
    return error.details[0].message if error.details else error.message


def test_on_one_channel_reads_and_writes_join_the_transaction(calls: Calls) -> None:
    said = calls.submit("Tax", "put_and_call", "mine", "store", "", args("put", "k", "v"))
    assert said == "200||v"
    assert calls.ask("Health", "get", "k", chaincode="store") == "v"
    assert calls.ask("Health", "get", "k") == ""
    action = calls.last_action()
    sets = rwset_pb2.TxReadWriteSet.FromString(action.results).ns_rwset
    assert {each.namespace for each in sets} == {"_lifecycle", "relay", "store"}
    event = chaincode_event_pb2.ChaincodeEvent.FromString(action.events)
    assert (event.chaincode_id, event.event_name) == ("relay", "called")


def test_the_event_of_a_called_chaincode_is_lost(calls: Calls) -> None:
    assert calls.submit("Tax", "call", "store", "", args("put", "k2", "v")) == "200||v"
    assert calls.last_action().events == b""


def test_the_channel_may_be_named_though_it_is_the_same(calls: Calls) -> None:
    calls.submit("Tax", "call", "store", "wide", args("put", "k3", "v"))
    assert calls.ask("Tax", "get", "k3", chaincode="store") == "v"


def test_on_another_channel_it_is_a_query(calls: Calls) -> None:
    assert calls.ask("Tax", "call", "vault", "pair", args("get", "secret")) == "200||42"
    assert calls.ask("Health", "call", "vault", "pair", args("where")) == "200||pair HealthMSP"


def test_what_it_writes_on_another_channel_is_lost(calls: Calls) -> None:
    said = (
        calls.gateways["Tax"]
        .network("wide")
        .contract("relay")
        .submit(
            "put_and_call",
            "own",
            "vault",
            "pair",
            args("put", "secret", "0"),
            endorsing_organizations=["TaxMSP", "HealthMSP"],
        )
    )
    assert said == b"200||0"
    sets = rwset_pb2.TxReadWriteSet.FromString(calls.last_action().results).ns_rwset
    assert {each.namespace for each in sets} == {"_lifecycle", "relay"}
    assert calls.ask("Tax", "get", "secret", chaincode="vault", on="pair") == "42"


def test_a_peer_outside_the_channel_refuses(calls: Calls) -> None:
    said = refusal(calls, "Steel", "vault", "pair", args("get", "secret"))
    assert "INVOKE_CHAINCODE failed: transaction ID: " in said
    assert said.endswith(": Failed to get policy manager for channel [pair]")


def test_a_client_outside_the_channel_is_refused_by_a_member_too(calls: Calls) -> None:
    peer: Endpoint = calls.profile("Tax").peers[0]
    driver = Driver()
    try:
        answer = driver.run(
            process_proposal(
                peer,
                calls.profile("Steel").user("clerk"),
                "wide",
                "relay",
                [b"call", b"vault", b"pair", args("get", "secret").encode()],
            )
        )
    finally:
        driver.close()
    assert answer.status == 500
    assert answer.message.endswith(
        ": Failed evaluating policy on signed data during check policy on channel [pair] with "
        "policy [/Channel/Application/Writers]: [implicit policy evaluation failed - 0 "
        "sub-policies were satisfied, but this policy requires 1 of the 'Writers' sub-policies to "
        "be satisfied]"
    )


def test_the_status_and_message_of_a_refusal_are_passed_on(calls: Calls) -> None:
    assert calls.ask("Tax", "call", "store", "", args("fail", "no")) == "500|no|"
    assert calls.ask("Tax", "call", "vault", "pair", args("fail", "no")) == "500|no|"


def test_a_channel_that_there_is_not(calls: Calls) -> None:
    said = refusal(calls, "Tax", "vault", "none", args("get", "k"))
    assert said.endswith(": Failed to get policy manager for channel [none]")


@pytest.mark.parametrize(
    ("name", "channel", "where"), [("nothing", "", "wide"), ("store", "pair", "pair")]
)
def test_a_chaincode_that_the_channel_has_not(
    calls: Calls, name: str, channel: str, where: str
) -> None:
    assert refusal(calls, "Tax", name, channel, args("get", "k")).endswith(
        f": execute failed: invalid invocation: [channel {where}] failed to get chaincode container "
        f"info for {name}: chaincode {name} not found"
    )


def test_a_call_back_from_another_channel_reads_what_is_committed(calls: Calls) -> None:
    calls.submit("Tax", "put", "back", "before", chaincode="store")
    inner = args("call", "store", "wide", args("get", "back"))
    assert calls.ask("Tax", "call", "vault", "pair", inner) == "200||200||before"
    inner = args("call", "store", "wide", args("put", "back", "after"))
    assert calls.ask("Tax", "call", "vault", "pair", inner) == "200||200||after"
    assert calls.ask("Tax", "get", "back", chaincode="store") == "before"


def test_a_chaincode_cannot_call_itself(calls: Calls) -> None:
    said = refusal(calls, "Tax", "relay", "", args("get", "k"))
    start, _, rest = said.partition("execute failed: error sending: txid: ")
    assert start.endswith(": ")
    assert rest.endswith("(wide) exists")


def test_a_system_chaincode_on_a_channel_that_there_is_not(calls: Calls) -> None:
    said = refusal(calls, "Steel", "_lifecycle", "pair", args("QueryChaincodeDefinitions", ""))
    assert said.endswith(": failed to find ledger for channel: pair")


def test_system_chaincodes(calls: Calls) -> None:
    said = calls.ask("Tax", "call", "qscc", "", args("GetChainInfo", "wide"))
    assert said == (
        "500|Rejecting invoke of QSCC from another chaincode because of potential for deadlocks, "
        "original invocation for 'relay'|"
    )
    said = calls.ask("Tax", "call", "cscc", "", args("GetChannels"))
    assert said == (
        "500|Rejecting invoke of CSCC from another chaincode, original invocation for 'relay'|"
    )
    for channel, names in (("", ("relay", "store")), ("pair", ("vault",))):
        said = calls.ask(
            "Tax", "call", "_lifecycle", channel, args("QueryChaincodeDefinitions", "")
        )
        assert said.startswith("200||")
        assert all(name in said for name in names)
