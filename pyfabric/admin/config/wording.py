"""Differences of a configuration's elements, in words for people."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from fabric_protos.common import policies_pb2

from pyfabric.admin.config.facts import Facts, value_facts
from pyfabric.admin.config.policies import describe_policy_rule
from pyfabric.errors import DecodeError
from pyfabric.messages.translation.encoding import from_json

_ORGANIZATION_DEPTH: Final = 4  # "", "Channel", the section, the organisation
_SECTIONS: Final = {"Application": "organisation", "Orderer": "ordering organisation"}


def added(path: str, element: str, after: Mapping[str, Any]) -> str:
    """Return the words for an element that is new."""
    if element == "group":
        return f"{_subject(path, element)} added: {'; '.join(_contents(path, after))}"
    return f"{_subject(path, element)} added{_detail(path, element, after)}"


def removed(path: str, element: str, before: Mapping[str, Any]) -> str:
    """Return the words for an element that is gone."""
    return f"{_subject(path, element)} removed{_detail(path, element, before)}"


def changed(path: str, element: str, before: Mapping[str, Any], after: Mapping[str, Any]) -> str:
    """Return the words for an element that differs."""
    parts = list(_changes(_facts(path, element, before), _facts(path, element, after)))
    if before["mod_policy"] != after["mod_policy"]:
        parts.append(f"may be changed by {after['mod_policy']}, no longer {before['mod_policy']}")
    return f"{_subject(path, element)}: {'; '.join(parts) or 'another encoding of the same'}"


def _subject(path: str, element: str) -> str:
    """Return what an element is called: its name, and where it is unless that is the channel itself."""
    names = path.split("/")
    if element == "group" and len(names) == _ORGANIZATION_DEPTH:
        return f"{_SECTIONS.get(names[2], 'group')} {names[3]}"
    kind = "policy " if element == "policy" else ""
    around = "/".join(names[2:-1])
    return f"{kind}{names[-1]}{f' of {around}' if around else ''}"


def _detail(path: str, element: str, shown: Mapping[str, Any]) -> str:
    if element == "group":
        msp = value_facts("MSP", shown["values"].get("MSP", {}).get("value"))
        return f" ({msp['MSP id']})" if "MSP id" in msp else ""
    facts = _facts(path, element, shown)
    return f": {', '.join(_fact(*fact) for fact in facts.items())}" if facts else ""


def _contents(path: str, group: Mapping[str, Any]) -> Iterator[str]:
    """Yield what is in a group that is new, so that who signs for it sees whom the channel will trust."""
    for name, one in sorted(group["values"].items()):
        facts = _facts(f"{path}/{name}", "value", one)
        yield f"{name}: {', '.join(_fact(*fact) for fact in facts.items())}"
    for name, one in sorted(group["policies"].items()):
        yield f"policy {name}: {policy_words(one['policy'])}"
    for name in sorted(group["groups"]):
        yield f"group {name}"


def _facts(path: str, element: str, shown: Mapping[str, Any]) -> Facts:
    if element == "value":
        return value_facts(path.rpartition("/")[2], shown["value"])
    if element == "policy":
        return {"": policy_words(shown["policy"])}
    return {}


def policy_words(policy: Any) -> str:
    """Return the rule of a policy in JSON; a description where no rule describes it."""
    try:
        return describe_policy_rule(from_json(policies_pb2.Policy, policy))
    except DecodeError as error:
        return f"cannot be read ({error})"


def _changes(before: Facts, after: Facts) -> Iterator[str]:
    for name, text in after.items():
        if name not in before:
            yield f"{_fact(name, text)} added"
        elif before[name] != text:
            yield f"{_named(name)}{before[name]} → {text}"
    for name, text in before.items():
        if name not in after:
            yield f"{_fact(name, text)} removed"


def _fact(name: str, text: str) -> str:
    return f"{_named(name)}{text}".rstrip()


def _named(name: str) -> str:
    return f"{name} " if name else ""
