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
"""The subjects of commits after this one are checked."""

MERGED_BEFORE = frozenset({"38b6547", "a3c20d9", "33d736f"})
"""Commits that were merged before this check existed: their subjects stay as they are."""

_TEXTS = {".md", ".yaml", ".yml", ".toml", ".feature", ".mjs", ".js", ".cfg", ".sh", ".env"}
_NAMES = {"Makefile", "Dockerfile"}
_SKIPPED = (
    "tests/vectors/",  # Fabric's own texts
    "docs/terms.md",  # the list itself, and the tests of this check
    "tests/unit/test_check_words.py",
    "typings/",
    "requirements-dev.txt",
)
_EXCEPTION = re.compile(r"words: *\S")
_CELL_BORDER = re.compile(r"(?<!\\)\|")
_WORD = re.compile(r"[A-Z]?[a-z]+|[A-Z]+")
_TEST_NAME = "test "
_FIRST_WORD_HEADER = "not as the first word"


class WordsError(Exception):
    """The check cannot be made; the message is for people."""


@dataclass(frozen=True)
class Finding:
    """A phrase that is not used: where it is, and what to write."""

    place: str
    line: int
    phrase: str
    instead: str

    def __str__(self) -> str:
        return f"{self.place}:{self.line}: '{self.phrase}': write {self.instead}"


@dataclass(frozen=True)
class Phrase:
    """A phrase of the page of terms; `pieces` are words of which a text with it has one each.

    The nouns that a term replaces are refused in names of tests too; other phrases are not.
    """

    pattern: re.Pattern[str]
    pieces: Sequence[frozenset[str]]
    instead: str
    is_noun: bool

    def find(self, text: str) -> Iterator[tuple[int, str, str]]:
        """Yield position, text and replacement of each place where the phrase is."""
        for match in self.pattern.finditer(text):
            yield match.start(), " ".join(match.group().split()), self.instead


@dataclass(frozen=True)
class Words:
    """All phrases of the page of terms, and the words that do not begin a function's docstring."""

    phrases: Sequence[Phrase]
    first_words: dict[str, str]

    def possible(self, text: str) -> list[Phrase]:
        """Return the phrases whose words all occur in a text: a quick choice of the few to look for."""
        words = {word.lower() for word in _WORD.findall(text)}
        return [one for one in self.phrases if all(piece & words for piece in one.pieces)]


def read_terms(page: str) -> Words:
    """Read the tables of the page; raises WordsError if they have no such words."""
    phrases: list[Phrase] = []
    first_words: dict[str, str] = {}
    for header, cells in _rows(page):
        if header[0] == _FIRST_WORD_HEADER:
            first_words |= dict.fromkeys(_listed(cells[0]), cells[1])
        elif "not" in header:
            at = header.index("not")
            instead = cells[1 if at == 0 else 0]
            phrases += [_phrase(one, instead, is_noun=at > 0) for one in _listed(cells[at])]
    if not phrases or not first_words:
        raise WordsError("docs/terms.md has no words in a column 'not': nothing would be checked")
    return Words(phrases, first_words)


def _rows(page: str) -> Iterator[tuple[list[str], list[str]]]:
    """Yield the cells of each row of each table, with the cells of the table's header."""
    header: list[str] = []
    for line in page.splitlines():
        cells = [cell.strip() for cell in _CELL_BORDER.split(line)[1:-1]]
        if not cells:
            header = []
        elif not header:
            header = cells
        elif set(cells[0]) != {"-"}:
            yield header, cells


def _listed(cell: str) -> list[str]:
    return [phrase for part in cell.split(",") if (phrase := part.strip())]


def _phrase(phrase: str, instead: str, *, is_noun: bool) -> Phrase:
    forms = [_forms(word) for word in phrase.split()]
    expression = r"[\s#*]+".join(f"(?:{'|'.join(map(re.escape, word))})" for word in forms)
    return Phrase(
        re.compile(rf"(?<![\w-]){expression}(?![\w-])", re.IGNORECASE),
        [frozenset(_WORD.findall(form)[-1].lower() for form in word) for word in forms],
        instead,
        is_noun,
    )


def _forms(word: str) -> list[str]:
    """Return the forms of a word: `a/b` is either, `word(s)` is with and without the ending."""
    forms = []
    for one in word.split("/"):
        stem, _, ending = one.rstrip(")").partition("(")
        forms += [stem, stem + ending] if ending else [stem]
    return forms


def check_text(place: str, text: str, words: Words) -> list[Finding]:
    """Check a text that is not Python: documentation, a Makefile."""
    lines = text.splitlines()
    return [
        Finding(place, line, found, instead)
        for phrase in words.possible(text)
        for start, found, instead in phrase.find(text)
        if not _is_excepted(lines, line := text.count("\n", 0, start) + 1)
    ]


