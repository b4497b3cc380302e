"""Auditing a channel: its blocks in files, verified as a whole; signatures; and the configurations that it has had.

Blocks are bytes of common.Block, as `Admin.block` and block events give them.
"""

from typing import TYPE_CHECKING

from pyfabric._lazy import lazily

if TYPE_CHECKING:
    from pyfabric.admin.block_files import BlockFiles, export_blocks
    from pyfabric.admin.config.history import (
        ConfigurationChange,
        config_block_at,
        config_block_numbers,
        describe_change,
    )
    from pyfabric.admin.signatures import CheckedSignature, SignatureCheck, TransactionSignatures
    from pyfabric.admin.verification import Fault, FaultKind, Verification, verify_chain
else:
    __getattr__ = lazily(
        __name__,
        {
            "pyfabric.admin.block_files": ["BlockFiles", "export_blocks"],
            "pyfabric.admin.config.history": [
                "ConfigurationChange",
                "config_block_at",
                "config_block_numbers",
                "describe_change",
            ],
            "pyfabric.admin.signatures": [
                "CheckedSignature",
                "SignatureCheck",
                "TransactionSignatures",
            ],
            "pyfabric.admin.verification": ["Fault", "FaultKind", "Verification", "verify_chain"],
        },
    )

__all__ = [
    "BlockFiles",
    "CheckedSignature",
    "ConfigurationChange",
    "Fault",
    "FaultKind",
    "SignatureCheck",
    "TransactionSignatures",
    "Verification",
    "config_block_at",
    "config_block_numbers",
    "describe_change",
    "export_blocks",
    "verify_chain",
]
