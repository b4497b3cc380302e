"""Programs for the contract of this suite: their requests, and how requests and answers are written."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from pyfabric.rules.policies.syntax import parse_signature_policy


@dataclass(frozen=True)
class Request:
    """One request of a program: `collection` "" is public state, `keep` names an iterator."""

    method: str
    arguments: tuple[Any, ...] = ()
    collection: str = ""
    keep: str = ""

    def fields(self) -> dict[str, Any]:
        """Return the request as the contract reads it."""
        fields = {"do": self.method, "with": self.arguments}
        fields |= {"on": self.collection} if self.collection else {}
        return fields | ({"keep": self.keep} if self.keep else {})


@dataclass(frozen=True)
class Program:
    """A program that is an argument: of a chaincode that is called."""

    requests: tuple[Request, ...]


@dataclass(frozen=True)
class Refused:
    """The refusal of a request or of a transaction."""

    text: str


def get(key: str, on: str = "") -> Request:
    return Request("get_state", (key,), on)


def get_many(*keys: str, on: str = "") -> Request:
    return Request("get_multiple_states", (keys,), on)


def put(key: str, value: bytes, on: str = "") -> Request:
    return Request("put_state", (key, value), on)


def delete(key: str, on: str = "") -> Request:
    return Request("delete_state", (key,), on)


def purge(key: str, on: str) -> Request:
    return Request("purge", (key,), on)


def get_hash(key: str, on: str) -> Request:
    return Request("get_hash", (key,), on)


def get_range(start: str = "", end: str = "", on: str = "", keep: str = "") -> Request:
    return Request("get_state_range", (start, end), on, keep)


def get_page(start: str, end: str, size: int, bookmark: str = "") -> Request:
    return Request("get_state_range_with_pagination", (start, end, size, bookmark))


def composite(object_type: str, *attributes: str) -> str:
    """Return a composite key."""
    return "\x00" + "".join(f"{part}\x00" for part in (object_type, *attributes))


def get_composite(object_type: str, *attributes: str, on: str = "") -> Request:
    return Request("get_state_by_partial_composite_key", (object_type, attributes), on)


def get_composite_page(
    object_type: str, attributes: Sequence[str], size: int, bookmark: str = ""
) -> Request:
    method = "get_state_by_partial_composite_key_with_pagination"
    return Request(method, (object_type, attributes, size, bookmark))


def get_policy(key: str, on: str = "") -> Request:
    return Request("get_state_validation_parameter", (key,), on)


def set_policy(key: str, policy: bytes, on: str = "") -> Request:
    return Request("set_state_validation_parameter", (key, policy), on)


def policy(text: str) -> bytes:
    """Return a signature policy as bytes."""
    return parse_signature_policy(text).SerializeToString()


def history(key: str, keep: str = "") -> Request:
    return Request("get_history_for_key", (key,), keep=keep)


def rich_query(query: str, on: str = "") -> Request:
    return Request("get_query_result", (query,), on)


def rich_page(query: str, size: int, bookmark: str = "") -> Request:
    return Request("get_query_result_with_pagination", (query, size, bookmark))


def take(kept: str, count: int) -> Request:
    return Request("next", (kept, count))


def close(kept: str) -> Request:
    return Request("close", (kept,))


def call(name: str, *requests: Request, channel: str = "", function: str = "run") -> Request:
    """Return the call of another chaincode, which runs a program."""
    arguments = (f"{function}".encode(), Program(requests))
    return Request("invoke_chaincode", (name, arguments, channel))


def event(name: str, payload: bytes = b"") -> Request:
    return Request("set_event", (name, payload))


def start_batch() -> Request:
    return Request("start_write_batch")


def finish_batch() -> Request:
    return Request("finish_write_batch")


def ask(name: str, *arguments: Any) -> Request:
    """Read a property of the stub, or call one of its methods that asks no peer."""
    return Request(name, arguments)


def client(name: str, *arguments: str) -> Request:
    """Read what the contract knows of its caller."""
    return Request("client", (name, *arguments))


def refuse(text: str) -> Request:
    return Request("refuse", (text,))


def raw(kind: str, payload: bytes | None = None, keep: str = "", **fields: Any) -> Request:
    """Return a message that skips the stub's checks: these fields, or bytes that may be no message."""
    return Request("raw", (kind, fields if payload is None else payload), keep=keep)


def encode(requests: Sequence[Request], fill: Callable[[str], str]) -> str:
    """Return the program as the contract reads it; `fill` puts a scenario's own name into texts."""

    def plain(value: Any) -> Any:
        match value:
            case str():
                return fill(value)
            case bytes():
                return {"bytes": fill_bytes(value, fill).hex()}
            case Program():
                return {"bytes": encode(value.requests, fill).encode().hex()}
            case dict():
                return {name: plain(each) for name, each in value.items()}
            case list() | tuple():
                return [plain(each) for each in value]
        return value

    return json.dumps([plain(request.fields()) for request in requests])


def fill_bytes(value: bytes, fill: Callable[[str], str]) -> bytes:
    """Apply `fill` to bytes that are text; others stay."""
    try:
        return fill(value.decode()).encode()
    except UnicodeDecodeError:
        return value


def decode(result: bytes) -> Any:
    """Return the answers of a program, those of called chaincodes included."""

    def read(found: dict[str, Any]) -> Any:
        match found:
            case {"bytes": digits}:
                return _called(bytes.fromhex(digits))
            case {"refused": text}:
                return Refused(text)
        return found

    return json.loads(result, object_hook=read)


def _called(value: bytes) -> Any:
    return decode(value) if value[:1] == b"[" else value
