"""A client that submits a transaction, evaluates a query, and meets a refusal."""

from pathlib import Path

from pyfabric_network import load_profile

from pyfabric.errors import EndorseError
from pyfabric.gateway import connect

profiles = Path(".pyfabric/deeds/profiles")
land = load_profile(profiles / "land.json")
tax = load_profile(profiles / "tax.json")

with connect(land.user("registrar"), land.peers) as gateway:
    deeds = gateway.network("estate").contract("deeds")
    deeds.submit("register", "7-12", "Wang")  # returns once the transaction is committed and valid
    print("owner:", deeds.evaluate("owner", "7-12").decode())

with connect(tax.user("assessor"), tax.peers) as gateway:
    try:
        gateway.network("estate").contract("deeds").submit("register", "7-12", "Li")
    except EndorseError as error:
        print("refused:", error.details[0].message)
