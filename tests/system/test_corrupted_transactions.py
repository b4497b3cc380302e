"""Corrupted transactions, signed again by real members, to an orderer and peers of Fabric: the same verdicts."""

from collections import Counter
from collections.abc import Iterator
from contextlib import AbstractContextManager, closing
from datetime import UTC, datetime

import pytest
from fabric_protos.common import common_pb2
from fabric_protos.gateway import gateway_pb2
from fabric_protos.ledger.rwset import rwset_pb2
from fabric_protos.peer import proposal_pb2, proposal_response_pb2, transaction_pb2
from google.protobuf.message import DecodeError as ProtobufDecodeError
from pyfabric_network.connections import endpoint
from pyfabric_network.profile import Profile, load_profile, profile_file
from pyfabric_network.runtimes.runtime import RuntimeName

from pyfabric._grpc.driver import Driver
from pyfabric.admin import peers
from pyfabric.admin.audit import verify_chain
from pyfabric.errors import EndorseError, OrdererError, ValidationCode
from pyfabric.gateway import Contract, connect
from pyfabric.identity.loading import load_msp_folder
from pyfabric.identity.signing import SigningIdentity
from pyfabric.rules.configuration.channel_config import ChannelConfig
from pyfabric.rules.consensus import broadcast
from tests.support.ledger.limits import at_most
from tests.support.messages.forging import Forger
from tests.support.messages.garbage import Answer, Client, Question
from tests.support.network.programs import needs_fabric
from tests.support.network.running import Running, started
from tests.support.rules.replay import ValidatedHistory

pytestmark = [pytest.mark.fabric, needs_fabric]

CHANNEL = "conformance"
COUNT = 200


