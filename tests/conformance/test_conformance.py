"""The steps of the features, the same on both surfaces."""

import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from concurrent.futures import TimeoutError as NotInTime
from dataclasses import replace
from typing import Any

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed
from pytest_bdd import given, parsers, scenarios, then, when

from pyfabric.admin.definitions import ChaincodeDefinition
from pyfabric.admin.packages import ChaincodePackage
from pyfabric.errors import (
    CommitError,
    DeliverError,
    FabricError,
    GatewayError,
    PeerResponseError,
    StatusCode,
    ValidationCode,
)
from pyfabric.identity.keys import (
    PrivateKeySigner,
    ecdsa_integers,
    encode_ecdsa,
    generate_private_key,
    low_s_signature,
)
from pyfabric.identity.loading import load_msp_folder
from pyfabric.identity.signing import SigningIdentity
from tests.conformance.conftest import World
from tests.support.running import KEYS

scenarios("features")

CALL = r'"(?P<name>[^"]*)"(?: with (?P<arguments>"[^"]*"(?:, "[^"]*")*))?'
COMMON_STATUS = {"NOT_FOUND": 404, "FORBIDDEN": 403, "BAD_REQUEST": 400}
ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551


def arguments_of(world: World, text: str | None) -> list[str]:
    return re.findall(r'"([^"]*)"', world.fill(text or ""))


def attempt(world: World, action: Callable[[], Any]) -> Any:
    """Do it; what fails is kept for a later step to look at."""
    world.result = world.error = None
    try:
        return action()
    except FabricError as error:
        world.error = error
        return None


def take(stream: Any) -> Any:
    """The next item of a stream, which must come."""
    with ThreadPoolExecutor(1) as pool:
        future = pool.submit(next, stream)
        try:
            return future.result(timeout=30)
        except NotInTime:
            stream.close()
            raise AssertionError("nothing came in 30 s") from None


def succeeded(world: World) -> None:
    if world.error is not None:
        raise world.error


# Who I am


@given(parsers.re(r"I am a user of (?P<department>\w+)"))
def a_user(world: World, department: str) -> None:
    world.department = department
    world.identity = world.running.user(department)


@given(parsers.re(r"I am a user of (?P<department>\w+) whose key is elsewhere"))
def an_offline_user(world: World, department: str) -> None:
    a_user(world, department)
    world.offline = True


@given(parsers.re(r"I am a user of (?P<issuer>\w+) who claims to be of (?P<claim>\w+)"))
def a_pretender(world: World, issuer: str, claim: str) -> None:
    world.department = "EconInfo"
    world.identity = world.running.user(issuer, claims=claim)


@given(parsers.re(r"I am an expired user of (?P<department>\w+)"))
def an_expired_user(world: World, department: str) -> None:
    world.identity = world.running.expired_user(department)


@given(parsers.re(r"I am a revoked user of (?P<department>\w+)"))
def a_revoked_user(world: World, department: str) -> None:
    world.identity = world.running.revoked[department]


# Evaluating


@when(parsers.re(f"I evaluate {CALL}"))
def evaluate(world: World, name: str, arguments: str | None) -> None:
    contract = world.contract(world.mine())
    given_arguments = arguments_of(world, arguments)
    world.result = attempt(world, lambda: contract.evaluate(name, *given_arguments))


@when(parsers.re(rf'I evaluate {CALL} on the channel "(?P<channel>\w+)"'))
def evaluate_on(world: World, name: str, arguments: str, channel: str) -> None:
    contract = world.contract(world.mine(), channel=channel)
    attempt(world, lambda: contract.evaluate(name, *arguments_of(world, arguments)))


@when(parsers.re(rf'I evaluate {CALL} of the chaincode "(?P<chaincode>\w+)"'))
def evaluate_of(world: World, name: str, arguments: str, chaincode: str) -> None:
    contract = world.contract(world.mine(), chaincode=chaincode)
    attempt(world, lambda: contract.evaluate(name, *arguments_of(world, arguments)))


