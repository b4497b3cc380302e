"""Steps: private data, its delivery, and keys with their own endorsement policies."""

from hashlib import sha256

from fabric_protos.ledger.rwset.kvrwset import kv_rwset_pb2
from pytest_bdd import parsers, then, when

from tests.conformance.steps.calls import proposal_for
from tests.conformance.world import CALL, World, arguments_of, take

_ATTEMPTS = 20


@then(
    parsers.re(
        rf"a user of (?P<department>\w+) who evaluates {CALL} "
        r'gets the SHA-256 of "(?P<text>[^"]*)"'
    )
)
def another_compares(world: World, department: str, name: str, arguments: str, text: str) -> None:
    world.catch_up(department)
    contract = world.contract(world.gateway(department))
    found = contract.evaluate(name, *arguments_of(world, arguments)).decode()
    assert found == sha256(text.encode()).hexdigest()


@then(parsers.re('nothing in the block of the transaction says "(?P<text>[^"]*)"'))
def not_in_block(world: World, text: str) -> None:
    number = world.statuses[0].block_number
    stream = world.mine().network(world.channel).block_events(start_block=number)
    world.streams.append(stream)
    block = take(stream)
    assert block.number == number
    assert world.statuses[0].transaction_id.encode() in block.raw
    assert text.encode() not in block.raw


def delivered(world: World, department: str) -> list[tuple[str, str, str]]:
    """Return collection, key and value of the private data delivered with the first transaction's block."""
    world.catch_up(department)
    first = world.statuses[0]
    network = world.gateway(department).network(world.channel)
    stream = network.block_and_private_data_events(start_block=first.block_number)
    world.streams.append(stream)
    item = take(stream)
    assert item.number == first.block_number
    return [
        (writes.collection, write.key, write.value.decode())
        for of_transaction in item.private_data.values()
        for writes in of_transaction
        for write in kv_rwset_pb2.KVRWSet.FromString(writes.raw).writes
    ]


@then(
    parsers.re(
        r'(?P<department>\w+) is delivered "(?P<collection>\w+)" "(?P<key>[^"]*)" = '
        r'"(?P<value>[^"]*)" with the block'
    )
)
def is_delivered(world: World, department: str, collection: str, key: str, value: str) -> None:
    assert delivered(world, department) == [(collection, world.fill(key), value)]


@then(parsers.re(r"(?P<department>\w+) is delivered nothing private with the block"))
def is_delivered_nothing(world: World, department: str) -> None:
    assert delivered(world, department) == []


@when(
    parsers.re(
        r'in one block a key of "(?P<collection>\w*)" is entrusted to "(?P<policy>[^"]*)" and then '
        r"written by (?P<departments>\w+(?: and \w+)*)"
    )
)
def in_one_block(world: World, collection: str, policy: str, departments: str) -> None:
    """Repeat with new keys until one block has both transactions, which the orderer decides."""
    chosen = departments.split(" and ")
    for attempt in range(_ATTEMPTS):
        key = f"{world.key}-{attempt}"
        world.contract(world.mine()).submit("note", collection, key, "before")
        world.all_catch_up()
        both = [
            proposal_for(world, "entrust", [collection, key, policy], chosen).endorse(),
            proposal_for(world, "note", [collection, key, "after"], chosen).endorse(),
        ]
        world.statuses = [commit.status() for commit in [one.submit() for one in both]]
        if len({status.block_number for status in world.statuses}) == 1:
            return
    raise AssertionError(f"never in one block in {_ATTEMPTS} attempts")


@then(parsers.re(r"the first is (?P<one>\w+) and the second (?P<other>\w+)"))
def first_and_second(world: World, one: str, other: str) -> None:
    assert [status.code.name for status in world.statuses] == [one, other]
