"""Connection profiles as `up` writes them; `pyfabric.profile` reads them, and those of other tools."""

from pyfabric.profile.reading import Profile, load_profile
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