@when(parsers.re(rf"I evaluate {CALL} by (?P<department>\w+)"))
def evaluate_by(world: World, name: str, arguments: str, department: str) -> None:
    contract = world.contract(world.mine())
    attempt(
        world,
        lambda: contract.evaluate(
            name,
            *arguments_of(world, arguments),
            endorsing_organizations=[world.running.msp_id(department)],
        ),
    )


@when(parsers.re(rf"I evaluate {CALL} within (?P<seconds>\d+) second"))
def evaluate_within(world: World, name: str, arguments: str, seconds: str) -> None:
    contract = world.contract(world.mine())
    attempt(
        world,
        lambda: contract.evaluate(name, *arguments_of(world, arguments), timeout=float(seconds)),
    )


@then(parsers.re(rf'a user of (?P<department>\w+) who evaluates {CALL} gets "(?P<expected>[^"]*)"'))
def another_reads(world: World, department: str, name: str, arguments: str, expected: str) -> None:
    contract = world.contract(world.gateway(department))
    assert contract.evaluate(name, *arguments_of(world, arguments)).decode() == expected


class Spoiled:
    """A signer that does something wrong to its signatures."""

    blocking = False

    def __init__(self, identity: SigningIdentity, kind: str) -> None:
        self._signer = identity.signer
        self._kind = kind

    def sign(self, message: bytes) -> bytes:
        signature = self._signer.sign(message)
        match self._kind:
            case "tampered with":
                return signature[:-1] + bytes([signature[-1] ^ 1])
            case "high-S":
                r, s = ecdsa_integers(signature)
                return encode_ecdsa(r, ORDER - s)
            case "by another key":
                return PrivateKeySigner(generate_private_key()).sign(message)
            case "empty":
                return b""
            case other:
                raise ValueError(other)


@when(parsers.re(rf"I evaluate {CALL} with a signature that is (?P<kind>[\w -]+)"))
def evaluate_spoiled(world: World, name: str, arguments: str, kind: str) -> None:
    assert world.identity is not None
    world.identity = SigningIdentity(world.identity.identity, Spoiled(world.identity, kind))
    evaluate(world, name, arguments)


# Submitting


@given(parsers.re(f"I submitted {CALL}"))
def submitted(world: World, name: str, arguments: str) -> None:
    submit_as(world, world.mine(), name, arguments)


@given(parsers.re(rf"a user of (?P<department>\w+) submitted {CALL}"))
def another_submitted(world: World, department: str, name: str, arguments: str) -> None:
    submit_as(world, world.gateway(department), name, arguments)


def submit_as(world: World, gateway: Any, name: str, arguments: str | None) -> None:
    """Step by step, so that later steps know the proposal, the transaction and its block."""
    contract = world.contract(gateway)
    world.proposal = contract.new_proposal(name, *arguments_of(world, arguments))
    transaction = world.proposal.endorse()
    commit = transaction.submit()
    status = commit.status()
    assert status.code is ValidationCode.VALID
    world.submitted.append(commit)
    world.statuses.append(status)
    world.result = transaction.result


@when(parsers.re(f"I submit {CALL}"))
def submit(world: World, name: str, arguments: str | None) -> None:
    contract = world.contract(world.mine())
    given_arguments = arguments_of(world, arguments)
    world.result = attempt(world, lambda: contract.submit(name, *given_arguments))


@when(parsers.re(f"I submit {CALL} meanwhile"))
def submit_meanwhile(world: World, name: str, arguments: str) -> None:
    world.contract(world.mine()).submit(name, *arguments_of(world, arguments))


@when(parsers.re(rf'I submit {CALL} on the channel "(?P<channel>\w+)"'))
def submit_on(world: World, name: str, arguments: str, channel: str) -> None:
    contract = world.contract(world.mine(), channel=channel)
    attempt(world, lambda: contract.submit(name, *arguments_of(world, arguments)))


