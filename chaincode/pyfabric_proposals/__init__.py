"""The bundled contract `Proposals`: updates of its own channel, which departments sign; needs the extra `network`."""

from pyfabric.extras import require

require("network", "jsonpatch")
