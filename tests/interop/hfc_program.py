"""A program for fabric-sdk-py, as its tutorial writes them; prints what it saw as JSON.

Its arguments are a connection profile and a prefix for keys. It runs on fabric-sdk-py 1.0.0 itself, and with
`from hfc.` replaced on the face of this project.
"""

import asyncio
import json
import sys
from pathlib import Path

from hfc.fabric import Client
from hfc.fabric.user import create_user
from hfc.util.keyvaluestore import FileKeyValueStore

PROFILE, PREFIX = sys.argv[1:3]
CHANNEL = CHAINCODE = "conformance"


def tried(run, coroutine):
    """Return what a call returns, or the name of the error that it raises."""
    try:
        return run(coroutine)
    except Exception as error:  # noqa: BLE001 - fabric-sdk-py raises Exception itself
        return type(error).__name__


def transactions(client, run, user, peers):
    """Invoke and query, with events waited for, transient data, refusals and invalid transactions."""
    call = {"requestor": user, "channel_name": CHANNEL, "peers": peers, "cc_name": CHAINCODE}
    key = PREFIX + "k"
    seen = {
        "put": run(
            client.chaincode_invoke(args=[key, "v1"], fcn="put", wait_for_event=True, **call)
        ),
        "get": run(client.chaincode_query(args=[key], fcn="get", **call)),
        "bytes": run(client.chaincode_query(args=[b"a b"], fcn="echo", **call)),
        "refused": run(
            client.chaincode_invoke(args=["no basis"], fcn="refuse", wait_for_event=True, **call)
        ),
        "refused query": tried(run, client.chaincode_query(args=["no basis"], fcn="refuse", **call))
        != "",
        "announced": run(
            client.chaincode_invoke(
                args=["issued", "pay"],
                fcn="announce",
                wait_for_event=True,
                cc_pattern="^iss",
                **call,
            )
        ),
        "transient": run(
            client.chaincode_query(
                args=["pin"], fcn="transient", transient_map={"pin": b"4711"}, **call
            )
        ),
    }
    one = dict(call, peers=peers[:1])
    invoked = client.chaincode_invoke(args=[key, "v2"], fcn="put", wait_for_event=True, **one)
    seen["one of three endorses"] = tried(run, invoked) not in ("v2", "")
    return seen


def blocks(client, run, user, peers):
    """Read the channel's newest block in four ways, and its transaction."""
    on = {"requestor": user, "channel_name": CHANNEL, "peers": peers}
    info = run(client.query_info(**on))
    number = info.height - 1
    block = run(client.query_block(block_number=str(number), **on))
    transaction_id = block["data"]["data"][0]["payload"]["header"]["channel_header"]["tx_id"]
    processed = run(client.query_transaction(tx_id=transaction_id, **on))
    envelope = processed["transaction_envelope"]
    return {
        "number": block["header"]["number"] == number,
        "hash": block["header"]["previous_hash"].decode() == info.previousBlockHash.hex(),
        "by id": run(client.query_block_by_txid(tx_id=transaction_id, **on)) == block,
        "by hash": run(client.query_block_by_hash(block_hash=info.currentBlockHash, **on)) == block,
        "code": processed["validation_code"] == block["metadata"]["metadata"][2][0],
        "envelope": envelope == block["data"]["data"][0],
        "creator": envelope["payload"]["header"]["signature_header"]["creator"]["mspid"],
        "genesis": run(client.query_block(block_number="0", **on)),
    }


def channels(client, run, user, administrator, peers):
    """Ask peers and an orderer about channels and other peers."""
    orderer = min(client.orderers)
    config = run(client.get_channel_config(user, CHANNEL, peers))
    local = run(client.query_peers(administrator, peers[0], local=True))
    members = run(client.query_peers(user, peers[0], CHANNEL, local=False))
    ordered = run(client.get_channel_config_with_orderer(user, CHANNEL, orderer=orderer))
    return {
        "joined": [
            one.channel_id for one in run(client.query_channels(administrator, peers[:1])).channels
        ],
        "sequences": [one.config.sequence for one in config],
        "groups": sorted(config[0].config.channel_group.groups["Application"].groups),
        "ordered": ordered,
        "local": sorted(local["local_peers"]),
        "members": {name: len(one["peers"]) for name, one in members["local_peers"].items()},
    }


def events(client, run, user, peer):
    """Follow blocks, one transaction and a chaincode's events."""
    blocks, codes, named = [], [], []
    channel = client.get_channel(CHANNEL)
    hub = channel.newChannelEventHub(client.get_peer(peer), user)
    hub.registerBlockEvent(
        start=0, stop=2, unregister=False, onEvent=lambda block: blocks.append(block["number"])
    )
    run(asyncio.wait_for(hub.connect(), 30))

    info = run(client.query_info(user, CHANNEL, [peer]))
    whole = channel.newChannelEventHub(client.get_peer(peer), user)
    whole.registerChaincodeEvent(
        CHAINCODE,
        "iss.*",
        onEvent=lambda event, number, transaction_id, code: named.append(
            [event["event_name"], event["payload"].decode(), code]
        ),
    )
    whole.registerTxEvent("all", onEvent=lambda transaction_id, code, number: codes.append(code))
    run(
        asyncio.wait_for(
            whole.connect(filtered=False, start=info.height - 2, stop=info.height - 1), 30
        )
    )
    return {"blocks": blocks, "codes": codes, "named": named}


def users(client, run, organization):
    """Make a user from files and find it in the store again."""
    store = FileKeyValueStore("store")
    entry = client.get_net_info("organizations", organization, "users", "User1")
    create_user("clerk", organization, store, "EconInfoMSP", entry["private_key"], entry["cert"])
    return {
        "mspid": client.get_net_info("organizations", organization, "mspid"),
        "nothing": client.get_net_info("organizations", "nobody"),
        "no user": client.get_user(organization, "nobody"),
        "no peer": client.get_peer("nobody"),
        "stored": sorted(path.name for path in Path("store").iterdir()),
    }


def main():
    """Do all of it in one event loop, as old programs do."""
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    run = loop.run_until_complete
    client = Client(net_profile=PROFILE)
    peers = sorted(client.peers)
    user = client.get_user("EconInfo", "User1")
    administrator = client.get_user("EconInfo", "Admin")
    client.new_channel(CHANNEL)
    own = "peer0.econinfo"
    seen = {
        "transactions": transactions(client, run, user, peers),
        "blocks": blocks(client, run, user, [own]),
        "channels": channels(client, run, user, administrator, [own]),
        "events": events(client, run, user, own),
        "users": users(client, run, "EconInfo"),
    }
    run(client.close_grpc_channels())
    print(
        json.dumps(
            seen,
            default=lambda one: (
                one.decode() if isinstance(one, bytes) and one.isascii() else repr(one)
            ),
        )
    )


main()
