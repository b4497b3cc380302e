"""Who may do what on a peer: Fabric's resources, their default policies, and a channel's own ACLs.

Sources: core/aclmgmt and core/policy of Fabric 3.1; texts are Fabric's. A resource is decided either by the
peer's own MSP (installing, joining, approving) or by a policy of the channel.
"""

from functools import lru_cache

from pyfabric.errors import IdentityError, PolicyError
from pyfabric.identity.msp import MSP
from pyfabric.identity.principals import check_principal
from pyfabric.messages.policies import Role, role_principal
from pyfabric.messages.signatures import SignedData
from pyfabric.rules.configuration.channel_config import ChannelConfig
from pyfabric.rules.proposals import Proposal
from pyfabric.rules.resources import ADMINS, CHANNEL_RESOURCES, LOCAL_RESOURCES, MEMBERS

_ROLES = {
    ADMINS: Role.ADMIN,
    MEMBERS: Role.MEMBER,
}
_REMEMBERED = 8192
"""How many identities that were allowed a policy are remembered."""


class Access:
    """One peer's access decisions; every refusal is a PolicyError with Fabric's text.

    A channel is given by its name and its configuration: None for one that the peer has not joined.
    """

    def __init__(self, local_msp: MSP) -> None:
        self._local_msp = local_msp
        self._check_identity = lru_cache(_REMEMBERED)(_check_identity)

    def check_proposal(
        self, resource: str, channel_id: str, config: ChannelConfig | None, proposal: Proposal
    ) -> None:
        """Check the creator of a proposal whose signature has been verified."""
        signed = SignedData(
            proposal.signed.proposal_bytes, proposal.creator, proposal.signed.signature
        )
        if resource in LOCAL_RESOURCES:
            self._check_local(LOCAL_RESOURCES[resource], signed)
        elif not channel_id and resource in CHANNEL_RESOURCES:
            self._check_local(CHANNEL_RESOURCES[resource], signed)
        else:
            self._check_channel(resource, channel_id, config, signed, proposal.verified_by)

    def check_signed(
        self, resource: str, channel_id: str, config: ChannelConfig | None, signed: SignedData
    ) -> None:
        """Check a signed request, its signature included."""
        self._check_channel(resource, channel_id, config, signed, None)

    def _check_local(self, principal: str, signed: SignedData) -> None:
        prefix = "during channelless check policy with policy"
        try:
            identity = self._local_msp.deserialize(signed.identity)
        except IdentityError as error:
            raise PolicyError(
                f"Failed deserializing proposal creator {prefix} [{principal}]: [{error}]"
            ) from error
        if principal not in _ROLES:
            raise PolicyError(
                f"Failed getting local MSP principal {prefix} [{principal}]: "
                f"[MSP Principal role [{principal}] not recognized]"
            )
        try:
            check_principal(identity, role_principal(self._local_msp.msp_id, _ROLES[principal]))
        except IdentityError as error:
            raise PolicyError(
                "Failed verifying that proposal's creator satisfies local MSP principal "
                f"{prefix} [{principal}]: [{error}]"
            ) from error
        try:
            identity.verify(signed.data, signed.signature)
        except IdentityError as error:
            raise PolicyError(str(error)) from error

    def _check_channel(
        self,
        resource: str,
        channel_id: str,
        config: ChannelConfig | None,
        signed: SignedData,
        verified_by: object,
    ) -> None:
        default = CHANNEL_RESOURCES.get(resource)
        own = None if config is None else config.acls.get(resource)
        path = own or default
        if path is None:
            raise PolicyError(f"Unmapped policy for {resource}")
        if not channel_id:
            raise PolicyError(
                "Invalid channel ID name during check policy on signed data. Name must be different "
                "from nil."
            )
        if config is None:
            raise unknown_channel(channel_id)
        try:
            self._evaluate(config, path, signed, verified=verified_by is config.msp_manager)
        except PolicyError as error:
            if own:
                raise PolicyError(
                    "failed evaluating policy on signed data during check policy "
                    f"[{path}]: [{error}]"
                ) from error
            raise unsatisfied(channel_id, path, error) from error

    def _evaluate(
        self, config: ChannelConfig, path: str, signed: SignedData, *, verified: bool
    ) -> None:
        if verified:
            self._check_identity(config, path, signed.identity)
        else:
            config.policy(path).evaluate([signed])


def _check_identity(config: ChannelConfig, path: str, identity: bytes) -> None:
    config.policy(path).evaluate_identities([config.msp_manager.deserialize(identity)])


def unknown_channel(channel_id: str) -> PolicyError:
    """Return the refusal of access to a channel that the peer has not joined."""
    return PolicyError(f"Failed to get policy manager for channel [{channel_id}]")


def unsatisfied(channel_id: str, path: str, problem: PolicyError) -> PolicyError:
    """Return the refusal of somebody who does not satisfy the policy at a path of a channel."""
    return PolicyError(
        "Failed evaluating policy on signed data during check policy on channel "
        f"[{channel_id}] with policy [{path}]: [{problem}]"
    )