@pytest.fixture(scope="module")
def fabric(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """Provide the conformance network on Fabric's own programs."""
    with started(tmp_path_factory.mktemp("corrupted"), RuntimeName.NATIVE) as network:
        yield network


def test_fabric_and_we_decide_alike(fabric: Running) -> None:
    department = fabric.department("EconInfo")
    profile = load_profile(profile_file(fabric.network.plan, department))
    payloads = list(endorsed(profile))
    forger = Forger(members(fabric), [results(one) for one in payloads])
    corrupted = [forger.corrupted(payload, seed) for seed, payload in enumerate(payloads)]
    orderer = endpoint(department.orderers[0])
    config = configuration(profile)
    answers: Counter[str] = Counter()
    with closing(Client(orderer)) as client, Chain(profile) as chain:
        for seed, envelope in enumerate(filter(survivable, corrupted)):
            question = Question("/orderer.AtomicBroadcast/Broadcast", str(seed), envelope)
            answer = client.ask(question).comparable()
            assert answer == ours(envelope, config), f"seed {seed}: {answer}"
            answers[answer.code] += 1
            if answer.code == "SUCCESS":
                chain.grow()
        codes = replayed(chain.blocks)
        verified = verify_chain(block.SerializeToString() for block in chain.blocks)
    assert verified.fault is None
    assert verified.compared == sum(len(block.data.data) for block in chain.blocks)
    assert set(answers) == {"SUCCESS", "BAD_REQUEST", "FORBIDDEN"}
    assert codes.total() > answers["SUCCESS"]
    assert len(codes) >= 6


class Chain(AbstractContextManager["Chain"]):
    """A peer's blocks, one for each corrupted transaction: some together make Fabric's peers wait forever."""

    def __init__(self, profile: Profile) -> None:
        user = profile.user("User1")
        with closing(Driver()) as driver:
            height = driver.run(peers.chain_info(profile.peers[0], user, CHANNEL)).height
        self._gateway = connect(user, profile.peers)
        self._stream = self._gateway.network(CHANNEL).block_events(start_block=0)
        self.blocks: list[common_pb2.Block] = []
        for _ in range(height):
            self.grow()

    def grow(self) -> None:
        """Wait for the next block."""
        with at_most(60):
            self.blocks.append(common_pb2.Block.FromString(next(self._stream).raw))

    def __exit__(self, *_: object) -> None:
        self._stream.close()
        self._gateway.close()


def endorsed(profile: Profile) -> Iterator[bytes]:
    """Return payloads of transactions that were never ordered, with reads, ranges and deletes of the same keys."""
    with connect(profile.user("User1"), profile.peers) as gateway:
        contract = gateway.network(CHANNEL).contract(CHANNEL)
        for number in range(COUNT):
            calls = (
                ("put", f"k{number % 5}", str(number)),
                ("increment", f"n{number % 3}"),
                ("count", "a", "z", f"t{number % 2}"),
                ("delete", f"k{(number + 1) % 5}"),
            )
            function, *arguments = calls[number % len(calls)]
            if number % 10 == 0:
                contract.submit(function, *arguments)
            yield endorse(contract, function, *arguments)


def endorse(contract: Contract, function: str, *arguments: str) -> bytes:
    """Return a transaction's payload; departments that have not caught up with each other are asked
    again.
    """
    while True:
        try:
            transaction = contract.new_proposal(function, *arguments).endorse()
        except EndorseError:
            continue
        return gateway_pb2.PreparedTransaction.FromString(transaction.bytes()).envelope.payload


def members(fabric: Running) -> dict[bytes, SigningIdentity]:
    """Return a user and the peers of every department, by what they sign as."""
    found = []
    for department in fabric.network.plan.departments.values():
        profile = load_profile(profile_file(fabric.network.plan, department))
        found.append(profile.user("User1"))
        found += [load_msp_folder(peer.member.msp, department.msp_id) for peer in department.peers]
    return {identity.serialized(): identity for identity in found}


def results(payload: bytes) -> bytes:
    """Return the read-write set of a transaction."""
    transaction = transaction_pb2.Transaction.FromString(
        common_pb2.Payload.FromString(payload).data
    )
    content = transaction_pb2.ChaincodeActionPayload.FromString(transaction.actions[0].payload)
    response = proposal_response_pb2.ProposalResponsePayload.FromString(
        content.action.proposal_response_payload
    )
    return proposal_pb2.ChaincodeAction.FromString(response.extension).results


def survivable(envelope: bytes) -> bool:
    """Return whether a peer of Fabric stays alive: a write into a namespace without a name ends its
    process.
    """
    try:
        found = results(common_pb2.Envelope.FromString(envelope).payload)
        sets = rwset_pb2.TxReadWriteSet.FromString(found).ns_rwset
    except (ProtobufDecodeError, IndexError):
        return True
    return all(one.namespace for one in sets)


def configuration(profile: Profile) -> ChannelConfig:
    """Return the configuration in force."""
    with closing(Driver()) as driver:
        raw = driver.run(peers.config_block(profile.peers[0], profile.user("User1"), CHANNEL))
    return ChannelConfig.from_block(common_pb2.Block.FromString(raw))


def ours(raw: bytes, config: ChannelConfig) -> Answer:
    """Return what our orderer says."""
    envelope = common_pb2.Envelope.FromString(raw)
    try:
        header = broadcast.channel_header(envelope)
        if header.channel_id != config.channel_id:
            return Answer("BAD_REQUEST", "channel does not exist")
        broadcast.check_type(header)
        broadcast.check_message(envelope, config, lambda: datetime.now(UTC))
    except OrdererError as error:
        return Answer(common_pb2.Status.Name(error.status), error.message)
    return Answer("SUCCESS")


def replayed(chain: list[common_pb2.Block]) -> Counter[ValidationCode]:
    """Compare our validation codes of the transactions with the peer's; returns the codes."""
    replay = ValidatedHistory(chain[0])
    codes: Counter[ValidationCode] = Counter()
    for block in chain[1:]:
        outcome = replay.take(block)
        theirs = block.metadata.metadata[common_pb2.TRANSACTIONS_FILTER]
        for one, code in zip(outcome.transactions, theirs, strict=True):
            assert one.code == code, (block.header.number, one.reason)
            codes[one.code] += 1
    return codes
