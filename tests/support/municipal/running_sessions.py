"""Calls of example sessions by the command `pyfabric`, with the clock of the network's nodes."""

import json
from unittest import mock

from pyfabric_cli.acting import Actor
from pyfabric_network.network import Network

from pyfabric.gateway import Gateway, connect
from tests.support.commands import run_command
from tools.found_city import PATIENT
from tools.run_sessions import Answer
from tools.sessions import Call


class ByCommand:
    """A caller that types what a department types."""

    def __init__(self, network: Network) -> None:
        self._environment = {"PYFABRIC_STATE": str(network.folder)}
        self._now = network.development().now

    def __call__(self, call: Call) -> Answer:
        """Run the command of a call; raises AssertionError if it ends with anything but a result or a refusal."""

        def gateway(actor: Actor) -> Gateway:
            return connect(actor.identity, actor.peers, clock=self._now, timeouts=PATIENT)

        with mock.patch.object(Actor, "gateway", gateway):
            ended = run_command(*call.words()[1:], "-o", "json", **self._environment)
        if ended.code == 0:
            found = ended.json()
            return Answer(found["result"], found["block_number"]) if call.writes else Answer(found)
        said = json.loads(ended.err.splitlines()[-1])
        assert said.get("refusal"), f"{call}: {ended.err}"
        return Answer(code=said["refusal"]["code"], en=said["refusal"]["en"])
