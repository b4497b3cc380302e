"""What makes the nodes of a network run; needs the extra `network`."""

from pyfabric.extras import require

require("network", "httpx", "rfc8785")
