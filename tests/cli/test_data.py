"""`pyfabric data`: tables into contracts and back, on a network of its own."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from openpyxl import Workbook, load_workbook
from pyfabric_cli.data import importing, journal
from pyfabric_cli.exits import ExitCode
from pyfabric_network.network import Network

from pyfabric.errors import CommitStatusError, StatusCode
from tests.support.network.registering import registering_network

Run = Callable[..., Any]
STORE = ("data", "import", "registering", "food:store")
SHOPS = ("data", "import", "registering", "shops:register")
AS_JSON = ("--user", "clerk", "-o", "json")


@pytest.fixture(scope="module")
def registering(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Network]:
    with registering_network(tmp_path_factory.mktemp("data")) as network:
        yield network


@pytest.fixture(autouse=True)
def _state(registering: Network, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYFABRIC_STATE", str(registering.folder))


def lots(folder: Path, prefix: str, count: int, **changed: str) -> Path:
    """Write a table of lots; `changed` has lines by their row, as r3="…"."""
    lines = [f"{prefix}{n},farm {prefix},{n * 100},fresh;cold" for n in range(1, count + 1)]
    for row, line in changed.items():
        lines[int(row[1:]) - 2] = line
    file = folder / f"{prefix}.csv"
    file.write_text("id,origin,grams,tags\n" + "\n".join(lines) + "\n", encoding="utf-8")
    return file


def stored(run: Run, origin: str) -> list[dict[str, Any]]:
    """Return the lots of an origin, as they are exported."""
    listed = ("data", "export", "registering", "food:listed", "lot", "origin", json.dumps([origin]))
    found: list[dict[str, Any]] = json.loads(run(*listed, "--format", "json", "--page", "2").out)
    return found


def test_a_table_is_imported_in_batches_and_exported_by_pages(run: Run, tmp_path: Path) -> None:
    file = lots(tmp_path, "a", 5)
    ended = run(*STORE, str(file), "--batch", "2", *AS_JSON)
    assert (ended.code, ended.json()["imported"], ended.json()["transactions"]) == (0, 5, 3)
    assert "import: rows 2 to 3 (1/3)" in ended.err
    found = stored(run, "farm a")
    assert [(one["id"], one["grams"], one["tags"]) for one in found] == [
        (f"a{n}", n * 100, ["fresh", "cold"]) for n in range(1, 6)
    ]


def test_an_import_that_is_done_sends_nothing_again(run: Run, tmp_path: Path) -> None:
    file = lots(tmp_path, "b", 3)
    assert run(*STORE, str(file), *AS_JSON).code == ExitCode.OK
    again = run(*STORE, str(file), *AS_JSON).json()
    assert (again["imported"], again["imported_before"], again["transactions"]) == (0, 3, 0)


def test_a_replayed_file_without_its_journal_is_refused_by_its_key(
    run: Run, tmp_path: Path
) -> None:
    file = lots(tmp_path, "c", 3)
    assert run(*STORE, str(file), *AS_JSON).code == ExitCode.OK
    (tmp_path / "c.csv.journal").unlink()
    ended = run(*STORE, str(file), *AS_JSON)
    assert ended.code == ExitCode.REFUSED
    assert ended.json()["refused"][0]["code"] in ("exists", "batch-replayed")
    assert len(stored(run, "farm c")) == 3


def test_a_dry_run_lists_every_fault_by_row_and_column_and_writes_nothing(
    run: Run, tmp_path: Path
) -> None:
    file = lots(
        tmp_path,
        "d",
        6,
        r2="d1,farm d,heavy,",
        r4="d3,rotten,100,",
        r5="d4,联系人 138-0013-8000,100,",
        r6="d5,rotten,100,",
        r7="d6,farm d,0,",
    )
    ended = run(*STORE, str(file), "--dry-run", *AS_JSON)
    assert ended.code == ExitCode.INPUT
    found = [(one["row"], one["column"], one["code"]) for one in ended.json()["refused"]]
    assert found == [
        (2, "grams", "data.integer"),
        (4, None, "food.rotten"),
        (5, "origin", "data.personal"),
        (6, None, "food.rotten"),
        (7, "grams", "data.bound"),
    ]
    assert "13800138000" not in ended.out.replace("-", "") + ended.err
    assert not (tmp_path / "d.csv.journal").exists()
    assert stored(run, "farm d") == []


def test_faults_are_told_in_the_wanted_language(run: Run, tmp_path: Path) -> None:
    file = lots(tmp_path, "e", 2, r2="e1,rotten,100,", r3="e2,farm e,x,")
    ended = run(*STORE, str(file), "--dry-run", "--user", "clerk", "--lang", "zh")
    assert "批次 e1 已变质" in ended.out
    assert "须为整数" in ended.out
    ended = run(*STORE, str(file), "--dry-run", "--user", "clerk", "--lang", "en")
    assert "lot e1 is rotten" in ended.out


def test_nothing_is_sent_of_a_table_with_faults(run: Run, tmp_path: Path) -> None:
    file = lots(tmp_path, "f", 3, r4="f3,farm f,-1,")
    ended = run(*STORE, str(file), *AS_JSON)
    assert (ended.code, ended.json()["transactions"]) == (ExitCode.INPUT, 0)
    assert stored(run, "farm f") == []


def test_the_first_refusal_ends_an_import_and_with_keep_going_none_does(
    run: Run, tmp_path: Path
) -> None:
    file = lots(tmp_path, "g", 6, r5="g4,rotten,100,")
    ended = run(*STORE, str(file), "--batch", "2", *AS_JSON)
    assert ended.code == ExitCode.REFUSED
    assert ended.json()["refused"][0]["row"] == 5
    assert [one["id"] for one in stored(run, "farm g")] == ["g1", "g2"]
    ended = run(*STORE, str(file), "--batch", "2", "--keep-going", *AS_JSON)
    assert (ended.json()["imported_before"], ended.json()["imported"]) == (2, 2)
    assert [one["id"] for one in stored(run, "farm g")] == ["g1", "g2", "g5", "g6"]


def test_a_transaction_without_an_outcome_is_settled_and_not_repeated(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "counts.csv"
    file.write_text("by\n1\n20\n300\n", encoding="utf-8")
    count = ("data", "import", "registering", "shops:count_up", str(file), *AS_JSON)
    kept = journal.Journal.ended

    def lost(*_: object, **__: object) -> None:
        raise CommitStatusError("the network is gone", code=StatusCode.UNAVAILABLE)

    monkeypatch.setattr(journal.Journal, "ended", lost)
    assert run(*count).code == ExitCode.UNKNOWN_OUTCOME
    monkeypatch.setattr(journal.Journal, "ended", kept)
    with (tmp_path / "counts.csv.journal").open("ab") as torn:
        torn.write(b'{"entry": "en')  # killed while it wrote
    ended = run(*count)
    assert (ended.code, ended.json()["imported"]) == (0, 3)
    assert run("chaincode", "query", "registering", "shops:count", "--user", "clerk").out == "321\n"


def test_a_row_that_another_transaction_outran_is_endorsed_again(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    query = ("chaincode", "query", "registering", "shops:count", "--user", "clerk")
    before = int(run(*query).out)
    endorsed = importing.Sender.endorsed
    outrun = []

    def slowly(sender: importing.Sender, call: Any) -> Any:
        found = endorsed(sender, call)
        if not outrun:
            outrun.append(endorsed(sender, call).submit().status())
        return found

    monkeypatch.setattr(importing.Sender, "endorsed", slowly)
    file = tmp_path / "one.csv"
    file.write_text("by\n1\n", encoding="utf-8")
    assert run("data", "import", "registering", "shops:count_up", str(file), *AS_JSON).code == 0
    assert int(run(*query).out) == before + 2


def test_shops_one_by_one_from_each_format_and_back(run: Run, tmp_path: Path) -> None:
    (tmp_path / "one.csv").write_text(
        "number,shop.name,shop.place.street,shop.place.number,shop.is_open,shop.kinds\n"
        "1,\"=bread, 'fresh'\",一号街,,是,bakery;café\n",
        encoding="gb18030",
    )
    shop = {"name": "Ли", "place": {"street": "s", "number": 7}, "is_open": False, "kinds": []}
    (tmp_path / "two.json").write_text(json.dumps([{"number": "2", "shop": shop}]))
    book = Workbook()
    assert book.active is not None
    book.active.append(
        ["number", "shop.name", "shop.place.street", "shop.place.number", "shop.is_open"]
    )
    book.active.append([3, "third", "s", 8, True])
    book.save(tmp_path / "three.xlsx")
    for name, more in (
        ("one.csv", ("--encoding", "gb18030")),
        ("two.json", ()),
        ("three.xlsx", ()),
    ):
        ended = run(*SHOPS, str(tmp_path / name), *more, *AS_JSON)
        assert (ended.code, ended.json()["transactions"]) == (0, 1), ended
    every = ("data", "export", "registering", "shops:all", "--user", "clerk")
    assert run(*every, "--to", str(tmp_path / "all.json"), "-o", "json").json()["records"] == 3
    found = json.loads((tmp_path / "all.json").read_text(encoding="utf-8"))
    first = {"name": "=bread, 'fresh'", "place": {"street": "一号街", "number": None}}
    assert found[0] == {**first, "is_open": True, "kinds": ["bakery", "café"]}
    assert found[1] == shop
    assert found[2]["place"] == {"street": "s", "number": 8}
    assert run(*every, "--to", str(tmp_path / "all.xlsx")).code == 0
    sheet = load_workbook(tmp_path / "all.xlsx").worksheets[0]
    cells = {str(head.value): cell for head, cell in zip(sheet[1], sheet[2], strict=True)}
    assert (cells["name"].value, cells["name"].data_type) == ("=bread, 'fresh'", "s")
    assert cells["place.street"].value == "一号街"
    head, line, *_ = run(*every).out.removeprefix("\ufeff").splitlines()
    assert set(head.split(",")) == {"name", "place.street", "place.number", "is_open", "kinds"}
    assert "\"'=bread, 'fresh'\"" in line  # no formula for spreadsheets


def test_a_contract_s_refusal_without_a_code_is_shown_too(run: Run, tmp_path: Path) -> None:
    file = tmp_path / "twice.csv"
    file.write_text(
        "number,shop.name,shop.place.street,shop.is_open\n9,a,s,true\n9,b,s,true\n",
        encoding="utf-8",
    )
    ended = run(*SHOPS, str(file), *AS_JSON)
    assert ended.code == ExitCode.REFUSED
    (fault,) = ended.json()["refused"]
    assert (fault["row"], fault["problem"]) == (3, "shop 9 exists already")


@pytest.mark.parametrize(
    ("content", "name", "more", "says"),
    [
        ("", "x.csv", (), "is empty: its first row names the columns"),
        ("id,id\n1,2\n", "x.csv", (), "a column has no name, or two have the same"),
        ("id\n1,2\n", "x.csv", (), "row 2 has more cells than there are columns"),
        ("id\n", "x.txt", (), "the suffix names no format"),
        ('{"id": 1}', "x.json", (), "must be a list of objects"),
        ('[{"id": 1, "id": 2}]', "x.json", (), "a member is given twice"),
        ("no zip", "x.xlsx", (), "is not an XLSX workbook"),
        ("id\n", "x.csv", ("--set", "weight=1"), "food:store has no such parameter"),
        ("id\n", "x.csv", ("--set", "weight"), "--set: must be NAME=VALUE"),
        ("id\n", "x.csv", ("--set", "rows=[]", "--set", "batch=1"), "takes nothing from rows"),
    ],
)
def test_what_cannot_be_imported(
    run: Run, tmp_path: Path, content: str, name: str, more: tuple[str, ...], says: str
) -> None:
    (tmp_path / name).write_text(content, encoding="utf-8")
    ended = run(*STORE, str(tmp_path / name), *more, "--user", "clerk")
    assert (ended.code, ended.out) == (ExitCode.INPUT, "")
    assert says in ended.err


def test_an_unknown_function_and_a_foreign_journal(run: Run, tmp_path: Path) -> None:
    file = lots(tmp_path, "h", 1)
    ended = run("data", "import", "registering", "food:stroe", str(file), "--user", "clerk")
    assert (ended.code, "does not exist" in ended.err) == (ExitCode.INPUT, True)
    ended = run("data", "import", "registering", "life_cycles", str(file), "--user", "clerk")
    assert (ended.code, "takes nothing from rows" in ended.err) == (ExitCode.INPUT, True)
    assert run(*STORE, str(file), *AS_JSON).code == ExitCode.OK
    other = lots(tmp_path, "i", 1)
    ended = run(*STORE, str(other), "--journal", f"{file}.journal", "--user", "clerk")
    assert (ended.code, "is the journal of another import" in ended.err) == (ExitCode.INPUT, True)
    (tmp_path / "no.journal").write_text("a\n")
    ended = run(*STORE, str(other), "--journal", str(tmp_path / "no.journal"), "--user", "clerk")
    assert (ended.code, "is no journal of an import" in ended.err) == (ExitCode.INPUT, True)


def test_what_cannot_be_exported(run: Run) -> None:
    ended = run("data", "export", "registering", "shops:count", "--user", "clerk")
    assert (ended.code, "does not answer a list of objects" in ended.err) == (ExitCode.INPUT, True)
    ended = run("data", "export", "registering", "shops:all", "x", "--user", "clerk")
    assert (ended.code, "takes 0 arguments" in ended.err) == (ExitCode.INPUT, True)
