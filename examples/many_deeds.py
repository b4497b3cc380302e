"""An asyncio program that registers many parcels at once, and sees the event of each when it is committed."""

import asyncio
from pathlib import Path

from pyfabric_network import load_profile

from pyfabric.aio import connect

PARCELS = [f"9-{number:02}" for number in range(1, 9)]


async def main() -> None:
    """Register all parcels side by side, then read one event for each."""
    profile = load_profile(Path(".pyfabric/deeds/profiles/land.json"))
    async with connect(profile.user("registrar"), profile.peers) as gateway:
        network = gateway.network("estate")
        deeds = network.contract("deeds")
        waiting = set(PARCELS)
        async with network.chaincode_events("deeds") as events:
            await asyncio.gather(*(deeds.submit("register", one, "Sun") for one in PARCELS))
            async for event in events:
                waiting.discard(event.payload.decode().split()[0])
                if not waiting:
                    break
        print(f"registered {len(PARCELS)} parcels")


asyncio.run(main())
