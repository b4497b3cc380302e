"""Steps: the history of a key."""

from pytest_bdd import parsers, then

from tests.conformance.world import World, arguments_of


@then(parsers.re(r'a user of (?P<department>\w+) finds that "(?P<key>[^"]*)" was (?P<values>.+)'))
def history_of(world: World, department: str, key: str, values: str) -> None:
    """Compare the history, newest first, each entry by the transaction that was submitted then."""
    world.catch_up(department)
    contract = world.contract(world.gateway(department))
    found = contract.evaluate("history", world.fill(key)).decode().splitlines()
    ids = [status.transaction_id for status in reversed(world.statuses)]
    assert found == [
        f"{transaction_id} {value}"
        for transaction_id, value in zip(ids, arguments_of(world, values), strict=True)
    ]
