"""The words in which a peer refuses access to a channel.

Source: core/aclmgmt and core/policy (policy.go) of Fabric 3.1; texts are the same.
"""

from pyfabric.errors import PolicyError


def unknown_channel(channel_id: str) -> PolicyError:
    """Return the refusal of access to a channel that the peer has not joined."""
    return PolicyError(f"Failed to get policy manager for channel [{channel_id}]")


def unsatisfied(channel_id: str, path: str, problem: PolicyError) -> PolicyError:
    """Return the refusal of somebody who does not satisfy the policy at a path of a channel."""
    return PolicyError(
        "Failed evaluating policy on signed data during check policy on channel "
        f"[{channel_id}] with policy [{path}]: [{problem}]"
    )
