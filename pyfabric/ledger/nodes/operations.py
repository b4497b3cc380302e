"""The operations services of the ledger's nodes: where each listens, and what it shows there."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from importlib.metadata import version

from pyfabric._http.server import HttpsServer
from pyfabric._operations.certificates import IDENTITY, TLS, add_certificate_metrics, ends_of
from pyfabric._operations.health import Check
from pyfabric._operations.levels import Levels
from pyfabric._operations.metrics import Registry
from pyfabric._operations.service import DISTRIBUTION, Operations, OperationsAddress
from pyfabric.client.tracing import Tracer
from pyfabric.ledger.config import CAConfig, OrdererConfig, PeerConfig

Checks = Callable[[], Mapping[str, Check]]


@dataclass(frozen=True, slots=True)
class Watching:
    """How a node is watched: levels of the log, shared by the process, and a tracer if there is one."""

    levels: Levels
    now: Callable[[], datetime]
    tracer: Tracer | None = None

    async def serve(
        self, config: PeerConfig | OrdererConfig | CAConfig, metrics: Registry, checks: Checks
    ) -> HttpsServer | None:
        """Serve a node's operations where its configuration says; None if it does not.

        Raises NetworkError.
        """
        if config.operations_address is None:
            return None
        msp = () if isinstance(config, CAConfig) else (config.msp / "signcerts").glob("*")
        ends = ends_of([(TLS, config.tls.certificate), *((IDENTITY, file) for file in msp)])
        add_certificate_metrics(metrics, lambda: ends)
        operations = Operations(
            metrics, checks, self.levels, version=version(DISTRIBUTION), now=self.now
        )
        return await operations.serve(
            OperationsAddress(
                config.operations_address,
                config.tls.certificate,
                config.tls.key,
                config.operations_client_roots,
            )
        )