@when(parsers.re(rf'I submit {CALL} of the chaincode "(?P<chaincode>\w+)"'))
def submit_of(world: World, name: str, arguments: str, chaincode: str) -> None:
    contract = world.contract(world.mine(), chaincode=chaincode)
    attempt(world, lambda: contract.submit(name, *arguments_of(world, arguments)))


@when(parsers.re(r'I submit "(?P<name>\w+)" with the bytes "(?P<hexadecimal>\w+)"'))
def submit_bytes(world: World, name: str, hexadecimal: str) -> None:
    contract = world.contract(world.mine())
    world.result = contract.submit(name, bytes.fromhex(hexadecimal))


@when(parsers.re(r'I submit "(?P<name>\w+)" with (?P<size>\d+) bytes'))
def submit_much(world: World, name: str, size: str) -> None:
    contract = world.contract(world.mine())
    attempt(world, lambda: contract.submit(name, bytes(int(size))))


@when(parsers.re(rf'I submit {CALL} and the transient value "(?P<key>\w+)" = "(?P<value>[^"]*)"'))
def submit_transient(world: World, name: str, arguments: str, key: str, value: str) -> None:
    contract = world.contract(world.mine())
    sent = contract.submit_async(
        name, *arguments_of(world, arguments), transient={key: value.encode()}
    )
    world.result = sent.result
    world.statuses.append(sent.status())


@then(parsers.re('the block of the transaction does not hold "(?P<text>[^"]*)"'))
def not_in_block(world: World, text: str) -> None:
    number = world.statuses[-1].block_number
    stream = world.mine().network("conformance").block_events(start_block=number)
    world.streams.append(stream)
    block = take(stream)
    arguments_in_proposal = block.raw
    assert block.number == number
    # The result is public by the contract's own choice; the transient map is not in the block.
    assert arguments_in_proposal.count(text.encode()) == 1


@when(parsers.re(f"I submit {CALL} without waiting"))
def submit_async(world: World, name: str, arguments: str) -> None:
    contract = world.contract(world.mine())
    commit = contract.submit_async(name, *arguments_of(world, arguments))
    world.result = commit.result
    world.status = commit.status()


@when("I ask for the commit status again")
def status_again(world: World) -> None:
    world.status = world.mine().new_commit(world.submitted[-1].bytes()).status()


@when(
    parsers.re(
        r"I ask for the commit status of an unknown transaction within (?P<seconds>\d+) second"
    )
)
def status_of_unknown(world: World, seconds: str) -> None:
    contract = world.contract(world.mine())
    transaction = contract.new_proposal("put", world.key, "never sent").endorse()
    commit = world.mine().new_commit(status_request(world, transaction.transaction_id))
    attempt(world, lambda: commit.status(timeout=float(seconds)))


def status_request(world: World, transaction_id: str) -> bytes:
    from pyfabric.core.prepared import CommitStatusRequest

    assert world.identity is not None
    creator = world.identity.serialized()
    return CommitStatusRequest.new(creator, "conformance", transaction_id).to_bytes()


@then(parsers.re(r"the commit status is (?P<code>\w+)"))
def commit_status(world: World, code: str) -> None:
    succeeded(world)
    assert world.status.code.name == code
    assert world.status.successful == (code == "VALID")


@when(parsers.re(f"I endorse {CALL}"))
def endorse(world: World, name: str, arguments: str) -> None:
    contract = world.contract(world.mine())
    world.endorsed = contract.new_proposal(name, *arguments_of(world, arguments)).endorse()


@when(parsers.re(rf"I endorse {CALL} by (?P<department>\w+)"))
def endorse_by(world: World, name: str, arguments: str, department: str) -> None:
    contract = world.contract(world.mine())
    proposal = contract.new_proposal(
        name,
        *arguments_of(world, arguments),
        endorsing_organizations=[world.running.msp_id(department)],
    )
    world.endorsed = attempt(world, proposal.endorse)


