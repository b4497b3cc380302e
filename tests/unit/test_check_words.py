"""The check of words: each word that docs/terms.md replaces is found, in every kind of place."""

import subprocess
from pathlib import Path

import pytest

from tools import check_words
from tools.check_words import TERMS, Words, WordsError, check_files, check_subjects, read_terms

TABLES = """\
| term | what it is | not |
|---|---|---|
| genesis block | Block 0. | first block(s) |
| bundled | Included. | come/comes along, brought along |
| peer | A node. | |

| not | but |
|---|---|
| stand-in(s), last words | a better \\| plainer word |

| not as the first word | but |
|---|---|
| The, Whether | Return |
"""
WORDS = read_terms(TABLES)
"""Built from small tables, so that these tests do not depend on the page's list."""


def findings(tmp_path: Path, text: str, name: str = "module.py") -> list[str]:
    """Return what is found in a file of that name with that content."""
    (tmp_path / name).write_text(text, encoding="utf-8")
    checked, found = check_files([tmp_path / name], WORDS, tmp_path)
    assert checked == 1
    return [str(one) for one in found]


def page_phrases() -> list[tuple[str, str]]:
    """Return every form of every phrase of the real page, with its replacement."""
    words = read_terms(TERMS.read_text(encoding="utf-8"))
    found = []
    for header, cells in check_words._rows(TERMS.read_text(encoding="utf-8")):
        if "not" in header:
            for phrase in check_words._listed(cells[header.index("not")]):
                forms = [check_words._forms(word) for word in phrase.split()]
                found += [
                    (" ".join(one[number % len(one)] for one in forms), phrase)
                    for number in range(max(map(len, forms)))
                ]
    assert len(found) >= len(words.phrases) > 50
    return found


@pytest.mark.parametrize(
    ("phrase", "listed"), page_phrases(), ids=lambda value: value.replace(" ", "-")
)
def test_every_phrase_of_the_page_is_found(tmp_path: Path, phrase: str, listed: str) -> None:
    words = read_terms(TERMS.read_text(encoding="utf-8"))
    for name, text in (
        ("page.md", f"A sentence\nwith {phrase} in it.\n"),
        ("module.py", f'"""Do it.\n\n{phrase}\n"""\n'),
        ("comment.py", f"x = 1  # {phrase}\n"),
    ):
        (tmp_path / name).write_text(text, encoding="utf-8")
        _, found = check_files([tmp_path / name], words, tmp_path)
        assert phrase in [one.phrase for one in found], (name, listed)


def test_the_right_words_pass(tmp_path: Path) -> None:
    text = '"""Make genesis blocks."""\n\n\ndef make() -> str:\n    """Return what is bundled."""\n    return "the first of two blocks"\n'
    assert findings(tmp_path, text) == []
    assert findings(tmp_path, "The first. Blocks come, along with peers.\n", "page.md") == []


@pytest.mark.parametrize(
    "text",
    [
        '"""The first block."""\n',
        '"""A text.\n\nIts first\nblock is there."""\n',
        "# the first block\n",
        "x = 1  # the first\ny = 2\n# first\n# blocks are two lines\n",
        'x = "the first block"\n',
        'x = f"the first block of {1}"\n',
        'x = "the first " "block"\n',
        "def make_first_block() -> None: ...\n",
        "class FirstBlock: ...\n",
        "def f() -> None:\n    def inner() -> None:\n        # First Block\n        pass\n",
    ],
)
def test_a_phrase_is_found_wherever_it_stands_in_python(tmp_path: Path, text: str) -> None:
    (found,) = findings(tmp_path, text)
    assert found.endswith(": write genesis block")


@pytest.mark.parametrize("name", ["page.md", "Makefile", "steps.feature", "network.yaml"])
def test_a_phrase_is_found_in_other_texts(tmp_path: Path, name: str) -> None:
    assert findings(tmp_path, "# one\n\n# the first\n# blocks\n", name) == [
        f"{name}:3: 'first # blocks': write genesis block"
    ]


def test_a_finding_names_file_line_phrase_and_replacement(tmp_path: Path) -> None:
    text = '"""Good."""\n\nx = """one\ntwo comes along\n"""\n# a stand-in\n'
    assert findings(tmp_path, text) == [
        "module.py:4: 'comes along': write bundled",
        "module.py:6: 'stand-in': write a better \\| plainer word",
    ]


def test_names_of_tests_are_checked_for_nouns_alone(tmp_path: Path) -> None:
    text = "def test_a_first_block_has_last_words() -> None: ...\n"
    assert findings(tmp_path, text) == ["module.py:1: 'first block': write genesis block"]


def test_parts_of_other_words_and_code_are_not_phrases(tmp_path: Path) -> None:
    assert findings(tmp_path, "first_block = 1\nprint(first_block)\n") == []
    assert findings(tmp_path, "headfirst block, first blockade, half-first block", "a.md") == []


