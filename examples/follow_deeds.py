"""An asyncio service that follows the events of a contract, and resumes where it stopped.

It processes two events and stops, so that the example ends; a service would go on. The checkpoint is
recorded after an event is processed: a service that is killed between the two sees that event again.
"""

import asyncio
from pathlib import Path

from pyfabric_network import load_profile

from pyfabric.aio import ChaincodeEvent, FileCheckpointer, Network, connect

CHECKPOINT = Path("follow_deeds.checkpoint")


async def follow(network: Network, count: int) -> None:
    """Process this many events, from the checkpoint on, or from block 0."""
    seen = FileCheckpointer(CHECKPOINT)
    async with network.chaincode_events("deeds", start_block=0, checkpoint=seen) as events:
        for _ in range(count):
            event = await anext(events)
            process(event)
            await seen.checkpoint_chaincode_event(event)


def process(event: ChaincodeEvent) -> None:
    """Do the service's work for one event."""
    print(event.name, event.payload.decode())


async def main() -> None:
    """Register a parcel, process its event, stop, and process the next one after a restart."""
    profile = load_profile(Path(".pyfabric/deeds/profiles/land.json"))
    async with connect(profile.user("registrar"), profile.peers) as gateway:
        network = gateway.network("estate")
        deeds = network.contract("deeds")
        for parcel in ("8-01", "8-02"):
            await deeds.submit("register", parcel, "Zhao")
            await follow(network, 1)


asyncio.run(main())
