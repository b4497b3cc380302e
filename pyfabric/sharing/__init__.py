"""Records of another channel with a proof: its format, its checks, and what a consumer trusts. Pure.

Specification: docs/proof.md. Needs the extra `network`.
"""

from pyfabric.extras import require

require("network", "rfc8785")
