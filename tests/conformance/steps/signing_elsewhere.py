"""Steps: signing on another machine, which has the key."""

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed
from pytest_bdd import parsers, when

from pyfabric.identity.keys import low_s_signature
from tests.conformance.steps.events import follow
from tests.conformance.world import CALL, World, arguments_of, attempt
from tests.support.network.running import KEYS


def sign_elsewhere(world: World, digest: bytes) -> bytes:
    """Sign a digest, as a machine that knows nothing else would."""
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
