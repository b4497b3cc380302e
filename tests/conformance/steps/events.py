"""Steps: events and blocks as they come."""

from typing import Any

from pytest_bdd import given, parsers, then, when

from pyfabric.errors import DeliverError, ValidationCode
from tests.conformance.steps.calls import it_fails
from tests.conformance.world import World, attempt, succeeded, take

COMMON_STATUS = {"NOT_FOUND": 404, "FORBIDDEN": 403, "BAD_REQUEST": 400}


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
