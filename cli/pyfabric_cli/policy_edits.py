"""Commands that edit policies, access control lists, capabilities and limits, or anything by a patch."""

import json
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeAlias

import typer

from pyfabric.admin import channels
from pyfabric.errors import ConfigError
from pyfabric_cli.edit_commands import edit_command, read_edits
from pyfabric_cli.lazy_group import plain_app

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pyfabric.admin.channels import Edit

app = plain_app()

PolicyPath: TypeAlias = Annotated[
    str, typer.Argument(metavar="PATH", help="A path such as /Channel/Application/Endorsement.")
]
Resource: TypeAlias = Annotated[str, typer.Argument(help="A resource such as peer/Propose.")]


class Level(StrEnum):
    """What a capability is of."""

    CHANNEL = "channel"
    ORDERER = "orderer"
    APPLICATION = "application"


class Element(StrEnum):
    """What stands at a path of a configuration."""

    GROUP = "group"
    VALUE = "value"
    POLICY = "policy"


@edit_command(app, "set-batch")
def set_batch(
    max_messages: Annotated[int | None, typer.Option(help="Transactions in a block.")] = None,
    preferred_bytes: Annotated[
        int | None, typer.Option(help="Bytes of transactions at which a block is cut.")
    ] = None,
    absolute_bytes: Annotated[
        int | None, typer.Option(help="Bytes that no transaction may exceed.")
    ] = None,
    timeout: Annotated[
        float | None, typer.Option(help="Seconds after which a block is cut.")
    ] = None,
) -> "Edit":
    """Set when orderers cut a block. What is not given stays as it is."""
    return channels.SetBatch(
        max_message_count=max_messages,
        preferred_max_bytes=preferred_bytes,
        absolute_max_bytes=absolute_bytes,
        timeout=timeout,
    )


@edit_command(app, "set-policy")
def set_policy(
    path: PolicyPath,
    rule: Annotated[
        str, typer.Argument(help="A rule such as 'MAJORITY Admins' or \"OR('TaxMSP.admin')\".")
    ],
) -> "Edit":
    """Set a policy, or add one."""
    return channels.SetPolicy(path, rule)


@edit_command(app, "remove-policy")
def remove_policy(path: PolicyPath) -> "Edit":
    """Remove a policy."""
    return channels.RemovePolicy(path)


@edit_command(app, "set-mod-policy")
def set_mod_policy(
    path: Annotated[str, typer.Argument(help="A path such as /Channel/Orderer/BatchSize.")],
    policy: Annotated[
        str, typer.Argument(help="A policy of the same group, or the path of another one.")
    ],
    element: Annotated[Element, typer.Option(help="What stands at the path.")] = Element.VALUE,
) -> "Edit":
    """Set who may change a group, a value or a policy."""
    return channels.SetModPolicy(path, element.value, policy)


@edit_command(app, "set-acl")
def set_acl(
    resource: Resource,
    policy: Annotated[
        str, typer.Argument(help="The path of a policy, or the name of one of the application's.")
    ],
) -> "Edit":
    """Set the policy of a resource of peers."""
    return channels.SetACLs({resource: policy})


@edit_command(app, "remove-acl")
def remove_acl(resource: Resource) -> "Edit":
    """Give a resource its default policy back."""
    return channels.RemoveACLs((resource,))


@edit_command(app, "set-capabilities")
def set_capabilities(
    level: Annotated[Level, typer.Argument(help="What the capabilities are of.")],
    names: Annotated[
        list[str], typer.Argument(metavar="NAME...", help="Such as V3_0: all of them.")
    ],
) -> "Edit":
    """Set the capabilities of the channel, the orderers or the application. All nodes must have them before."""
    return channels.SetCapabilities(level.value, tuple(names))


@edit_command(app, "patch")
def patch(
    file: Annotated[
        Path, typer.Argument(help="A JSON patch (RFC 6902) of what `channel show --json` prints.")
    ],
) -> "Edit":
    """Change anything, by a JSON patch."""
    try:
        operations = json.loads(file.read_bytes())
    except ValueError as error:
        raise ConfigError(f"{file}: not JSON: {error}") from error
    if not isinstance(operations, list):
        raise ConfigError(f"{file}: a JSON patch is a list of operations")
    return channels.JSONPatch(operations)


@edit_command(app, "apply")
def apply(
    file: Annotated[Path, typer.Argument(help="A file that --collect wrote.")],
) -> "Sequence[Edit]":
    """Make all the edits of a file in one update."""
    return read_edits(file)
