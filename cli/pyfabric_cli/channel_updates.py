"""Changes of a channel, as commands make them: shown in words, asked for, signed, and sent or written to a file."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pyfabric.errors import ConfigError, PolicyError
from pyfabric.local import files
from pyfabric_cli.invocation import Actor, Invocation
from pyfabric_cli.output import confirm, say, waiting, warn

if TYPE_CHECKING:
    from pyfabric.admin.config.edits.edit import Edit
    from pyfabric.admin.config.proposal import Proposal
    from pyfabric.admin.config.review import Review


def carry_out(
    invocation: Invocation,
    actor: Actor,
    edits: "Sequence[Edit]",
    *,
    to: Path | None,
    yes: bool,
) -> None:
    """Make edits on the actor's channel, after showing what they change and asking, and print what was done.

    Those administrators of the department sign whose keys are on this machine. With `to` the proposal is written there,
    for other departments to sign; otherwise it is sent to the orderers, if the signatures suffice. Raises PolicyError
    that names who is missing if they do not, ConfigError for a change that may not be made; nothing is changed then.
    """
    from pyfabric.admin.config.proposal import make_proposal

    config = actor.config()
    proposal = make_proposal(actor.channel, config, edits)
    show_changes(examine(actor, proposal, config))
    if to is not None:
        if not yes:
            confirm(f"sign, and write {to}?")
        write(invocation, actor, signed_here(actor, proposal, config), config, to)
        return
    if not yes:
        confirm(f"change {actor.channel}?")
    send(invocation, actor, signed_here(actor, proposal, config), config)


def examine(actor: Actor, proposal: "Proposal", config: bytes) -> "Review":
    """Return how a proposal stands; raises ConfigError for one that is void or may not be made."""
    found = stand(actor, proposal, config)
    if found.outdated:
        raise ConfigError(
            f"the update is void: {found.outdated[0]}; see `pyfabric channel update renew`"
        )
    if found.problems:
        raise ConfigError(f"the update is refused: {'; '.join(found.problems)}")
    return found


def stand(actor: Actor, proposal: "Proposal", config: bytes) -> "Review":
    """Return how a proposal stands against a configuration, as far as this machine knows."""
    from pyfabric_network.updating import silent_consenters

    from pyfabric.admin.config.review import review

    return review(
        proposal,
        config,
        now=datetime.now(UTC),
        administrators=[one.serialized() for one in actor.profile.administrators.values()],
        is_down=silent_consenters(actor.profile.orderers),
    )


def signed_here(actor: Actor, proposal: "Proposal", config: bytes) -> "Proposal":
    """Return a proposal with the signatures of the department's administrators on this machine that count."""
    from pyfabric_network.updating import add_signatures

    return add_signatures(proposal, config, actor.profile.administrators.values())


def write(
    invocation: Invocation, actor: Actor, proposal: "Proposal", config: bytes, to: Path
) -> None:
    """Write a proposal to a file, and print who has signed and who is missing; raises ConfigError."""
    from pyfabric.admin.config.proposal_files import write_proposal

    found = examine(actor, proposal, config)
    files.write_public(to, write_proposal(proposal), error=ConfigError)
    say(f"wrote {to}: {_next_step(found)}")
    print_review(invocation, proposal, found)


def send(invocation: Invocation, actor: Actor, proposal: "Proposal", config: bytes) -> None:
    """Send a proposal if its signatures suffice, wait until it is in force, and print that; raises PolicyError."""
    from pyfabric_network.updating import submit

    from pyfabric.admin.config.proposal import Base

    found = examine(actor, proposal, config)
    if found.missing:
        raise PolicyError(
            f"more signatures are needed: {'; '.join(str(one.policy) for one in found.missing)}; have "
            f"{_missing_departments(found)} sign the file that --to FILE writes"
        )
    profile = actor.profile
    with waiting(f"waiting until {actor.channel} has the new configuration"):
        made = submit(
            proposal,
            config,
            profile.administrators,
            profile.orderers,
            profile.peers,
            reader=actor.identity,
        )
    invocation.printer.record(
        {"channel": actor.channel, "sequence": Base.of(made).sequence},
        changes=(["path", "words"], [asdict(one) for one in found.changes]),
    )


def show_changes(found: "Review") -> None:
    """Print what an update changes, as remarks."""
    for change in found.changes:
        say(f"{change.path}: {change.words}")
    for path in found.rewritten:
        say(f"{path}: is written again, without a change that can be shown")
    warn(found.remarks)


def print_review(invocation: Invocation, proposal: "Proposal", found: "Review") -> None:
    """Print a proposal as it stands: what it changes, whose signatures it needs and whose it has."""
    invocation.printer.record(
        {"channel": proposal.channel, "state": _state(found)},
        void=(["reason"], [{"reason": one} for one in found.outdated]),
        problems=(["reason"], [{"reason": one} for one in found.problems]),
        changes=(["path", "words"], [asdict(one) for one in found.changes]),
        policies=(
            ["policy", "satisfied", "signed_by", "missing", "elements"],
            list(_policies(found)),
        ),
        signatures=(["msp_id", "name", "problem"], [asdict(one) for one in found.signatures]),
        remarks=(["remark"], [{"remark": one} for one in found.remarks]),
    )


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
    if found.outdated:
        return "void"
    if found.problems:
        return "refused"
    return "signatures are missing" if found.missing else "can be submitted"


def _next_step(found: "Review") -> str:
    if not found.missing:
        return "its signatures suffice, submit it with `pyfabric channel update submit`"
    return f"have {_missing_departments(found)} sign it with `pyfabric channel update sign`"


def _missing_departments(found: "Review") -> str:
    """Return the departments of which some must sign, such as "TaxMSP or LandMSP"."""
    ids = {
        msp_id
        for one in found.missing
        for policy in one.policy.missing
        for choice in policy.choices
        for msp_id in choice.organizations
    }
    return " or ".join(sorted(ids)) or "those whom the policy names"