@when("I endorse the same proposal again")
def endorse_again(world: World) -> None:
    attempt(world, world.proposal.endorse)


@when("I submit the endorsed transaction")
def submit_endorsed(world: World) -> None:
    world.status = world.endorsed.submit().status()


@when(parsers.re(f"I endorse {CALL} twice and submit both"))
def endorse_twice(world: World, name: str, arguments: str) -> None:
    contract = world.contract(world.mine())
    both = [contract.new_proposal(name, *arguments_of(world, arguments)).endorse() for _ in "ab"]
    world.statuses = [commit.status() for commit in [one.submit() for one in both]]


@then(parsers.re(r"one is (?P<one>\w+) and the other (?P<other>\w+)"))
def one_and_other(world: World, one: str, other: str) -> None:
    assert sorted(status.code.name for status in world.statuses) == sorted([one, other])


@then(parsers.re(r"the commit fails with (?P<code>\w+)"))
def commit_fails(world: World, code: str) -> None:
    assert world.status.code.name == code
    assert not world.status.successful


# What came of it


@then(parsers.re('the result is "(?P<expected>[^"]*)"'))
def result_is(world: World, expected: str) -> None:
    succeeded(world)
    assert world.result is not None
    assert world.result.decode() == world.fill(expected)


@then(parsers.re(r'the result is the bytes "(?P<hexadecimal>\w+)"'))
def result_is_bytes(world: World, hexadecimal: str) -> None:
    succeeded(world)
    assert world.result == bytes.fromhex(hexadecimal)


def failure(world: World) -> GatewayError:
    assert isinstance(world.error, GatewayError), repr(world.error)
    return world.error


@then(parsers.re(r'it fails with (?P<code>[A-Z_]+)(?: "(?P<text>.*)")?'))
def it_fails(world: World, code: str, text: str | None) -> None:
    error = failure(world)
    assert error.code is StatusCode[code], str(error)
    if text is not None:
        assert error.message == world.fill(text)


@then(parsers.re(r'it fails with (?P<code>[A-Z_]+) and a text with "(?P<text>.*)"'))
def it_fails_with_text(world: World, code: str, text: str) -> None:
    error = failure(world)
    assert error.code is StatusCode[code], str(error)
    assert text in error.message


@then(parsers.re(r'the department (?P<department>\w+) says "(?P<text>.*)"'))
def department_says(world: World, department: str, text: str) -> None:
    said = {detail.msp_id: detail.message for detail in failure(world).details}
    assert said.get(world.running.msp_id(department)) == world.fill(text), said


@then(parsers.re(r'the department (?P<department>\w+) says something with "(?P<text>.*)"'))
def department_mentions(world: World, department: str, text: str) -> None:
    said = {detail.msp_id: detail.message for detail in failure(world).details}
    assert text in said.get(world.running.msp_id(department), ""), said


@then(parsers.re('a detail is "(?P<text>.*)"'))
def a_detail_is(world: World, text: str) -> None:
    assert text in [detail.message for detail in failure(world).details]


@then(parsers.re(r"a detail is longer than (?P<size>\d+) characters"))
def a_detail_is_long(world: World, size: str) -> None:
    assert max(len(detail.message) for detail in failure(world).details) > int(size)


# Events


def follow(world: World, stream: Any) -> None:
    world.streams.append(stream)


@given("I follow the events of the contract from now on")
def follow_from_now(world: World) -> None:
    network = world.mine().network("conformance")
    follow(world, network.chaincode_events("conformance"))


@when("I follow the events of the contract from the block of the first")
def follow_from_block(world: World) -> None:
    start = world.statuses[0].block_number
    network = world.mine().network("conformance")
    follow(world, network.chaincode_events("conformance", start_block=start))


