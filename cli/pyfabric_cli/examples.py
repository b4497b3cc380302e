"""Examples of every command, shown by its `--help`.

They use the network of README.md (city.yaml with its contract `registry`), and work in this order, which a test
runs; `$ID` is a transaction's id, `$GENESIS_HASH` the genesis block's hash, `$FINGERPRINT` what `network bundle` printed,
`$PACKAGE_ID` what `package` printed.
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
    "doctor": (
        "pyfabric doctor",
        "pyfabric doctor --check expiry --check clock",
        "pyfabric doctor -o json > seen-from-land.json",
        "pyfabric doctor --join seen-from-land.json",
    ),
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
    "chaincode package": (
        "pyfabric chaincode package --contract registry --to registry.tgz",
        "pyfabric chaincode package fees_1 --address fees.city.example:9999 --to fees.tgz",
        "pyfabric chaincode package rents_1 --folder rents --type node",
    ),
    "chaincode package-id": ("pyfabric chaincode package-id fees.tgz",),
    "chaincode install": (
        "pyfabric chaincode install fees.tgz",
        "pyfabric chaincode install fees.tgz --context Land --peer peer0.land",
    ),
    "chaincode installed": ("pyfabric chaincode installed --context Land -o json",),
    "chaincode get-package": ("pyfabric chaincode get-package $PACKAGE_ID --to installed.tgz",),
    "chaincode approved": ("pyfabric chaincode approved registry -o json > registry.json",),
    "chaincode approve": (
        "pyfabric chaincode approve fees --version 1 --package fees.tgz --policy 'MAJORITY Endorsement'",
        "pyfabric chaincode approve fees --version 1 --package fees.tgz --context Land --init-required",
        "pyfabric chaincode approve registry --definition registry.json --context Land",
    ),
    "chaincode readiness": ("pyfabric chaincode readiness fees",),
    "chaincode commit": ("pyfabric chaincode commit registry",),
    "chaincode committed": ("pyfabric chaincode committed registry -o json",),
    "chaincode upgrade": (
        "pyfabric chaincode upgrade registry --collections collections.yaml",
        "pyfabric chaincode upgrade registry --policy \"OR('TaxMSP.peer', 'LandMSP.peer')\" --yes",
    ),
    "chaincode list": ("pyfabric chaincode list --channel estate",),
    "chaincode metadata": ("pyfabric chaincode metadata registry",),
    "chaincode describe": (
        "pyfabric chaincode describe registry --lang zh",
        "pyfabric chaincode describe registry --mermaid",
    ),
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
    "data": (
        "pyfabric data import registry register data-sets.csv --dry-run",
        "pyfabric data export stock items --to items.xlsx",
    ),
    "data import": (
        "pyfabric data import registry register data-sets.csv --dry-run",
        "pyfabric data import registry register data-sets.csv --context Land -o json",
    ),
    "data export": (
        "pyfabric data export stock items --to items.csv",
        "pyfabric data export stock items --format json > items.json",
    ),
    "events": (
        "pyfabric events",
        "pyfabric events --chaincode registry --start 3 -o json",
        "pyfabric events --chaincode registry --follow --checkpoint seen.json",
    ),
    "clock": ("pyfabric clock", "pyfabric clock --channel waste -o json"),
    "channel": (
        "pyfabric channel show",
        "pyfabric channel config set-batch --max-messages 100",
        "pyfabric channel create archive --department Tax --department Land",
        "pyfabric channel join archive",
    ),
    "channel list": ("pyfabric channel list --context Land -o json",),
    "channel show": (
        "pyfabric channel show",
        "pyfabric channel show --json > estate.json",
        "pyfabric channel show .pyfabric/city/channels/estate.block -o json",
    ),
    "channel diff": (
        "pyfabric channel diff .pyfabric/city/channels/estate.block",
        "pyfabric channel diff live estate.json",
        "pyfabric channel diff live topology -o json",
    ),
    "channel config": (
        "pyfabric channel config set-batch --max-messages 100 --context Land",
        "pyfabric channel config set-acl event/Block Writers --to event-acl.json",
    ),
    "channel config set-batch": (
        "pyfabric channel config set-batch --max-messages 100 --timeout 0.5 --context Land --yes",
    ),
    "channel config set-policy": (
        "pyfabric channel config set-policy /Channel/Application/Auditors 'ANY Readers' --to auditors.json --yes",
        "pyfabric channel config set-policy /Channel/Application/TaxMSP/Endorsement \"OR('TaxMSP.member')\" --context Tax --yes",
    ),
    "channel config remove-policy": (
        "pyfabric channel config remove-policy /Channel/Orderer/LandOrdererMSP/Endorsement --context Land --yes",
    ),
    "channel config set-mod-policy": (
        "pyfabric channel config set-mod-policy /Channel/Application/TaxMSP/MSP Admins --collect changes.json",
    ),
    "channel config set-acl": (
        "pyfabric channel config set-acl event/Block Writers --to event-acl.json --yes",
        "pyfabric channel config set-acl event/FilteredBlock Admins --collect changes.json",
    ),
    "channel config remove-acl": (
        "pyfabric channel config remove-acl event/FilteredBlock --collect changes.json",
    ),
    "channel config set-capabilities": (
        "pyfabric channel config set-capabilities application V2_5 --collect changes.json",
    ),
    "channel config patch": (
        "pyfabric channel config patch guests.patch.json --collect changes.json",
    ),
    "channel config apply": (
        "pyfabric channel config apply changes.json --to changes-update.json --yes",
    ),
    "channel config add-organization": (
        (
            "pyfabric channel config add-organization .pyfabric/city/organizations/tax/msp --msp-id AuditMSP "
            "--anchor peer0.audit:7051 --to audit.json --yes"
        ),
    ),
    "channel config remove-organization": (
        "pyfabric channel config remove-organization TaxMSP --to tax-leaves.json --yes",
    ),
    "channel config set-msp": (
        "pyfabric channel config set-msp TaxMSP .pyfabric/city/organizations/tax/msp --msp-id TaxMSP --collect msp.json",
    ),
    "channel config add-certificate": (
        "pyfabric channel config add-certificate TaxMSP next-root.pem --context Tax --yes",
    ),
    "channel config remove-certificate": (
        "pyfabric channel config remove-certificate TaxMSP next-root.pem --context Tax --yes",
    ),
    "channel config add-crl": (
        "pyfabric channel config add-crl TaxMSP crl.pem --context Tax --yes",
    ),
    "channel config remove-crl": (
        "pyfabric channel config remove-crl TaxMSP crl.pem --context Tax --yes",
    ),
    "channel config set-crl": (
        "pyfabric channel config set-crl TaxMSP crl.pem --context Tax --collect crl.json",
    ),
    "channel config set-anchors": (
        "pyfabric channel config set-anchors TaxMSP peer0.tax:7051 --context Tax --yes",
    ),
    "channel config set-endpoints": (
        "pyfabric channel config set-endpoints LandOrdererMSP orderer0.land:7050 --to endpoints.json --context Land --yes",
    ),
    "channel config set-orderer-addresses": (
        "pyfabric channel config set-orderer-addresses orderer0.land:7050 --collect addresses.json",
    ),
    "channel config add-consenter": (
        "pyfabric channel config add-consenter spare.land:7050 --tls orderer1.pem --collect orderers.json",
    ),
    "channel config replace-consenter": (
        "pyfabric channel config replace-consenter spare.land:7050 --address orderer1.land:7050 --collect orderers.json",
    ),
    "channel config remove-consenter": (
        "pyfabric channel config remove-consenter orderer1.land:7050 --collect orderers.json",
    ),
    "channel config set-options": (
        "pyfabric channel config set-options election_tick=20 --context Land --yes",
    ),
    "channel config maintenance": (
        "pyfabric channel config maintenance on --context Land --yes",
        "pyfabric channel config maintenance off --context Land --yes",
    ),
    "peer": ("pyfabric peer channels", "pyfabric peer snapshot request"),
    "peer channels": ("pyfabric peer channels", "pyfabric peer channels --context Land -o json"),
    "peer height": ("pyfabric peer height --channel estate",),
    "peer installed": ("pyfabric peer installed", "pyfabric peer installed -o json"),
    "peer snapshot": ("pyfabric peer snapshot request", "pyfabric peer snapshot list"),
    "peer snapshot request": (
        "pyfabric peer snapshot request",
        "pyfabric peer snapshot request 1000 --channel estate",
    ),
    "peer snapshot list": ("pyfabric peer snapshot list -o json",),
    "peer snapshot cancel": ("pyfabric peer snapshot cancel 1000",),
    "discover": ("pyfabric discover peers", "pyfabric discover endorsers --chaincode registry"),
    "discover peers": (
        "pyfabric discover peers",
        "pyfabric discover peers --chaincode registry -o json",
        "pyfabric discover peers --local --user Admin",
    ),
    "discover endorsers": (
        "pyfabric discover endorsers --chaincode registry",
        "pyfabric discover endorsers --chaincode registry:_implicit_org_TaxMSP --no-private-reads",
    ),
    "discover config": ("pyfabric discover config --channel estate",),
    "ledger": ("pyfabric ledger height", "pyfabric ledger tx $ID", "pyfabric ledger verify"),
    "ledger height": ("pyfabric ledger height --channel estate -o json",),
    "ledger block": ("pyfabric ledger block", "pyfabric ledger block 0 --to genesis.block"),
    "ledger tx": ("pyfabric ledger tx $ID", "pyfabric ledger tx $ID -o json"),
    "ledger export": (
        "pyfabric ledger export --to estate-blocks",
        "pyfabric ledger export --to estate-blocks -o json",
    ),
    "ledger verify": (
        "pyfabric ledger verify",
        "pyfabric ledger verify --from estate-blocks -o json",
        "pyfabric ledger verify --snapshot snapshots/completed/estate/1000",
        "pyfabric ledger verify --from estate-blocks --genesis-hash $GENESIS_HASH",
    ),
    "ledger trace": ("pyfabric ledger trace $ID",),
    "policy": ("pyfabric policy check /Channel/Application/Admins",),
    "policy check": (
        "pyfabric policy check \"OutOf(2, 'TaxMSP.peer', 'LandMSP.peer', 'AuditMSP.peer')\" --with TaxMSP",
        "pyfabric policy check /Channel/Application/Admins --with LandMSP.admin -o json",
    ),
    "message": ("pyfabric message decode genesis.block",),
    "message types": ("pyfabric message types",),
    "message decode": (
        "pyfabric message decode genesis.block > genesis.json",
        "pyfabric message decode genesis.block --type common.Block --complete",
    ),
    "message encode": ("pyfabric message encode genesis.json --to again.block",),
    "identity": ("pyfabric identity list", "pyfabric identity issue Land bo --days 200"),
    "identity issue": (
        "pyfabric identity issue Land cy --attribute role=clerk",
        "pyfabric identity issue Land deputy --role admin --days 200",
    ),
    "identity register": (
        "pyfabric identity register Land fay --attribute role=clerk --secret-to fay.secret",
    ),
    "identity enroll": ("pyfabric identity enroll fay --secret-file fay.secret --context Land",),
    "identity registered": (
        "pyfabric identity registered Land",
        "pyfabric identity registered Land fay -o json",
    ),
    "identity affiliations": (
        "pyfabric identity affiliations Land",
        "pyfabric identity affiliations Land --add land.survey",
    ),
    "identity modify": (
        "pyfabric identity modify Land fay --attribute role=surveyor --affiliation land.survey",
        "pyfabric identity modify Land fay --max-enrollments 2 --new-secret --secret-to fay2.secret",
    ),
    "identity certificates": (
        "pyfabric identity certificates Land",
        "pyfabric identity certificates Land fay --to issued",
    ),
    "identity list": ("pyfabric identity list Land -o json",),
    "identity show": ("pyfabric identity show Land cy",),
    "identity export": (
        "pyfabric identity export Land cy --to handover --as wallet",
        "pyfabric identity export Land fay --to handover",
    ),
    "identity renew": (
        "pyfabric identity renew fay --context Land",
        "pyfabric identity renew --from handover/fay.id --context Land",
    ),
    "identity import": ("pyfabric identity import Land eli --from handover/cy.id",),
    "identity revoke": ("pyfabric identity revoke Land cy deputy --yes",),
    "identity crl": ("pyfabric identity crl Land --to land.crl.pem",),
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
    "identity expiring": (
        "pyfabric identity expiring",
        "pyfabric identity expiring --within 90d -o json",
    ),
    "network renew": (
        "pyfabric network renew --expiring-within 90d",
        "pyfabric network renew ann@tax contracts.tax --yes",
        "pyfabric network renew tlsca.tax --dry-run -o json",
    ),
    "network upgrade": (
        "pyfabric network upgrade --programs /opt/fabric-3.1.5 --dry-run",
        "pyfabric network upgrade --programs /opt/fabric-3.1.5",
        "pyfabric network upgrade --version 3.1.5 --yes",
    ),
    "network backup": (
        "pyfabric network backup --to city.backup --stop",
        "pyfabric network backup --to city.backup --stop --encrypt",
    ),
    "network restore": ("pyfabric network restore city.backup --state elsewhere",),
    "channel update": (
        "pyfabric channel update propose acl.json --to proposal.json",
        "pyfabric channel update sign proposal.json --context Tax",
        "pyfabric channel update submit proposal.json",
    ),
    "channel update propose": (
        (
            'echo \'[{"edit": "set-acls", "acls": {"event/Block": "Readers"}}]\' > acl.json && '
            "pyfabric channel update propose acl.json --to proposal.json --context Land --yes"
        ),
        (
            "pyfabric channel update propose acl.json --to again.json --envelope again.pb --context Land --yes"
        ),
        "pyfabric channel update propose acl.json --on-ledger --context Land --yes",
    ),
    "channel update sign": (
        "pyfabric channel update sign proposal.json --context Tax --yes",
        "pyfabric channel update sign again.json --to tax.json --context Tax --yes",
        "pyfabric channel update sign 5f3a --on-ledger --context Tax",
    ),
    "channel update status": (
        "pyfabric channel update status proposal.json",
        "pyfabric channel update status again.json tax.json -o json",
    ),
    "channel update submit": ("pyfabric channel update submit proposal.json --context Land",),
    "channel update renew": ("pyfabric channel update renew again.json --context Land --yes",),
    "channel update list": ("pyfabric channel update list",),
    "channel update remove": ("pyfabric channel update remove 5f3a",),
    "channel create": (
        "pyfabric channel create",
        "pyfabric channel create archive --department Tax --department Land --contract registry",
    ),
    "channel history": ("pyfabric channel history", "pyfabric channel history -o json"),
    "channel join": (
        "pyfabric channel join archive",
        "pyfabric channel join archive peer0.tax",
        "pyfabric channel join archive peer1.tax --snapshot snapshots/completed/archive/1000",
    ),
    "channel apply": (
        "pyfabric channel apply --dry-run",
        "pyfabric channel apply city.yaml --yes",
        "pyfabric channel apply --remove --yes",
        "pyfabric channel apply --to proposals",
    ),
    "channel remove-member": (
        "pyfabric channel remove-member archive Land --dry-run -o json",
        "pyfabric channel remove-member archive Land --yes",
    ),
    "channel add-member": (
        "pyfabric channel add-member archive Land --yes",
        "pyfabric channel add-member archive Zoo --new --dry-run",
    ),
    "channel orderer": (
        "pyfabric channel orderer add Tax --yes",
        "pyfabric channel orderer renew orderer0.land --yes",
    ),
    "channel orderer add": (
        "pyfabric channel orderer add Tax --yes",
        "pyfabric channel orderer add Tax --dry-run",
        "pyfabric channel orderer add Tax --yes",
    ),
    "channel orderer renew": ("pyfabric channel orderer renew orderer0.land --yes",),
    "channel orderer replace": ("pyfabric channel orderer replace orderer0.tax --yes",),
    "channel orderer remove": (
        "pyfabric channel orderer remove orderer1.tax --yes",
        "pyfabric channel orderer remove orderer0.tax --yes",
    ),
    "channel leave": ("pyfabric channel leave archive peer0.tax --yes",),
    "channel move-to-bft": (
        "pyfabric channel move-to-bft --backup raft.backup",
        "pyfabric channel move-to-bft --back",
    ),
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
}


def shown(command: str) -> str:
    """Return a command's examples as they stand below its help; empty if it has none."""
    lines = "".join(f"\n  {line}" for line in EXAMPLES.get(command, ()))
    return lines and f"\b\nExamples:{lines}"
