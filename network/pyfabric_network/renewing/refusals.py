"""Why a renewal is not begun: it would leave too few orderers, nobody to administrate, or members that chain to nothing. Pure."""

from collections.abc import Iterator
from datetime import datetime

from pyfabric_network.renewing.holders import AUTHORITIES, Kind
from pyfabric_network.renewing.tasks import Work
from pyfabric_network.state_folder import ADMIN


def refusals(work: Work, *, unfinished: bool, now: datetime) -> Iterator[str]:
    """Yield each reason in a sentence; an `unfinished` renewal may have left a node stopped."""
    world = work.world
    if not unfinished and world.stopped and work.tasks():
        yield (
            f"{', '.join(sorted(world.stopped))} does not run: no other node is stopped before all run (`pyfabric "
            "network up`), since too few could be left to order and to endorse"
        )
    yield from _ended_authorities(work, now)
    yield from _last_administrators(work)
    for holder in sorted(work.dropping):
        left = work.users_of_former(holder)
        if left:
            yield (
                f"the former certificate of {holder} stays: {', '.join(left)} still chains to it; renew "
                f"{left[0]} first"
            )


def _ended_authorities(work: Work, now: datetime) -> Iterator[str]:
    """Yield CAs that are renewed too late: nothing that they issued counts any more, signatures of updates neither."""
    for one in work.world.certificates:
        if one.kind in AUTHORITIES and one.serial in work.intent.replacing and one.ends <= now:
            what = (
                "no node takes connections of its members any more"
                if one.kind is Kind.TLS_CA
                else f"the signatures of {one.organization.name} do not count any more"
            )
            yield (
                f"{one.holder} ended on {one.ends:%Y-%m-%d}: {what}, so it cannot bring its own new CA to the channels; "
                "the other departments take it out of them and add it again (docs/renewing.md)"
            )


def _last_administrators(work: Work) -> Iterator[str]:
    """Yield administrators that a channel knows by their certificates, and so not by new ones."""
    for organization in work.world.plan.own_organizations:
        if not work.replaced(organization.users[ADMIN].name):
            continue
        for name, config in work.world.configs.items():
            msp = config.msp_manager.msps.get(organization.msp_id)
            if msp is not None and not msp.rules.admins_by_unit:
                yield (
                    f"{organization.users[ADMIN].name} would administrate {organization.msp_id} on {name} no longer: "
                    "that definition names its administrators by their certificates; let it have them by their "
                    "unit first (`pyfabric channel config`: NodeOUs), or add the new certificate there"
                )
