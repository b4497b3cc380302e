"""Departments as catalogues and the founding of a channel name them."""

from pyfabric_municipal.common.values import Model, MspId, Text, Uscc


class Department(Model):
    """A department, by its MSP id on the ledger and by its social credit code elsewhere."""

    msp_id: MspId
    uscc: Uscc
    name: Text
    region: str
