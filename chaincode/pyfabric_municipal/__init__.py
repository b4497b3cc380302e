"""The bundled contracts: a directory of data, its sharing, and credit; needs the extra `network`."""

from pyfabric.extras import require

require("network", "rfc8785")
