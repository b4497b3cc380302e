"""`pyfabric channel history`."""

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from pyfabric_cli.chains import Chain, Inspecting, config_before
from pyfabric_cli.commands import command
from pyfabric_cli.lazy_group import plain_app
from pyfabric_cli.output import say

if TYPE_CHECKING:
    from pyfabric.admin.config.history import ConfigurationChange
    from pyfabric.admin.signatures import CheckedSignature

app = plain_app()


@command(app)
def history(invocation: Inspecting) -> None:
    """Print every configuration that a channel has had: when, who submitted and signed it, and what changed.

    Names come from the certificates; a signature that does not hold under the configuration before is marked. The
    time is that of the orderer which made the block. JSON has each changed element before and after.
    """
    from pyfabric.admin.config.history import config_block_numbers

    with invocation.chain() as chain:
        numbers = config_block_numbers(chain.block, chain.start, chain.height)
        changes = [_change(chain, number) for number in numbers]
        if chain.start:
            say(f"configurations before block {chain.start} are not there")
        if invocation.as_json:
            invocation.printer.document([_document(one) for one in changes])
            return
        invocation.printer.rows(
            ["block", "sequence", "time", "submitted_by", "signed_by", "changes"],
            [_row(one) for one in changes],
        )


def _change(chain: Chain, number: int) -> "ConfigurationChange":
    from pyfabric.admin.config.history import describe_change

    return describe_change(chain.block(number), config_before(chain, number))


def _row(change: "ConfigurationChange") -> dict[str, Any]:
    return {
        "block": change.block_number,
        "sequence": change.sequence,
        "time": change.timestamp.isoformat(timespec="seconds"),
        "submitted_by": None if change.submitter is None else _signer(change.submitter),
        "signed_by": "\n".join(map(_signer, change.signatures)) or None,
        "changes": "\n".join(one.words for one in change.differences)
        or (None if change.block_number else "the channel begins"),
    }


def _document(change: "ConfigurationChange") -> dict[str, Any]:
    return asdict(change) | {"timestamp": change.timestamp.isoformat()}


def _signer(signature: "CheckedSignature") -> str:
    who = f"{signature.name or '?'} ({signature.msp_id})"
    return f"{who}: {signature.problem}" if signature.problem else who