@when("I follow the events of the contract after the first transaction")
def follow_after_transaction(world: World) -> None:
    first = world.statuses[0]
    network = world.mine().network("conformance")
    stream = network.chaincode_events(
        "conformance",
        start_block=first.block_number,
        after_transaction_id=first.transaction_id,
    )
    follow(world, stream)


def file_checkpointer(world: World) -> Any:
    return world.surface.FileCheckpointer(world.folder / "checkpoint.json")


@given("I followed the events from the block of the first with a checkpoint file and took one")
def follow_with_checkpoint(world: World) -> None:
    start = world.statuses[0].block_number
    network = world.mine().network("conformance")
    checkpointer = file_checkpointer(world)
    stream = network.chaincode_events("conformance", start_block=start, checkpoint=checkpointer)
    event = take(stream)
    assert event.name == world.key
    assert event.payload == b"one"
    checkpointer.checkpoint_chaincode_event(event)
    stream.close()


@when("I follow the events of the contract with the checkpoint file")
def follow_checkpoint(world: World) -> None:
    network = world.mine().network("conformance")
    follow(world, network.chaincode_events("conformance", checkpoint=file_checkpointer(world)))


@then(parsers.re('the next event is "(?P<name>[^"]*)" with "(?P<payload>[^"]*)"'))
def next_event(world: World, name: str, payload: str) -> None:
    succeeded(world)
    event = take(world.streams[-1])
    assert (event.chaincode, event.name, event.payload.decode()) == (
        "conformance",
        world.fill(name),
        payload,
    )


BLOCK_STREAMS = {
    "block events": "block_events",
    "filtered block events": "filtered_block_events",
    "block and private data events": "block_and_private_data_events",
}


@when(parsers.re(rf"I follow (?P<kind>{'|'.join(BLOCK_STREAMS)}) from the block of the first"))
def follow_blocks(world: World, kind: str) -> None:
    network = world.mine().network("conformance")
    start = world.statuses[0].block_number
    follow(world, getattr(network, BLOCK_STREAMS[kind])(start_block=start))


@then("the next block has that number and holds the transaction as VALID")
def next_block(world: World) -> None:
    status = world.statuses[0]
    item = take(world.streams[-1])
    block = getattr(item, "block", item)
    assert block.number == status.block_number
    found = {one.transaction_id: one.code for one in block.transactions}
    assert found[status.transaction_id] is ValidationCode.VALID


STREAMS = {"contract events": "chaincode_events", **BLOCK_STREAMS}


@when(parsers.re(rf'I follow (?P<kind>{"|".join(STREAMS)}) of the channel "(?P<channel>\w+)"'))
def follow_unknown_channel(world: World, kind: str, channel: str) -> None:
    network = world.mine().network(channel)
    names = ["conformance"] if kind == "contract events" else []

    def first() -> None:
        stream = getattr(network, STREAMS[kind])(*names, start_block=0)
        world.streams.append(stream)
        take(stream)

    attempt(world, first)


@then(parsers.re(r'the stream fails with (?P<code>[A-Z_]+)(?: "(?P<text>.*)")?'))
def stream_fails(world: World, code: str, text: str | None) -> None:
    if isinstance(world.error, DeliverError):
        assert world.error.status == COMMON_STATUS[code]
    else:
        it_fails(world, code, text)


# Signing elsewhere


def sign_elsewhere(world: World, digest: bytes) -> bytes:
    """What a machine that knows only the digest would answer."""
    assert world.identity is not None
    key = KEYS[world.identity.identity.certificate]
    assert isinstance(key, ec.EllipticCurvePrivateKey)
    signature = key.sign(digest, ec.ECDSA(Prehashed(hashes.SHA256())))
    return low_s_signature(key.curve.name, signature)