def test_a_functions_docstring_begins_with_a_verb(tmp_path: Path) -> None:
    text = (
        "class Thing:\n"
        '    """The class may begin so."""\n\n'
        "    def name(self) -> str:\n"
        '        """The name."""\n\n'
        "    @property\n"
        "    def size(self) -> int:\n"
        '        """The size."""\n\n\n'
        "if True:\n\n"
        "    async def known() -> bool:\n"
        '        """Whether it is."""\n\n\n'
        "def fine() -> None:\n"
        '    """Return The thing."""\n\n\n'
        "def text() -> None:\n"
        '    """`value` itself."""\n'
    )
    assert findings(tmp_path, text) == [
        "module.py:5: 'The': write Return",
        "module.py:15: 'Whether': write Return",
        "module.py:23: '`value`': write a verb",
    ]


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("x = 'the first block'  # words: Fabric's text\n", 0),
        ("# words: Fabric's text\nx = 'the first block'\n", 0),
        ("# words:\nx = 'the first block'\n", 1),
        ("# words: Fabric's text\n\nx = 'the first block'\n", 1),
        ("x = 'the first block'\n# words: Fabric's text\n", 1),
    ],
)
def test_an_exception_is_for_its_line_and_the_next_and_has_a_reason(
    tmp_path: Path, text: str, count: int
) -> None:
    assert len(findings(tmp_path, text)) == count


@pytest.mark.parametrize(
    "page",
    ["", "no table", "| term | what it is | not |\n|---|---|---|\n| peer | A node. | |\n"],
)
def test_a_page_without_words_is_an_error(page: str) -> None:
    with pytest.raises(WordsError, match="nothing would be checked"):
        read_terms(page)


def run(*arguments: str | Path, folder: Path | None = None) -> "subprocess.CompletedProcess[str]":
    """Run the check as `make lint` does."""
    return subprocess.run(
        ["python3", check_words.__file__, *arguments],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_command_fails_with_findings_and_without_files(tmp_path: Path) -> None:
    (tmp_path / "terms.md").write_text(TABLES, encoding="utf-8")
    (tmp_path / "texts").mkdir()
    terms = ("--terms", tmp_path / "terms.md")
    none = run(*terms, tmp_path / "texts")
    assert none.returncode == 1
    assert "no files to check" in none.stderr
    absent = run(*terms, tmp_path / "texts", tmp_path / "absent")
    assert absent.returncode == 1
    assert "absent: not found" in absent.stderr
    (tmp_path / "texts" / "a.md").write_text("The genesis block.\n", encoding="utf-8")
    assert run(*terms, tmp_path / "texts").returncode == 0
    (tmp_path / "texts" / "b.md").write_text("The first block.\n", encoding="utf-8")
    wrong = run(*terms, tmp_path / "texts")
    assert wrong.returncode == 1
    assert "b.md:1: 'first block': write genesis block" in wrong.stdout
    assert "2 files, 1 words to replace" in wrong.stderr


def repository(folder: Path, *subjects: str) -> str:
    """Make a repository with a commit for each subject; return the id of the first."""
    git = ("git", "-c", "user.name=t", "-c", "user.email=t@example.org", "-C", str(folder))
    subprocess.run([*git, "init", "-q"], check=True)
    for subject in subjects:
        subprocess.run([*git, "commit", "-q", "--allow-empty", "-m", subject], check=True)
    listed = subprocess.run([*git, "rev-list", "HEAD"], capture_output=True, text=True, check=True)
    return listed.stdout.split()[-1]


def test_commit_subjects_are_checked_from_the_first_commit_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = repository(tmp_path, "Old: comes along", "Make genesis blocks", "Say its last words")
    monkeypatch.setattr(check_words, "FIRST_COMMIT", first)
    (found,) = check_subjects(WORDS, tmp_path)
    assert found.phrase == "last words"
    assert found.place.startswith("commit ")


def test_without_git_or_the_first_commit_there_are_no_subjects(tmp_path: Path) -> None:
    assert check_subjects(WORDS, tmp_path) == []
    repository(tmp_path, "Say its last words")
    assert check_subjects(WORDS, tmp_path) == []


def test_the_whole_tree_is_chosen_with_and_without_git(tmp_path: Path) -> None:
    for name in ("a.py", "docs/b.md", ".venv/c.py", "node_modules/d.js", "docs/picture.png"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    assert {str(one.relative_to(tmp_path)) for one in check_words.chosen([], tmp_path)} == {
        "a.py",
        "docs/b.md",
        "docs/picture.png",
    }
    repository(tmp_path, "Begin")
    subprocess.run(["git", "-C", str(tmp_path), "add", "a.py"], check=True)
    assert check_words.chosen([], tmp_path) == [tmp_path / "a.py"]
    assert isinstance(WORDS, Words)
