"""Connection profiles: what a department's programs need to reach its peers, in the form of Fabric's SDKs.

What only this project reads is under `x-pyfabric`: the department's users (MSP folders) and channels. No keys.
"""

from pyfabric_network.profile.reading import Profile, load_profile
from pyfabric_network.profile.writing import (
    connection_profile,
    profile_file,
    profile_yaml,
    write_profiles,
)

__all__ = [
    "Profile",
    "connection_profile",
    "load_profile",
    "profile_file",
    "profile_yaml",
    "write_profiles",
]
