"""Certificate authorities: enrolment, registration, revocation."""

from typing import TYPE_CHECKING

from pyfabric._lazy import lazily

if TYPE_CHECKING:
    from pyfabric.hfc.fabric_ca.caservice import CAClient
else:
    __getattr__ = lazily(__name__, {"pyfabric.hfc.fabric_ca.caservice": ["CAClient"]})

__all__ = ["CAClient"]
