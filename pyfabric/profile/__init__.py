"""Connection profiles, read: what a department's programs need to reach its peers, in every form of Fabric's SDKs.

What only this project reads is under `x-pyfabric`: the department's users (MSP folders) and channels. No keys.
`pyfabric_network.profile` writes them.
"""

from pyfabric.profile.reading import Profile, load_profile

__all__ = ["Profile", "load_profile"]
