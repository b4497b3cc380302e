"""The language of what contracts say: of the line, the environment, the context, or the locale."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from pyfabric_cli.exits import ExitCode
from pyfabric_cli.settings import read_settings
from pyfabric_network.contexts import Language

Run = Callable[..., Any]
REFUSED = ("chaincode", "query", "sample", "refuse", "k1")


@pytest.fixture
def no_language(monkeypatch: pytest.MonkeyPatch) -> None:
    for variable in ("PYFABRIC_LANG", "LC_ALL", "LC_MESSAGES", "LANG"):
        monkeypatch.delenv(variable, raising=False)


@pytest.fixture
def chinese_context(run: Run, state: Path) -> Iterator[str]:
    profile = state / "small" / "profiles" / "tax.json"
    made = ("--profile", str(profile), "--user", "clerk", "--channel", "bills", "--lang", "zh")
    assert run("context", "set", "chinese", *made).code == 0
    yield "chinese"
    run("context", "remove", "chinese")


@pytest.mark.parametrize(
    ("environment", "language", "locale"),
    [
        ({}, None, "en"),
        ({"LANG": "zh_CN.UTF-8"}, None, "zh"),
        ({"LANG": "zh_CN.UTF-8", "LC_MESSAGES": "en_US.UTF-8"}, None, "en"),
        ({"LANG": "C", "LC_MESSAGES": "C", "LC_ALL": "zh_CN.GB18030"}, None, "zh"),
        ({"LANG": "zh_CN.UTF-8", "LC_ALL": ""}, None, "zh"),
        ({"LANG": "zh_CN.UTF-8", "PYFABRIC_LANG": "en"}, "en", "zh"),
    ],
)
def test_the_environment_has_a_language(
    environment: dict[str, str], language: str | None, locale: str
) -> None:
    settings = read_settings(environment)
    assert (settings.language, settings.locale) == (language, Language(locale))


@pytest.mark.usefixtures("state", "no_language")
def test_a_refusal_is_in_the_callers_language(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    ended = run(*REFUSED)
    assert ended.code == ExitCode.REFUSED
    assert ended.err.startswith("error: no k1 (sample.no) [127.0.0.1:")
    monkeypatch.setenv("LANG", "zh_CN.UTF-8")
    assert run(*REFUSED).err.startswith("error: 没有k1 (sample.no) [")
    assert run("chaincode", "invoke", *REFUSED[2:]).err.startswith("error: 没有k1 (sample.no) [")
    monkeypatch.setenv("PYFABRIC_LANG", "en")
    assert run(*REFUSED).err.startswith("error: no k1 (")
    assert run(*REFUSED, "--lang", "zh").err.startswith("error: 没有k1 (")


@pytest.mark.usefixtures("no_language")
def test_a_context_has_a_language(
    run: Run, chinese_context: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert run("context", "show", chinese_context, "-o", "json").json()["language"] == "zh"
    line = (*REFUSED, "--context", chinese_context)
    monkeypatch.setenv("LANG", "en_US.UTF-8")
    assert run(*line).err.startswith("error: 没有k1 (")
    monkeypatch.setenv("PYFABRIC_LANG", "en")
    assert run(*line).err.startswith("error: no k1 (")


@pytest.mark.usefixtures("state", "no_language")
def test_json_has_the_whole_refusal(run: Run) -> None:
    found = json.loads(run(*REFUSED, "--lang", "zh", "-o", "json").err)
    whole = {"code": "sample.no", "facts": {"key": "k1"}, "en": "no k1", "zh": "没有k1"}
    assert found["refusal"] == whole
    assert [one["refusal"] for one in found["details"]] == [whole]
    assert found["message"].startswith("没有k1 (sample.no) [")


@pytest.mark.usefixtures("state")
def test_another_language_is_refused(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYFABRIC_LANG", "fr")
    ended = run(*REFUSED)
    assert ended.code == ExitCode.INPUT
    assert "PYFABRIC_LANG: input should be 'en' or 'zh', not 'fr'" in ended.err
