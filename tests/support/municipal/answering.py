"""The chaincode `city` as contracts under test hear it: answers from agreements that a test sets."""

import json
from collections.abc import Callable, Sequence
from dataclasses import asdict
from datetime import date
from typing import Any

from pyfabric_municipal.common.governance import FixedGovernance

from pyfabric.chaincode import ContractError, Response, to_json
from pyfabric.messages.refusals import write_refusal


def city_answers(agreed: Callable[[], FixedGovernance]) -> Callable[[Sequence[bytes]], Response]:
    """Return a chaincode in place of `city`: it answers by what is agreed at that moment."""

    def answer(arguments: Sequence[bytes]) -> Response:
        function, *rest = (each.decode() for each in arguments)
        try:
            return Response(200, "", _answer(agreed(), function, rest))
        except ContractError as refused:
            return Response(500, _message(refused), b"")

    return answer


def _message(refused: ContractError) -> str:
    refusal = refused.refusal
    return str(refused) if refusal is None else write_refusal(refusal)


def _answered(agreed: FixedGovernance, question: list[str]) -> Any:
    """Return one answer of several; None for what is refused, which is then asked for alone."""
    try:
        answer = _answer(agreed, question[0], question[1:])
    except ContractError:
        return None
    return answer.decode() if question[0] == "certifier" else json.loads(answer or b"null")


def _answer(agreed: FixedGovernance, function: str, rest: list[str]) -> bytes:
    if function == "answers":
        return to_json([_answered(agreed, each) for each in json.loads(rest[0])])
    if function == "parameter":
        return to_json({"value": agreed.parameter(rest[0], rest[1])})
    if function == "certifier":
        return (agreed.certifier(rest[0]) or "").encode()
    if function == "department":
        found = agreed.department(rest[0])
        return b"" if found is None else to_json(found)
    answers: dict[str, Callable[[], Any]] = {
        "role": lambda: list(agreed.role(rest[0], rest[1])),
        "code_list": lambda: agreed.code_list(rest[0], date.fromisoformat(rest[1])),
        "calendar": lambda: agreed.calendar(int(rest[0])),
        "clock": lambda: asdict(agreed.clock()),
    }
    return to_json(answers[function]())
