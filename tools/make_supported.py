"""Write SUPPORTED.md from the tables in `tools.supported`."""

from collections.abc import Iterator
from pathlib import Path

from tools.supported import DIFFERENCES, Item, sections

FILE = Path(__file__).parent.parent / "SUPPORTED.md"
_INTRODUCTION = """\
# What the development ledger covers of Fabric 3.1

`tools/make_supported.py` writes this page from the tables that the code uses; change those, not this page.
A test checks that everything refused is refused with exactly the text on this page. Names in braces are
placeholders. CouchDB is not supported as state database."""


def page() -> str:
    """Return the whole page."""
    return "\n".join((*_sections(), *_differences()))


def _sections() -> Iterator[str]:
    yield _INTRODUCTION
    for section in sections():
        yield f"\n## {section.title}"
        yield "| what | supported | |"
        yield "|---|---|---|"
        yield from (_row(item) for item in section.items)


def _row(item: Item) -> str:
    answer = f"refused: `{item.answer}`" if item.answer else "yes"
    return f"| {item.name} | {answer} | {item.note} |"


def _differences() -> Iterator[str]:
    yield "\n## Known differences"
    yield "| development ledger | reason |"
    yield "|---|---|"
    yield from (f"| {one.what} | {one.why} |" for one in DIFFERENCES)
    yield ""


if __name__ == "__main__":
    FILE.write_text(page(), encoding="utf-8")
