"""Check code, documentation and commit subjects for words that docs/terms.md replaces by others.

    python tools/check_words.py              every file that git knows, and the commit subjects
    python tools/check_words.py FILE FOLDER  these only

A phrase that must stay (Fabric's own text, a test of this check) is excepted where it stands, with the
reason, by a comment on its line or on the line before: `words: Fabric's text`.
"""

import argparse
import ast
import io
import re
import subprocess
import sys
import tokenize
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
TERMS = ROOT / "docs" / "terms.md"
FIRST_COMMIT = "accdaa3"
"""Commit subjects are checked from the one after this on."""

_TEXTS = {".md", ".yaml", ".yml", ".toml", ".feature", ".mjs", ".js", ".cfg", ".sh", ".env"}
_NAMES = {"Makefile", "Dockerfile"}
_SKIPPED = ("tests/vectors/", "docs/terms.md", "typings/", "requirements-dev.txt")
_EXCEPTION = re.compile(r"words: *\S")
_CELLS = re.compile(r"(?<!\\)\|")


class WordsError(Exception):
    """The check itself cannot be done; it says why."""  # words: shown to people, who read it so


@dataclass(frozen=True)
class Finding:
    """A phrase that is not used: where it stands, and what to write."""

    place: str
    line: int
    phrase: str
    instead: str

    def __str__(self) -> str:
        return f"{self.place}:{self.line}: '{self.phrase}': write {self.instead}"


@dataclass(frozen=True)
class Words:
    """The phrases of the page of terms, as regular expressions."""

    phrases: Sequence[tuple[re.Pattern[str], str]]
    first_words: dict[str, str]
    any_phrase: re.Pattern[str]

    def find(self, text: str) -> Iterator[tuple[int, str, str]]:
        """Yield position, phrase and replacement of each phrase in a text."""
        if self.any_phrase.search(text) is None:
            return
        for pattern, instead in self.phrases:
            for match in pattern.finditer(text):
                yield match.start(), " ".join(match.group().split()), instead


def read_terms(page: str) -> Words:
    """Read the tables of the page; raise WordsError if it has none."""
    phrases: list[tuple[str, str]] = []
    first_words: dict[str, str] = {}
    header: list[str] = []
    for line in page.splitlines():
        cells = [cell.strip() for cell in _CELLS.split(line)[1:-1]]
        if not cells:
            header = []
        elif not header:
            header = cells
        elif set(cells[0]) != {"-"} and (found := _replacement(header, cells)) is not None:
            words, instead = found
            for phrase in filter(None, (word.strip() for word in words.split(","))):
                if header[0] == "not as the first word":
                    first_words[phrase] = instead
                else:
                    phrases.append((phrase, instead))
    if not phrases or not first_words:
        raise WordsError("docs/terms.md: no table with a column 'not': nothing would be checked")
    patterns = [(re.compile(_expression(one), re.IGNORECASE), instead) for one, instead in phrases]
    every = "|".join(_expression(one) for one, _ in phrases)
    return Words(patterns, first_words, re.compile(every, re.IGNORECASE))


def _replacement(header: Sequence[str], cells: Sequence[str]) -> tuple[str, str] | None:
    """Return the words of a row that are not used, and what is written instead."""
    if "not" in header:
        at = header.index("not")
        return cells[at], cells[at + 1 if at == 0 else 0]
    return (cells[0], cells[1]) if header[0].startswith("not ") else None


def _expression(phrase: str) -> str:
    """Return the regular expression of a phrase; any space or line end separates its words."""
    words = [
        "(?:" + "|".join(re.escape(one) for one in word.split("/")) + ")"
        if "/" in word
        else re.sub(r"\\\((\w+)\\\)", r"(?:\1)?", re.escape(word))
        for word in phrase.split()
    ]
    return r"(?<![\w-])" + r"[\s#*]+".join(words) + r"(?![\w-])"


def check_text(place: str, text: str, words: Words) -> list[Finding]:
    """Check a text that is no Python: documentation, a Makefile."""
    lines = text.splitlines()
    return [
        Finding(place, line, phrase, instead)
        for start, phrase, instead in words.find(text)
        if not _is_excepted(lines, line := text.count("\n", 0, start) + 1)
    ]