@when(parsers.re(f"I evaluate {CALL}, signing the proposal elsewhere"))
def evaluate_offline(world: World, name: str, arguments: str) -> None:
    gateway = world.mine()
    unsigned = world.contract(gateway).new_proposal(name, *arguments_of(world, arguments))
    signature = sign_elsewhere(world, unsigned.digest())
    world.result = gateway.new_signed_proposal(unsigned.bytes(), signature).evaluate()


@when(parsers.re(f"I evaluate {CALL}, signing something else"))
def evaluate_wrongly_signed(world: World, name: str, arguments: str) -> None:
    gateway = world.mine()
    unsigned = world.contract(gateway).new_proposal(name, *arguments_of(world, arguments))
    signature = sign_elsewhere(world, bytes(32))
    proposal = gateway.new_signed_proposal(unsigned.bytes(), signature)
    attempt(world, proposal.evaluate)


@when(parsers.re(f"I submit {CALL}, signing each step elsewhere"))
def submit_offline(world: World, name: str, arguments: str) -> None:
    gateway = world.mine()
    unsigned = world.contract(gateway).new_proposal(name, *arguments_of(world, arguments))
    proposal = gateway.new_signed_proposal(
        unsigned.bytes(), sign_elsewhere(world, unsigned.digest())
    )
    endorsed = proposal.endorse()
    transaction = gateway.new_signed_transaction(
        endorsed.bytes(), sign_elsewhere(world, endorsed.digest())
    )
    ordered = transaction.submit()
    commit = gateway.new_signed_commit(ordered.bytes(), sign_elsewhere(world, ordered.digest()))
    world.result = transaction.result
    world.status = commit.status()


@when(
    "I follow the events of the contract from the block of the first, signing the request elsewhere"
)
def follow_offline(world: World) -> None:
    gateway = world.mine()
    start = world.statuses[0].block_number
    unsigned = gateway.network("conformance").new_chaincode_events_request(
        "conformance", start_block=start
    )
    signed = gateway.new_signed_chaincode_events_request(
        unsigned.bytes(), sign_elsewhere(world, unsigned.digest())
    )
    follow(world, signed.events())


@when("I follow block events from the block of the first, signing the request elsewhere")
def follow_blocks_offline(world: World) -> None:
    gateway = world.mine()
    start = world.statuses[0].block_number
    unsigned = gateway.network("conformance").new_block_events_request(start_block=start)
    signed = gateway.new_signed_block_events_request(
        unsigned.bytes(), sign_elsewhere(world, unsigned.digest())
    )
    follow(world, signed.events())


# Lifecycle


def person(world: World, role: str, department: str) -> SigningIdentity:
    if role == "admin":
        plan = world.running.department(department)
        return load_msp_folder(plan.admin.msp, plan.msp_id)
    return world.running.user(department)


def admin_of(world: World, role: str, department: str) -> tuple[Any, Any]:
    """An Admin of the surface for that person, and the department's first peer."""
    made = world.surface.Admin(person(world, role, department))
    world.gateways.append(made)
    return made, world.peers(department)[0]


@given(parsers.re('a package labelled "(?P<label>[^"]*)"'))
def a_package(world: World, label: str) -> None:
    world.package = ChaincodePackage.build(world.fill(label), {"address": "127.0.0.1:1"})


@given(parsers.re(r'the definition "(?P<name>[^"]*)" of sequence (?P<sequence>\d+)'))
def a_definition(world: World, name: str, sequence: str) -> None:
    world.definition = ChaincodeDefinition(
        name=world.fill(name), version="1.0", sequence=int(sequence)
    )


@when(parsers.re(r"(?:the|a) (?P<role>admin|user) of (?P<department>\w+) installs it"))
def install(world: World, role: str, department: str) -> None:
    admin, peer = admin_of(world, role, department)
    world.result = attempt(world, lambda: admin.install(peer, world.package))


