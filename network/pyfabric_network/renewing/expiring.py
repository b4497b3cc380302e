"""What ends when: certificates in files, and those that channels have besides. Pure."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from pyfabric.identity.certificates import load_certificate
from pyfabric.messages.consensus import BFT
from pyfabric_network.outages import consenter_at
from pyfabric_network.renewing.holders import Kind, Use
from pyfabric_network.renewing.intent import Intent
from pyfabric_network.renewing.tasks import Work
from pyfabric_network.renewing.world import World


@dataclass(frozen=True, slots=True)
class Expiring:
    """A certificate, whose it is, by the name that `network renew` takes, and when it ends.

    `place` is a file, or the channel whose configuration has it; `note` has what is unusual about it.
    """

    holder: str
    department: str
    kind: Kind
    use: Use
    ends: datetime
    place: str
    note: str = ""

    def days(self, now: datetime) -> int:
        """Return how many whole days are left; below 0 for one that has ended."""
        return (self.ends - now).days


def expiring(world: World, *, within: timedelta | None, now: datetime) -> list[Expiring]:
    """Return what ends within a time (None: everything), the next to end first."""
    found = [*_in_files(world), *_former(world), *_in_channels(world)]
    return sorted(
        (one for one in found if within is None or one.ends - now <= within),
        key=lambda one: (one.ends, one.holder, one.use),
    )


def _in_files(world: World) -> Iterator[Expiring]:
    for one in world.certificates:
        name = one.organization.name
        yield Expiring(one.holder, name, one.kind, one.use, one.ends, str(one.file))


def _former(world: World) -> Iterator[Expiring]:
    """Yield CAs that were replaced and are still accepted."""
    work = Work(world, Intent())
    for these in world.authorities.values():
        for one in these:
            users = work.users_of_former(one.holder)
            for content in one.former:
                note = (
                    f"former, used by {', '.join(users)}"
                    if users
                    else "former, nothing chains to it"
                )
                ends = load_certificate(content).not_valid_after_utc
                name = one.organization.name
                yield Expiring(one.holder, name, one.kind, Use.ISSUING, ends, str(one.folder), note)


def _in_channels(world: World) -> Iterator[Expiring]:
    """Yield the certificates by which channels know orderers that use others."""
    work = Work(world, Intent())
    for name, config in world.configs.items():
        for node in world.plan.own_orderers:
            consenter = consenter_at(config, node)
            if consenter is None or work.shows(consenter, node, config):
                continue
            parts = {Use.TLS: consenter.server_tls_certificate}
            if config.consensus_type == BFT:
                parts[Use.IDENTITY] = consenter.identity
            for use, content in parts.items():
                ends = load_certificate(content).not_valid_after_utc
                department = world.plan.organization(node).name
                note = "kept by the configuration: the orderer uses another one"
                yield Expiring(
                    node.name, department, Kind.ORDERER, use, ends, f"channel {name}", note
                )