def check_python(place: str, text: str, words: Words) -> list[Finding]:
    """Check docstrings, comments, texts and the names of functions and classes of a Python module."""
    lines = text.splitlines()
    tree = ast.parse(text, place)
    phrases = words.possible(text)
    prose = [*_strings_and_names(tree), *_comments(text)] if phrases else []
    findings = [
        Finding(place, line + part.count("\n", 0, start), found, instead)
        for line, part in prose
        for phrase in phrases
        if phrase.is_noun or not part.startswith(_TEST_NAME)
        for start, found, instead in phrase.find(part)
    ]
    findings += [
        Finding(place, line, word, words.first_words.get(word, "a verb"))
        for line, word in _first_words(tree.body)
        if word in words.first_words or not word.isalpha()
    ]
    return [one for one in findings if not _is_excepted(lines, one.line)]


def _is_excepted(lines: Sequence[str], line: int) -> bool:
    return any(_EXCEPTION.search(one) for one in lines[max(line - 2, 0) : line])


def _strings_and_names(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """Yield all texts, and the names of functions and classes as separate words."""
    inside: set[ast.AST] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.JoinedStr):
            inside |= set(node.values)
            parts = [one.value if isinstance(one, ast.Constant) else "…" for one in node.values]
            yield node.lineno, "".join(str(part) for part in parts)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and node not in inside:
            yield node.lineno, node.value
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            yield node.lineno, " ".join(_WORD.findall(node.name))


def _comments(text: str) -> Iterator[tuple[int, str]]:
    """Yield comments; those on consecutive lines are one text."""
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


def _first_words(body: Sequence[ast.AST]) -> Iterator[tuple[int, str]]:
    """Yield the first word of each function's docstring; properties may begin with a noun."""
    for node in body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and not _is_property(node):
            docstring = ast.get_docstring(node)
            if docstring:
                yield node.body[0].lineno, re.split(r"[\s.,:;]", docstring, maxsplit=1)[0]
        for part in ("body", "orelse", "handlers", "finalbody", "cases"):
            inner = getattr(node, part, [])
            yield from _first_words(inner if isinstance(inner, list) else [])


def _is_property(node: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    return any("property" in ast.unparse(one) for one in node.decorator_list)


def check_files(
    files: Iterable[Path], words: Words, root: Path = ROOT
) -> tuple[int, list[Finding]]:
    """Check files; returns how many were checked, and the findings."""
    checked, findings = 0, []
    for file in files:
        place = str(file.relative_to(root)) if file.is_relative_to(root) else str(file)
        if place.startswith(_SKIPPED) or not _has_prose(file):
            continue
        check = check_python if file.suffix == ".py" else check_text
        findings += check(place, file.read_text("utf-8"), words)
        checked += 1
    return checked, findings


def _has_prose(file: Path) -> bool:
    return file.suffix in _TEXTS | {".py"} or file.name in _NAMES


def check_subjects(words: Words, root: Path = ROOT) -> list[Finding]:
    """Check the subjects of commits after FIRST_COMMIT; nothing where git does not have it."""
    listed = _git(root, "log", "--format=%h %s", f"{FIRST_COMMIT}..HEAD")
    return [
        Finding(f"commit {commit}", 1, found, instead)
        for commit, _, subject in (line.partition(" ") for line in listed)
        if commit[:7] not in MERGED_BEFORE
        for phrase in words.possible(subject)
        for _, found, instead in phrase.find(subject)
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
    """Return the files of the arguments (folders with everything below them), or of the whole tree."""
    if missing := [str(one) for one in arguments if not one.exists()]:
        raise WordsError(f"cannot check {', '.join(missing)}: not found")
    if arguments:
        return [file for one in arguments for file in ([one] if one.is_file() else one.rglob("*"))]
    known = [Path(name) for name in _git(root, "ls-files")] or [
        file.relative_to(root) for file in root.rglob("*")
    ]
    hidden = re.compile(r"(^|/)(\..*|node_modules|build|dist)/")
    return [root / one for one in known if (root / one).is_file() and not hidden.search(str(one))]


def main(arguments: Sequence[str]) -> int:
    """Check what the arguments name, and print the findings; returns the exit code."""
    parser = argparse.ArgumentParser(description="Check for words that docs/terms.md replaces.")
    parser.add_argument("files", nargs="*", type=Path)
    parser.add_argument("--terms", type=Path, default=TERMS)
    given = parser.parse_args(arguments)
    words = read_terms(given.terms.read_text("utf-8"))
    checked, findings = check_files((one.resolve() for one in chosen(given.files)), words)
    if not checked:
        raise WordsError("no files to check")
    if not given.files:
        findings += check_subjects(words)
    for finding in sorted(findings, key=lambda one: (one.place, one.line)):
        print(finding)
    print(f"{checked} files, {len(findings)} words to replace", file=sys.stderr)
    return 1 if findings else 0


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except WordsError as error:
        sys.exit(f"check_words: {error}")
