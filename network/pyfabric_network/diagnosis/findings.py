"""What the doctor finds, and what it could not look at."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Literal, TypeAlias

from pyfabric_network.diagnosis.facts import Facts

Scope: TypeAlias = Literal["everybody", "peers", "orderers", "anybody"]
"""Whose view a check needs: that of each organisation, of those with peers, of those with orderers, or any."""


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that is wrong: with what, of which department (MSP id; empty: of nobody in particular), and how."""

    subject: str
    msp_id: str
    problem: str


@dataclass(frozen=True, slots=True)
class Unmade:
    """A check that could not be made for a department (MSP id; empty: for nobody), and why."""

    msp_id: str
    why: str


Judge: TypeAlias = Callable[[Facts], Iterator[Finding | Unmade]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One cause of trouble: its id and title, what it looks at, what to do about it, and its judgement.

    `channels`: it needs their configurations; `asks`: it needs what nodes answer to their own administrators. `follows` are the checks whose findings can be the cause of this one's.
    """

    id: str
    title: str
    looks_at: str
    remedy: str
    scope: Scope
    judge: Judge
    channels: bool = False
    asks: bool = False
    follows: frozenset[str] = frozenset()
