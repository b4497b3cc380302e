"""Make the client with blocking calls from the client for asyncio.

A method is written and described once, in pyfabric/aio. Its copy in pyfabric/gateway is the same text
without `async` and `await`, with the names of the blocking parts below it. Written by hand on both sides
are only the parts where threads and event loops differ: drivers, connections, and the stream of events.

    python tools/make_surfaces.py          write the copies
    python tools/make_surfaces.py --check  name each copy that differs, and exit with 1 if there is one
"""

import argparse
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent
BY_HAND = {"event_stream.py"}
SHARED_BELOW = ("aio_exchanges.py", "aio_rest_clients.py")

RULES = [
    (re.compile(pattern), replacement)
    for pattern, replacement in (
        (r"\bawait asyncio\.to_thread\(([\w.]+), ", r"\1("),
        (r"\basync (def|for|with)\b", r"\1"),
        (r"\bawait ", ""),
        (r"__a(enter|exit|iter|next)__", r"__\1__"),
        (r"\baclose\b", "close"),
        (r"\baiter_raw\b", "iter_raw"),
        (r"\bAsync([A-Z])", r"\1"),
        (r"\baio_(\w+)", r"\1"),
        (r"\bpyfabric\.aio\b", "pyfabric.gateway"),
    )
]
# Sentences that differ between the two packages.
TEXTS = {
    "__init__.py": (
        (
            "for asyncio; `pyfabric.gateway` has the same names with blocking calls.",
            "with blocking calls; `pyfabric.aio` has the same names for asyncio.",
        ),
        (
            "Everything that a gateway gives belongs to the event loop of its first call.",
            "Everything that a gateway gives is thread-safe, but each event stream is iterated in one thread.",
        ),
    ),
}


def copies() -> dict[Path, Path]:
    """Return where each derived module comes from, by where it goes (below the root)."""
    surface = {
        Path("pyfabric/gateway", source.name): source.relative_to(ROOT)
        for source in sorted((ROOT / "pyfabric/aio").glob("*.py"))
        if source.name not in BY_HAND
    }
    below = {
        Path("pyfabric/_grpc", name.removeprefix("aio_")): Path("pyfabric/_grpc", name)
        for name in SHARED_BELOW
    }
    return surface | below


def blocking(source: Path) -> str:
    """Return the text of the blocking copy of a module.

    Raises ValueError when the module lacks a text that its copy has in other words.
    """
    text = (ROOT / source).read_text(encoding="utf-8")
    for ours, theirs in TEXTS.get(source.name, ()):
        if ours not in text:
            raise ValueError(
                f"{source}: the sentence {ours!r} is missing: correct TEXTS in {__file__}"
            )
        text = text.replace(ours, theirs)
    # The texts of TEXTS name the other package: they are put in before and kept from the rules.
    kept = [theirs for _, theirs in TEXTS.get(source.name, ())]
    for number, sentence in enumerate(kept):
        text = text.replace(sentence, f"\0{number}\0")
    for pattern, replacement in RULES:
        text = pattern.sub(replacement, text)
    for number, sentence in enumerate(kept):
        text = text.replace(f"\0{number}\0", sentence)
    first = f"# Made from {source} by tools/make_surfaces.py: edit that, and run `make surfaces`.\n"
    return tidy(first + text)


def tidy(text: str) -> str:
    """Drop imports that the blocking copy does not need, sort the others and format the module."""
    # Ruff takes what it finds for our own, and a copy that is new cannot be found yet.
    ours = 'lint.isort.known-first-party=["pyfabric"]'
    imports = ["check", "--quiet", "--fix", "--select", "I,F401", "--config", ours]
    for arguments in (imports, ["format", "--quiet"]):
        ran = subprocess.run(
            [
                str(Path(sys.executable).parent / "ruff"),
                *arguments,
                "--stdin-filename",
                "copy.py",
                "-",
            ],
            input=text,
            capture_output=True,
            text=True,
            check=True,
            cwd=ROOT,
        )
        text = ran.stdout
    return text


def different() -> dict[Path, str]:
    """Return the text that each outdated copy should have."""
    wanted = {target: blocking(source) for target, source in copies().items()}
    return {
        target: text
        for target, text in wanted.items()
        if not (ROOT / target).exists() or (ROOT / target).read_text(encoding="utf-8") != text
    }


def main() -> int:
    """Write the copies, or with --check only name those that differ."""
    parser = argparse.ArgumentParser(
        description="the blocking client, made from the asyncio client"
    )
    parser.add_argument("--check", action="store_true", help="write nothing")
    check = parser.parse_args().check
    outdated = different()
    for target, text in outdated.items():
        if check:
            print(
                f"{target}: differs from what it is made from; run `make surfaces`", file=sys.stderr
            )
        else:
            (ROOT / target).write_text(text, encoding="utf-8")
    return 1 if check and outdated else 0


if __name__ == "__main__":
    sys.exit(main())
