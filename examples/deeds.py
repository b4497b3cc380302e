"""A register of deeds: who owns a parcel, and at which price it was sold, which only members see."""

from hashlib import sha256

from pyfabric.chaincode import Context, Contract, ContractError, query, transaction


class Deeds(Contract):
    """Owners are public to the channel; prices are private data of the collection `prices`."""

    @transaction
    def register(self, ctx: Context, parcel: str, owner: str) -> None:
        """Record an owner; only a registrar may. Emits the event `registered`."""
        if ctx.client.attribute("role") != "registrar":
            raise ContractError(f"only a registrar may register {parcel}")
        ctx.stub.put_state(parcel, owner.encode())
        ctx.stub.set_event("registered", f"{parcel} {owner}".encode())

    @query
    def owner(self, ctx: Context, parcel: str) -> str:
        """Return the owner of a parcel."""
        found = ctx.stub.get_state(parcel)
        if found is None:
            raise ContractError(f"{parcel} is not registered")
        return found.decode()

    @transaction
    def record_price(self, ctx: Context, parcel: str) -> None:
        """Keep the price that the transient data holds under `price`: no block records it."""
        ctx.stub.collection("prices").put_state(parcel, ctx.stub.transient["price"])

    @query
    def price(self, ctx: Context, parcel: str) -> str:
        """Return the price of a parcel, to members."""
        found = ctx.stub.collection("prices").get_state(parcel)
        if found is None:
            raise ContractError(f"{parcel} has no price")
        return found.decode()

    @query
    def is_price(self, ctx: Context, parcel: str, price: str) -> bool:
        """Return whether a price is the recorded one, by the hash that every peer has."""
        recorded = ctx.stub.collection("prices").get_hash(parcel)
        return recorded == sha256(price.encode()).digest()
