"""A network whose certificates are renewed: what ends when, and what is done about it."""

from collections.abc import Collection
from datetime import timedelta
from pathlib import Path

from pyfabric.errors import NetworkError
from pyfabric_network.identities.holders import Holder, find_holder
from pyfabric_network.identity_network import IdentityNetwork
from pyfabric_network.opened_network import present
from pyfabric_network.progress import Report, silent
from pyfabric_network.renewing.choosing import chosen
from pyfabric_network.renewing.expiring import Expiring, expiring
from pyfabric_network.renewing.holders import AUTHORITIES, Kind, certificates
from pyfabric_network.renewing.intent import Intent
from pyfabric_network.renewing.refusals import refusals
from pyfabric_network.renewing.renewal import Renewal
from pyfabric_network.renewing.tasks import Task
from pyfabric_network.renewing.world import look
from pyfabric_network.state import locked


class RenewedNetwork(IdentityNetwork):
    """A network whose certificates can be renewed."""

    def expiring(self) -> tuple[str, ...]:
        """Return a sentence for each certificate that has expired or soon will, and for a renewal that is unfinished."""
        unfinished = Intent.read(self.root) is not None
        words = ("a renewal was interrupted: `pyfabric network renew` continues it",)
        return (*super().expiring(), *(words if unfinished else ()))

    def expiring_within(self, within: timedelta | None = None) -> list[Expiring]:
        """Return the certificates of this machine that end within a time (None: all), the next to end first.

        What channels have of the own orderers and CAs besides is among them while the network runs. Raises NetworkError
        if it runs and its peers do not answer.
        """
        self._require_nodes()
        self._refresh()
        return expiring(look(self.plan, self.runtime), within=within, now=present())

    def renewal(
        self,
        names: Collection[str] = (),
        *,
        within: timedelta | None = None,
        new_keys: bool = False,
        dropping: Collection[str] = (),
        to: Path | None = None,
        preparing: bool = False,
    ) -> Renewal:
        """Return the renewal of these holders or departments, and of what ends `within` a time; nothing is changed yet.

        Without any it is the one that was interrupted. `dropping` names CAs whose former certificates go; `preparing`
        makes new CAs known everywhere, and no more. Raises NetworkError
        for a renewal that may not be made, and for another one while one is unfinished.
        """
        self._require_nodes()
        self._refresh()
        begun = Intent.read(self.root)
        wanted = self._intent(names, within, new_keys=new_keys)
        if begun is not None and wanted is not None and wanted != begun:
            raise NetworkError(
                "a renewal that was interrupted comes first: `pyfabric network renew` without names continues it"
            )
        intent = begun or wanted
        if intent is None and not dropping:
            raise NetworkError(
                "nothing to renew is named, and no renewal was interrupted: name holders of certificates (`pyfabric "
                "identity expiring` lists them), or use --expiring-within"
            )
        renewal = Renewal(
            self.plan,
            self.runtime,
            intent or Intent(),
            frozenset(self._cas(dropping)),
            to,
            preparing,
        )
        problems = list(refusals(renewal.work(), unfinished=begun is not None, now=present()))
        if problems:
            raise NetworkError("; ".join(problems))
        return renewal

    def renew(self, renewal: Renewal, report: Report = silent) -> tuple[str, ...]:
        """Carry a renewal out, and return warnings. What an interruption leaves is done by the next run.

        Raises what its steps raise, and PolicyError for an update that other departments must sign, unless the
        renewal has a folder for those.
        """
        with locked(self.root):
            self._refresh()
            if renewal.intent.replacing:
                renewal.intent.keep(self.root)
            warnings = renewal.run(report, now=present())
            if not renewal.work().tasks():
                Intent.finish(self.root)
        return warnings

    def renew_user(
        self, msp_id: str, name: str, *, same_key: bool = False, report: Report = silent
    ) -> Holder:
        """Give a user a new certificate before the present one ends, which is kept, and return it.

        It comes from the CA server that issued the present one (`reenroll`), else from the CA's key (`renewal`); raises
        what these raise.
        """
        if not self.reenroll(msp_id, name, same_key=same_key):
            member = self._own(msp_id).users[name].name
            self.renew(self.renewal([member], new_keys=not same_key), report)
        return find_holder(self._own(msp_id), name)

    def steps(self, renewal: Renewal) -> tuple[Task, ...]:
        """Return what is left of a renewal, in its order."""
        return renewal.tasks(renewal.work())

    def _intent(
        self, names: Collection[str], within: timedelta | None, *, new_keys: bool
    ) -> Intent | None:
        if not names and within is None:
            return None
        found = chosen(
            certificates(self.plan),
            names=names,
            departments={
                one.name: [each.msp_id for each in one.organizations] for one in self.plan.own
            },
            within=within,
            now=present(),
        )
        return Intent.of([one.serial for one in found], new_keys=new_keys)

    def _cas(self, names: Collection[str]) -> frozenset[str]:
        """Return the CAs with these names, and those below them, which chain to nothing afterwards."""
        known = {one.holder: one for one in certificates(self.plan) if one.kind in AUTHORITIES}
        for name in names:
            if name not in known:
                raise NetworkError(
                    f"{name} is no CA of this machine; there are: {', '.join(sorted(known))}"
                )
        roots = {
            known[name].organization.msp_id for name in names if known[name].kind is Kind.ROOT_CA
        }
        below = [
            name
            for name, one in known.items()
            if one.kind is Kind.CA and one.organization.msp_id in roots
        ]
        return frozenset((*names, *below))