def check_python(place: str, text: str, words: Words) -> list[Finding]:
    """Check docstrings, comments, texts and defined names of a Python module."""
    lines = text.splitlines()
    tree = ast.parse(text, place)
    prose = [*_strings(tree), *_defined_names(tree)]
    if words.any_phrase.search(text) is not None:
        prose += _comments(text)
    findings = [
        Finding(place, line + part.count("\n", 0, start), phrase, instead)
        for line, part in prose
        for start, phrase, instead in words.find(part)
    ]
    findings += [
        Finding(place, line, word, words.first_words[word])
        for line, word in _first_words(tree)
        if word in words.first_words
    ]
    return [one for one in findings if not _is_excepted(lines, one.line)]


def _is_excepted(lines: Sequence[str], line: int) -> bool:
    return any(_EXCEPTION.search(one) for one in lines[max(line - 2, 0) : line])


def _strings(tree: ast.AST) -> Iterator[tuple[int, str]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.JoinedStr):
            parts = [one.value if isinstance(one, ast.Constant) else "…" for one in node.values]
            yield node.lineno, "".join(str(part) for part in parts)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and " " in node.value:
            yield node.lineno, node.value


def _defined_names(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """Yield the names of functions and classes as words."""
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            name = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", " ", node.name).replace("_", " ")
            yield node.lineno, name.strip()


def _comments(text: str) -> Iterator[tuple[int, str]]:
    """Yield comments; those on consecutive lines as one text."""
    start, block = 0, ""
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type != tokenize.COMMENT:
            continue
        line = token.start[0]
        if block and line == start + block.count("\n") + 1:
            block += "\n" + token.string
            continue
        if block:
            yield start, block
        start, block = line, token.string
    if block:
        yield start, block


def _first_words(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """Yield the first word of each function's docstring; a property's may be a noun."""
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and not _is_property(node):
            docstring = ast.get_docstring(node)
            if docstring:
                yield node.body[0].lineno, re.split(r"[\s.,:;]", docstring, maxsplit=1)[0]


def _is_property(node: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    return any("property" in ast.unparse(one) for one in node.decorator_list)


def check_files(
    files: Iterable[Path], words: Words, root: Path = ROOT
) -> tuple[int, list[Finding]]:
    """Check files; return how many were checked, and the findings."""
    checked, findings = 0, []
    for file in files:
        place = str(file.relative_to(root)) if file.is_relative_to(root) else str(file)
        if place.startswith(_SKIPPED) or not _is_prose(file):
            continue
        check = check_python if file.suffix == ".py" else check_text
        findings += check(place, file.read_text("utf-8"), words)
        checked += 1
    return checked, findings


def _is_prose(file: Path) -> bool:
    return file.suffix in _TEXTS | {".py"} or file.name in _NAMES


def check_subjects(words: Words, root: Path = ROOT) -> list[Finding]:
    """Check the subjects of commits since FIRST_COMMIT; none where there is no such history."""
    listed = _git(root, "log", "--format=%h %s", f"{FIRST_COMMIT}..HEAD")
    return [
        Finding(f"commit {commit}", 1, phrase, instead)
        for commit, _, subject in (line.partition(" ") for line in listed)
        for _, phrase, instead in words.find(subject)
    ]


def _git(root: Path, *command: str) -> list[str]:
    """Return the lines that a git command prints; none without git or a repository."""
    try:
        ran = subprocess.run(
            ["git", *command], cwd=root, capture_output=True, text=True, check=True
        )
    except (OSError, subprocess.CalledProcessError):
        return []
    return ran.stdout.splitlines()


def chosen(arguments: Sequence[Path], root: Path = ROOT) -> list[Path]:
    """Return the files to check: the arguments, folders with all that is below them, or the tree."""
    if arguments:
        return [file for one in arguments for file in ([one] if one.is_file() else one.rglob("*"))]
    known = _git(root, "ls-files") or [str(file.relative_to(root)) for file in root.rglob("*")]
    return [root / name for name in known if (root / name).is_file()]


def main() -> int:
    """Check what the command line names; return the exit code."""
    parser = argparse.ArgumentParser(description="Check for words that docs/terms.md replaces.")
    parser.add_argument("files", nargs="*", type=Path)
    parser.add_argument("--terms", type=Path, default=TERMS)
    arguments = parser.parse_args()
    words = read_terms(arguments.terms.read_text("utf-8"))
    checked, findings = check_files((one.resolve() for one in chosen(arguments.files)), words)
    if not checked:
        raise WordsError("no files to check")
    if not arguments.files:
        findings += check_subjects(words)
    for finding in sorted(findings, key=lambda one: (one.place, one.line)):
        print(finding)
    print(f"{checked} files, {len(findings)} words to replace", file=sys.stderr)
    return 1 if findings else 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except WordsError as error:
        sys.exit(f"check_words: {error}")