@when(
    parsers.re(r'the admin of (?P<department>\w+) installs the bytes "(?P<hexadecimal>[0-9a-f]+)"')
)
def install_junk(world: World, department: str, hexadecimal: str) -> None:
    admin, peer = admin_of(world, "admin", department)
    junk = replace(
        ChaincodePackage.build(world.key, {"address": "127.0.0.1:1"}),
        data=bytes.fromhex(hexadecimal),
    )
    attempt(world, lambda: admin.install(peer, junk))


@then(parsers.re(r"(?P<department>\w+) lists the package as installed"))
def lists_installed(world: World, department: str) -> None:
    admin, peer = admin_of(world, "admin", department)
    assert world.result == world.package.package_id
    installed = [item.package_id for item in admin.installed(peer)]
    assert installed.count(world.package.package_id) == 1


@then("installing it again changes nothing")
def install_again(world: World) -> None:
    install(world, "admin", "EconInfo")
    lists_installed(world, "EconInfo")


@then(parsers.re(r'the peer refuses with (?P<status>\d+) and "(?P<text>.*)"'))
def peer_refuses(world: World, status: str, text: str) -> None:
    assert isinstance(world.error, PeerResponseError | GatewayError), repr(world.error)
    if isinstance(world.error, PeerResponseError):
        assert world.error.status == int(status)
    assert text in str(world.error)


@when(parsers.re(r"the admin of (?P<department>\w+) (?:tries to approve|approves) it"))
def approve(world: World, department: str) -> None:
    admin, peer = admin_of(world, "admin", department)
    package_id = world.package.package_id if world.package is not None else None
    attempt(
        world,
        lambda: admin.approve(peer, "conformance", world.definition, package_id),
    )


@when(
    parsers.re(
        r"the admin of (?P<department>\w+) tries to approve "
        r'the committed definition of "(?P<name>\w+)" again'
    )
)
def approve_again(world: World, department: str, name: str) -> None:
    admin, peer = admin_of(world, "admin", department)
    standing = admin.approved(peer, "conformance", name)
    attempt(
        world,
        lambda: admin.approve(peer, "conformance", standing.definition, standing.package_id),
    )


@then(parsers.re(r"it is approved by (?P<department>\w+) only"))
def approved_only_by(world: World, department: str) -> None:
    succeeded(world)
    admin, peer = admin_of(world, "admin", department)
    ready = admin.check_commit_readiness(peer, "conformance", world.definition)
    approvals = {msp_id for msp_id, agreed in ready.items() if agreed}
    assert len(ready) == 3
    assert approvals == {world.running.msp_id(department)}


@when(parsers.re(r"the admin of (?P<department>\w+) commits it"))
def commit(world: World, department: str) -> None:
    succeeded(world)
    admin, peer = admin_of(world, "admin", department)
    admin.commit(peer, "conformance", world.definition)


@then(parsers.re('committing it fails with "(?P<text>.*)"'))
def commit_is_refused(world: World, text: str) -> None:
    admin, peer = admin_of(world, "admin", "EconInfo")
    attempt(world, lambda: admin.commit(peer, "conformance", world.definition))
    fails_with(world, text)
    world.error = None


@then(parsers.re('it fails with "(?P<text>.*)"'))
def fails_with(world: World, text: str) -> None:
    assert world.error is not None
    assert not isinstance(world.error, CommitError)
    assert world.fill(text) in str(world.error)


@then(parsers.re(r'the definition "(?P<name>[^"]*)" is committed with sequence (?P<sequence>\d+)'))
def is_committed(world: World, name: str, sequence: str) -> None:
    admin, peer = admin_of(world, "user", "MktSup")
    found = {item.name: item.sequence for item in admin.committed(peer, "conformance")}
    assert found[world.fill(name)] == int(sequence)


@when(parsers.re(r'a user of (?P<department>\w+) asks for the definition "(?P<name>\w+)"'))
def ask_definition(world: World, department: str, name: str) -> None:
    admin, peer = admin_of(world, "user", department)
    attempt(world, lambda: admin.committed_definition(peer, "conformance", name))
