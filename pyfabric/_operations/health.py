"""Health of a node: one check for each component, all run at each request.

Source: the health handler of fabric-lib-go; the JSON is the same.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime
from typing import Any, Final

Check = Callable[[], Awaitable[str | None]]
"""Returns the reason why a component does not work, or None if it does."""

TIMEOUT: Final = 30.0
OK: Final = 200
UNAVAILABLE: Final = 503


async def health(checks: Mapping[str, Check], now: datetime) -> tuple[int, dict[str, Any]]:
    """Run all checks and return HTTP status and JSON; raises TimeoutError after 30 s."""
    async with asyncio.timeout(TIMEOUT):
        reasons = await asyncio.gather(*(check() for check in checks.values()))
    failed = [
        {"component": component, "reason": reason}
        for component, reason in zip(checks, reasons, strict=True)
        if reason is not None
    ]
    time = now.astimezone(UTC).isoformat().replace("+00:00", "Z")
    if failed:
        return UNAVAILABLE, {
            "status": "Service Unavailable",
            "time": time,
            "failed_checks": failed,
        }
    return OK, {"status": "OK", "time": time}
