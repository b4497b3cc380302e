"""Examples of every command, shown by its `--help`.

They use the network of README.md (city.yaml with its contract `registry`), and work in this order, which a test
runs; `$ID` is a transaction's id, `$FINGERPRINT` what `network bundle` printed.
"""

from collections.abc import Mapping
from typing import Final

EXAMPLES: Final[Mapping[str, tuple[str, ...]]] = {
    "": (
        "pyfabric network up",
        "pyfabric chaincode deploy",
        "pyfabric chaincode metadata directory",
        "pyfabric network down",
    ),
    "network": ("pyfabric network init quickstart --to city.yaml", "pyfabric network up city.yaml"),
    "network init": ("pyfabric network init two-departments --to mine.yaml",),
    "network render": ("pyfabric network render mine.yaml --to compose",),
    "network import": (
        "pyfabric network import fablo-config.json --to fablo.yaml",
        "pyfabric network import configtx.yaml --crypto-config crypto-config.yaml --profile Estate=estate -o json",
    ),
    "network up": (
        "pyfabric network up city.yaml",
        "pyfabric network up city.yaml --dry-run -o json",
        "pyfabric network up --runtime native",
    ),
    "network status": ("pyfabric network status", "pyfabric network status -o json"),
    "network logs": (
        "pyfabric network logs",
        "pyfabric network logs --since 10m --level warn --tail 100",
        "pyfabric network logs --follow",
    ),
    "network log-level": (
        "pyfabric network log-level",
        "pyfabric network log-level peer0.tax gossip=debug:info",
    ),
    "network metrics": ("pyfabric network metrics peer0.tax --match blockchain_height -o json",),
    "network start": ("pyfabric network start peer0.tax",),
    "network stop": ("pyfabric network stop peer0.tax contracts.tax",),
    "network restart": ("pyfabric network restart orderer0.land",),
    "network profile": ("pyfabric network profile Tax --format yaml",),
    "network env": ('eval "$(pyfabric network env Tax)"',),
    "chaincode": (
        "pyfabric chaincode deploy",
        "pyfabric chaincode query registry look_up 306001",
    ),
    "chaincode deploy": (
        "pyfabric chaincode deploy",
        "pyfabric chaincode deploy registry --reload",
    ),
    "chaincode list": ("pyfabric chaincode list --channel estate",),
    "chaincode metadata": ("pyfabric chaincode metadata registry",),
    "chaincode invoke": (
        "pyfabric chaincode invoke registry register 306001 'Land register' --context Land",
        "pyfabric chaincode invoke registry register 306002 Deeds --endorser TaxMSP --endorser LandMSP",
        "pyfabric chaincode invoke registry register 306003 Prices --transient price=@price.txt",
        "cat price.txt | pyfabric chaincode invoke registry register 306004 Rents --transient price=-",
    ),
    "chaincode query": (
        "pyfabric chaincode query registry look_up 306001",
        "pyfabric chaincode query registry look_up 306001 --context Tax --user ann -o json",
    ),
    "events": (
        "pyfabric events",
        "pyfabric events --chaincode registry --start 3 -o json",
        "pyfabric events --chaincode registry --follow --checkpoint seen.json",
    ),
    "ledger": ("pyfabric ledger height", "pyfabric ledger tx $ID"),
    "ledger height": ("pyfabric ledger height --channel estate -o json",),
    "ledger block": ("pyfabric ledger block", "pyfabric ledger block 0 --to genesis.block"),
    "ledger tx": ("pyfabric ledger tx $ID", "pyfabric ledger tx $ID -o json"),
    "ledger trace": ("pyfabric ledger trace $ID",),
    "message": ("pyfabric message decode genesis.block",),
    "message types": ("pyfabric message types",),
    "message decode": (
        "pyfabric message decode genesis.block > genesis.json",
        "pyfabric message decode genesis.block --type common.Block --complete",
    ),
    "message encode": ("pyfabric message encode genesis.json --to again.block",),
    "context": ("pyfabric context list", "pyfabric context use Tax"),
    "context list": ("pyfabric context list -o json",),
    "context show": ("pyfabric context show", "pyfabric context show city/Land"),
    "context use": ("pyfabric context use Tax",),
    "context set": (
        "pyfabric context set auditor --profile .pyfabric/city/profiles/tax.json --user ann --channel estate",
        "pyfabric context set auditor --user Admin",
    ),
    "context remove": ("pyfabric context remove auditor",),
    "network snapshot": ("pyfabric network snapshot before",),
    "network revert": ("pyfabric network revert before",),
    "network dump": ("pyfabric network dump city.state",),
    "network load": ("pyfabric network load city.state",),
    "network blocks": ("pyfabric network blocks at-once", "pyfabric network blocks by-batch"),
    "network backup": (
        "pyfabric network backup --to city.backup --stop",
        "pyfabric network backup --to city.backup --stop --encrypt",
    ),
    "network restore": ("pyfabric network restore city.backup --state elsewhere",),
    "network down": ("pyfabric network down", "pyfabric network down --delete --yes"),
    "network member": (
        "pyfabric network member init city.yaml Tax --host tax.city.example --state tax",
    ),
    "network member init": (
        "pyfabric network member init city.yaml Tax --host tax.city.example --state tax",
        "pyfabric network member init city.yaml Land --host land.city.example --state land --first-port 7000",
    ),
    "network member add": (
        "pyfabric network member add city.yaml city-tax.json city-land.json --state all",
    ),
    "network bundle": ("pyfabric network bundle Land --state all --to for-land",),
    "network member accept": (
        "pyfabric network member accept for-land --state land --fingerprint $FINGERPRINT",
        "pyfabric network member accept for-land --state land --yes",
    ),
    "doctor": ("pyfabric doctor", "pyfabric doctor -o json"),
}


def shown(command: str) -> str:
    """Return a command's examples as they stand below its help; empty if it has none."""
    lines = "".join(f"\n  {line}" for line in EXAMPLES.get(command, ()))
    return lines and f"\b\nExamples:{lines}"
