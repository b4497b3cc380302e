"""Changes of a channel, as commands make them: shown in words, asked for, signed, and sent or written to files."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pyfabric.errors import ConfigError, PolicyError
from pyfabric.local import files
from pyfabric_cli.acting import Acting, Actor
from pyfabric_cli.output import Printer, confirm, say, waiting, warn

if TYPE_CHECKING:
    from pyfabric.admin.config.edits.edit import Edit
    from pyfabric.admin.config.proposal import Proposal
    from pyfabric.admin.config.review import Review


def carry_out(invocation: Acting, edits: "Sequence[Edit]", *, to: Path | None, yes: bool) -> None:
    """Make edits on the chosen channel, after showing what they change and asking, and print what was done.

    Those administrators of the department sign whose keys are on this machine. With `to` the proposal is written there,
    for other departments to sign; otherwise it is sent to the orderers, if the signatures suffice. Raises PolicyError
    that names who is missing if they do not, ConfigError for a change that may not be made; nothing is changed then.
    """
    from pyfabric.admin.config.proposal import make_proposal

    actor = invocation.actor
    config = actor.newest_config()
    work = Work(invocation.printer, actor, config)
    proposal = make_proposal(actor.channel, config, edits)
    if to is not None:
        work.keep(work.signed(proposal, yes=yes), lambda signed: write_files(signed, to))
        return
    work.show(proposal)
    confirm(f"change {actor.channel}?", yes=yes)
    work.send(work.with_signatures(proposal), where="the file that --to FILE writes")


@dataclass(frozen=True)
class Work:
    """One command's work on updates of a channel, whose configuration in force is `config` (bytes of common.Config)."""

    printer: Printer
    actor: Actor
    config: bytes
    administrators: tuple[bytes, ...] = ()
    """Certificates (PEM) of further administrators of members, who can sign the next update."""

    def review(self, proposal: "Proposal") -> "Review":
        """Return how a proposal stands, as far as this machine knows."""
        from pyfabric_network.updating import silent_consenters

        from pyfabric.admin.config.review import review

        profile = self.actor.profile
        return review(
            proposal,
            self.config,
            now=datetime.now(UTC),
            administrators=(
                *(one.identity.certificate for one in profile.administrators.values()),
                *self.administrators,
            ),
            is_down=silent_consenters(profile.orderers),
        )

    def examine(self, proposal: "Proposal") -> "Review":
        """Return how a proposal stands; raises ConfigError for one that is void or may not be made."""
        found = self.review(proposal)
        if found.is_in_force:
            raise ConfigError("nothing to do: the change is in force already")
        if found.outdated:
            raise ConfigError(
                f"the update is void: {found.outdated[0]}; compute it again with `pyfabric channel update renew`"
            )
        if found.problems:
            raise ConfigError(f"the update is refused: {'; '.join(found.problems)}")
        return found

    def show(self, proposal: "Proposal") -> None:
        """Print what a proposal changes, as remarks; raises ConfigError for one that is void or may not be made."""
        found = self.examine(proposal)
        for change in found.changes:
            say(f"{change.path}: {change.words}")
        for path in found.rewritten:
            say(f"{path}: is written again, without a change that can be shown")
        warn(found.remarks)

    def signed(self, proposal: "Proposal", *, yes: bool) -> "Proposal":
        """Show a proposal, ask, and return it with the signatures that count of the administrators on this machine."""
        self.show(proposal)
        names = ", ".join(self.actor.profile.administrators) or "nobody: no administrator's key"
        confirm(f"sign this change of {proposal.channel} (on this machine: {names})?", yes=yes)
        return self.with_signatures(proposal)

    def with_signatures(self, proposal: "Proposal") -> "Proposal":
        """Return a proposal with the signatures that count of the administrators on this machine."""
        from pyfabric_network.updating import add_signatures

        return add_signatures(proposal, self.config, self.actor.profile.administrators.values())

    def keep(self, proposal: "Proposal", store: "Callable[[Proposal], object]") -> None:
        """Store a proposal where others find it, and print how it stands; raises ConfigError."""
        found = self.examine(proposal)
        store(proposal)
        say(_next_step(found))
        self.report(proposal, found)

    def send(self, proposal: "Proposal", *, where: str) -> None:
        """Send a proposal if its signatures suffice, and print the configuration in force then.

        Raises PolicyError that names who is missing, and `where` they sign.
        """
        from pyfabric_network.updating import submit

        from pyfabric.admin.config.proposal import Base

        found = self.examine(proposal)
        if found.missing:
            raise PolicyError(
                f"more signatures are needed: {'; '.join(str(one.policy) for one in found.missing)}; have "
                f"{_missing_departments(found)} sign {where}"
            )
        profile, user = self.actor.profile, self.actor.identity
        with waiting(f"waiting until {proposal.channel} has the new configuration"):
            made = submit(
                proposal,
                self.config,
                profile.administrators,
                profile.orderers,
                profile.peers,
                # The update may take the user's own access away: by an ACL, or a list of revoked certificates.
                reader=profile.administrators.get(user.msp_id, user),
            )
        self.printer.record(
            {"channel": proposal.channel, "sequence": Base.of(made).sequence},
            changes=(["path", "words"], found.changes),
        )

    def report(self, proposal: "Proposal", found: "Review") -> None:
        """Print how a proposal stands: what it changes, whose signatures it needs and whose it has."""
        self.printer.record(
            {"channel": proposal.channel, "state": _state(found)},
            void=(["reason"], [{"reason": one} for one in found.outdated]),
            problems=(["reason"], [{"reason": one} for one in found.problems]),
            changes=(["path", "words"], found.changes),
            policies=(
                ["policy", "satisfied", "signed_by", "missing", "elements"],
                list(_policies(found)),
            ),
            signatures=(["msp_id", "name", "problem"], found.signatures),
            remarks=(["remark"], [{"remark": one} for one in found.remarks]),
        )


def write_files(proposal: "Proposal", file: Path | None, *, envelope: Path | None = None) -> None:
    """Write a proposal to a file, and to one for Fabric's tools."""
    from pyfabric.admin.config.proposal_files import write_proposal

    if file is not None:
        files.write_public(file, write_proposal(proposal), error=ConfigError)
        say(f"wrote {file}")
    if envelope is not None:
        files.write_public(envelope, proposal.envelope(), error=ConfigError)
        say(f"wrote {envelope}, an envelope for Fabric's tools")


def _policies(found: "Review") -> Iterator[Mapping[str, Any]]:
    for one in found.requirements:
        yield {
            "policy": one.policy.path,
            "satisfied": one.policy.is_satisfied,
            "signed_by": list(one.policy.signers),
            "missing": [f"{each.path} needs {each.rule}" for each in one.policy.missing],
            "elements": list(one.elements),
        }


def _state(found: "Review") -> str:
    if found.is_in_force:
        return "in force"
    if found.outdated:
        return "void"
    if found.problems:
        return "refused"
    return "signatures are missing" if found.missing else "can be submitted"


def _next_step(found: "Review") -> str:
    if not found.missing:
        return "its signatures suffice: submit it with `pyfabric channel update submit`"
    return f"next, have {_missing_departments(found)} sign it with `pyfabric channel update sign`"


def _missing_departments(found: "Review") -> str:
    """Return the departments of which some must sign, such as "LandMSP or TaxMSP"."""
    ids = {
        msp_id
        for one in found.missing
        for policy in one.policy.missing
        for choice in policy.choices
        for msp_id in choice.organizations
    }
    return " or ".join(sorted(ids)) or "those whom the policy names"
