"""What chaincodes and their definitions have in common: a name."""

from pyfabric.hfc._gone import gone

__all__ = ["BaseChaincode"]


class BaseChaincode:
    """A chaincode of that name."""

    def __init__(self, cc_name: str) -> None:
        self._name = cc_name

    create_onCcEvent = gone("fabric.base_chaincode.BaseChaincode.create_onCcEvent")
    txEvent = gone("fabric.base_chaincode.BaseChaincode.txEvent")
    wait_for_event = gone("fabric.base_chaincode.BaseChaincode.wait_for_event")
