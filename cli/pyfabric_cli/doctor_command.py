"""`pyfabric doctor`: what makes the network fail, what to do, and what could not be looked at."""

import platform
import sys
from importlib.metadata import packages_distributions, version
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from pyfabric.errors import ConfigError
from pyfabric.extras import DISTRIBUTION
from pyfabric_cli import options
from pyfabric_cli.commands import command
from pyfabric_cli.exits import ExitCode
from pyfabric_cli.invocation import Invocation, OnNetwork
from pyfabric_cli.lazy_group import plain_app
from pyfabric_cli.output import say, waiting

if TYPE_CHECKING:  # loaded when there is something to look at
    from pyfabric_network.diagnosis.diagnosis import CheckResult
    from pyfabric_network.diagnosis.facts import Facts, View

_PARTS = (
    DISTRIBUTION,
    "cryptography",
    "grpcio",
    "httpx",
    "hyperledger-fabric-protos",
    "protobuf",
    "pydantic",
    "typer",
)
_FINDINGS = ("check", "department", "subject", "problem", "may follow from")
_UNMADE = ("department", "why", "checks")

app = plain_app()


@command(app)
def doctor(
    invocation: OnNetwork,
    context: options.ContextName = None,
    join: Annotated[
        list[Path] | None,
        typer.Option("--join", help="What another department's `doctor -o json` printed."),
    ] = None,
    check: Annotated[
        list[str] | None, typer.Option("--check", help="Make these checks alone, by their ids.")
    ] = None,
) -> None:
    """Find what makes a network fail, and what to do about it.

    Looks from the network's folder or, with a context, from a department's connection profile. Exits with 4 if something is wrong, and with 10 if nothing is but not everything could be looked at.
    """
    installation = _installation(invocation)
    others = foreign_owners(packages_distributions().get("pyfabric", []))
    if others:
        invocation.printer.facts(installation)
        say(
            f"error: {', '.join(others)} also installs a package named pyfabric: "
            f"pip uninstall {' '.join(others)}, then pip install --force-reinstall {DISTRIBUTION}"
        )
        raise typer.Exit(ExitCode.FAULT)
    seen = _look(invocation, context)
    if seen is None:
        invocation.printer.facts(installation)
        say(
            "warning: nothing but this installation was looked at: there is no network or context in "
            f"{invocation.settings.state}"
        )
        raise typer.Exit(ExitCode.UNCHECKED)
    _report(invocation, installation, seen, join or [], check or [])


def foreign_owners(distributions: list[str]) -> list[str]:
    """Return the distributions, other than ours, that install the import package `pyfabric`."""
    return sorted(
        {name for name in distributions if name.lower().replace("_", "-") != DISTRIBUTION}
    )


def _installation(invocation: Invocation) -> dict[str, str]:
    return {
        "python": platform.python_version(),
        "program": sys.executable,
        **{name: version(name) for name in _PARTS},
        "state folder": str(invocation.settings.state.absolute()),
    }


def _look(invocation: OnNetwork, context: str | None) -> "View | None":
    """Look at the network of the state folder or, with a context or without a network, at a profile's."""
    from datetime import UTC, datetime

    from pyfabric_network.diagnosis.collecting import view_from_profile
    from pyfabric_network.state_folder import networks

    settings = invocation.settings
    with waiting("looking at every node"):
        if context is None and (invocation.name or networks(settings.state)):
            return invocation.opened.view()
        if context is None and invocation.contexts.current() is None:
            return None
        _, found = invocation.contexts.find(context or settings.context)
        return view_from_profile(found.load_profile(), found.user, now=datetime.now(UTC))


def _report(
    invocation: Invocation,
    installation: dict[str, str],
    seen: "View",
    join: list[Path],
    wanted: list[str],
) -> None:
    from pyfabric_network.diagnosis.checks import BY_ID
    from pyfabric_network.diagnosis.diagnosis import diagnose
    from pyfabric_network.diagnosis.facts import Facts
    from pyfabric_network.diagnosis.views import read_view, view_document

    for name in wanted:
        if name not in BY_ID:
            raise ConfigError(f"no check is named {name}; there are: {', '.join(BY_ID)}")
    facts = Facts((seen, *(read_view(file) for file in join)))
    results = diagnose(facts, wanted)
    findings = [row for one in results for row in _findings(facts, one)]
    unmade = _unmade(facts, results)
    remedies = [
        {"check": one.check.id, "what to do": one.check.remedy} for one in results if one.findings
    ]
    if invocation.as_json:
        invocation.printer.document(
            {
                "installation": installation,
                "checks": [one.check.id for one in results],
                "findings": findings,
                "remedies": remedies,
                "not_checked": unmade,
                "view": view_document(seen),
            }
        )
    else:
        invocation.printer.record(
            {"network": seen.network, **_joined(facts), **installation},
            findings=(_FINDINGS, findings),
            remedies=(("check", "what to do"), remedies),
            not_checked=(_UNMADE, unmade),
        )
    _conclude(results)


def _joined(facts: "Facts") -> dict[str, list[str]]:
    """Return whose views were joined, and from when each is."""
    joined = [
        f"{', '.join(dict.fromkeys(map(facts.title, view.own)))} ({view.taken:%Y-%m-%d %H:%M} UTC)"
        for view in facts.views[1:]
    ]
    return {"joined": joined} if joined else {}


def _findings(facts: "Facts", result: "CheckResult") -> list[dict[str, Any]]:
    return [
        {
            "check": result.check.id,
            "department": facts.title(one.msp_id) or None,
            "subject": one.subject,
            "problem": one.problem,
            "may follow from": list(result.after),
        }
        for one in result.findings
    ]


def _unmade(facts: "Facts", results: "tuple[CheckResult, ...]") -> list[dict[str, Any]]:
    """Return what could not be looked at, by department and reason, each with its checks."""
    found: dict[tuple[str, str], list[str]] = {}
    for result in results:
        for one in result.unmade:
            found.setdefault((facts.title(one.msp_id), one.why), []).append(result.check.id)
    return [
        {"department": department or None, "why": why, "checks": checks}
        for (department, why), checks in found.items()
    ]


def _conclude(results: "tuple[CheckResult, ...]") -> None:
    """Print the verdict, and exit with its code."""
    wrong = [one.check.id for one in results if one.findings]
    partly = [one.check.id for one in results if one.unmade]
    rest = f"; {len(partly)} checks could not be made for every department" if partly else ""
    if wrong:
        say(f"error: wrong: {', '.join(wrong)}{rest}")
        raise typer.Exit(ExitCode.NETWORK)
    say(f"{len(results)} checks: nothing wrong was found{rest}")
    if partly:
        raise typer.Exit(ExitCode.UNCHECKED)
