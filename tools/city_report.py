"""The report of the city's scenarios as one HTML file: a sequence diagram and a table of each, and what the search found."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from html import escape
from typing import Final, NamedTuple

from tools.leaks import Leak, Secret
from tools.run_sessions import Done

_LANE: Final = 150
_ROW: Final = 26
_TOP: Final = 46
_STYLE: Final = """
body { font: 15px/1.5 system-ui, "Noto Sans CJK SC", sans-serif; margin: 2rem auto; max-width: 76rem; color: #1b2733 }
h1, h2 { font-weight: 600 } h2 { margin-top: 2.5rem; border-bottom: 1px solid #cfd8e0 }
table { border-collapse: collapse; width: 100%; font-size: 13px } td, th { text-align: left; padding: .25rem .6rem; vertical-align: top }
tr:nth-child(even) { background: #f4f7f9 } .refused { color: #a61b1b } code { font-size: 12px } svg { max-width: 100%; height: auto }
"""


class Ran(NamedTuple):
    """A scenario that was run: its titles, and its calls."""

    en: str
    zh: str
    lines: Sequence[Done]


class Searched(NamedTuple):
    """A search in blocks: for which secrets, in how many blocks and bytes, and what was found in each channel."""

    secrets: Sequence[Secret]
    blocks: int
    size: int
    leaks: Mapping[str, Sequence[Leak]]


def report(ran: Sequence[Ran], searched: Searched) -> str:
    """Return the report's HTML."""
    return "\n".join(_page(ran, searched))


def _page(ran: Sequence[Ran], searched: Searched) -> Iterator[str]:
    yield '<!doctype html><html lang="zh"><head><meta charset="utf-8"><title>demo-city</title>'
    yield f"<style>{_STYLE}</style></head><body><h1>城市应用场景 · Scenarios of the city</h1>"
    head = ("scenario", "steps", "refused", "queries", "ms a step")
    rows = []
    for one in ran:
        steps = [done for done in one.lines if done.call.writes and not done.answer.code]
        refused = sum(bool(done.answer.code) for done in one.lines)
        spent = sum(done.seconds for done in steps) * 1000 / max(len(steps), 1)
        queries = sum(not done.call.writes for done in one.lines)
        rows.append((one.en, str(len(steps)), str(refused), str(queries), f"{spent:.0f}"))
    yield from _table(head, rows)
    for one in ran:
        yield f"<h2>{escape(one.zh)} · {escape(one.en)}</h2>"
        yield from sequence(one.lines)
        yield from _table(("block", "by", "what", "function", "outcome"), map(_row, one.lines))
    yield from _search(searched)
    yield "</body></html>"


def _row(done: Done) -> tuple[str, ...]:
    answer, entry = done.answer, done.entry
    outcome = f"{answer.code}: {answer.zh} · {answer.en}" if answer.code else _shown(answer.result)
    block = "" if answer.block is None else str(answer.block)
    return block, entry.by, f"{entry.zh} · {entry.en}", done.call.function, outcome


def _shown(result: object) -> str:
    """Return the state or the denial of a step's outcome, the beginning of another result."""
    if isinstance(result, Mapping) and "state" in result:
        denied = result.get("denied")
        return f"denied: {denied}" if denied else str(result["state"])
    text = str(result)
    return text if len(text) <= 120 else f"{text[:120]}…"


def _search(searched: Searched) -> Iterator[str]:
    yield "<h2>公开数据检查 · Search of all blocks for private values</h2>"
    yield f"<p>{searched.blocks} blocks, {searched.size:,} bytes, {len(searched.leaks)} channels</p>"
    wanted = Counter(one.kind for one in searched.secrets)
    found = Counter(leak.secret.kind for each in searched.leaks.values() for leak in each)
    rows = [(kind, str(count), str(found[kind])) for kind, count in sorted(wanted.items())]
    yield from _table(("kind", "texts", "found"), rows)


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterator[str]:
    yield "<table><tr>" + "".join(f"<th>{escape(one)}</th>" for one in head) + "</tr>"
    for row in rows:
        cells = "".join(f"<td>{escape(one)}</td>" for one in row)
        yield f"<tr>{cells}</tr>"
    yield "</table>"


def sequence(lines: Sequence[Done]) -> Iterator[str]:
    """Yield a sequence diagram as SVG: a lane for each department and each contract, an arrow for each call."""
    departments = list(dict.fromkeys(_department(done) for done in lines))
    called = list(dict.fromkeys(_contract(done) for done in lines))
    places = {
        name: _LANE // 2 + _LANE * number for number, name in enumerate([*departments, *called])
    }
    width, height = _LANE * len(places), _TOP + _ROW * (len(lines) + 1)
    yield f'<svg viewBox="0 0 {width} {height}" width="{width}" xmlns="http://www.w3.org/2000/svg" font-size="11">'
    yield '<defs><marker id="to" markerWidth="8" markerHeight="8" refX="7" refY="3" orient="auto">'
    yield '<path d="M0,0 L7,3 L0,6 z" fill="#51606e"/></marker></defs>'
    for name, x in places.items():
        fill = "#e3edf7" if name in departments else "#e7f3e3"
        yield f'<rect x="{x - 60}" y="6" width="120" height="24" rx="4" fill="{fill}"/>'
        yield f'<text x="{x}" y="22" text-anchor="middle" font-weight="600">{escape(name)}</text>'
        yield f'<line x1="{x}" y1="30" x2="{x}" y2="{height}" stroke="#cfd8e0"/>'
    for number, done in enumerate(lines):
        y, start, end = _TOP + _ROW * number, places[_department(done)], places[_contract(done)]
        colour = "#a61b1b" if done.answer.code else "#51606e"
        dashes = "" if done.call.writes else ' stroke-dasharray="4 3"'
        yield f'<line x1="{start}" y1="{y + 12}" x2="{end}" y2="{y + 12}" stroke="{colour}"{dashes} marker-end="url(#to)"/>'
        label = done.call.function.rpartition(":")[2] + (
            f" ✗ {done.answer.code}" if done.answer.code else ""
        )
        yield f'<text x="{end - 8}" y="{y + 8}" text-anchor="end" fill="{colour}">{escape(label)}</text>'
    yield "</svg>"


def _department(done: Done) -> str:
    return done.entry.by.partition("@")[2]


def _contract(done: Done) -> str:
    prefix = done.call.function.rpartition(":")[0]
    return f"{prefix or done.call.place.chaincode} ({done.call.place.channel})"
