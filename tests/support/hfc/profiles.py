"""Connection profiles in the form that fabric-sdk-py 1.0.0 reads: paths, URLs without a scheme, its own names of options."""

import json
from pathlib import Path
from typing import Any

from pyfabric_network.topology.nodes import Node
from pyfabric_network.topology.plan import Plan


def write_profile(plan: Plan, file: Path) -> Path:
    """Write the profile of a whole network, with the users of all departments, and return its file."""
    departments = [one for one in plan.departments.values() if one.peers]
    profile = {
        "name": plan.name,
        "client": {"credentialStore": {"path": str(file.parent / "store")}},
        "organizations": {
            one.name: {
                "mspid": one.msp_id,
                "peers": [peer.name for peer in one.peers],
                "users": {
                    name: {"cert": str(user.certificate), "private_key": str(user.key)}
                    for name, user in one.users.items()
                },
            }
            for one in departments
        },
        "peers": {peer.name: _node(peer) for one in departments for peer in one.peers},
        "orderers": {one.name: _node(one) for one in plan.orderers},
        "certificateAuthorities": {},
    }
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps(profile), encoding="utf-8")
    return file


def _node(node: Node) -> dict[str, Any]:
    return {
        "url": str(node.outside),
        "grpcOptions": {"grpc.ssl_target_name_override": node.name},
        "tlsCACerts": {"path": str(node.member.tls_roots)},
    }
