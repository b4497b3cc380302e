"""Private data: a price that two departments keep, and that anyone who knows it can verify."""

from pathlib import Path

from pyfabric_network import load_profile

from pyfabric.gateway import connect

profiles = Path(".pyfabric/deeds/profiles")
land = load_profile(profiles / "land.json")
tax = load_profile(profiles / "tax.json")

with connect(land.user("registrar"), land.peers) as gateway:
    deeds = gateway.network("estate").contract("deeds")
    committed = deeds.submit_async("record_price", "7-12", transient={"price": b"88000"}).status()
    committed.raise_unless_valid()

with connect(tax.user("assessor"), tax.peers) as gateway:
    network = gateway.network("estate")
    network.wait_for_height(committed.block_number + 1, timeout=10)
    deeds = network.contract("deeds")
    print("price:", deeds.evaluate("price", "7-12").decode())
    print("is it 88000?", deeds.evaluate("is_price", "7-12", "88000").decode())
    print("is it 1?", deeds.evaluate("is_price", "7-12", "1").decode())
