"""Values of several members: frozen, without members that are not declared, with canonical bytes."""

from pydantic import BaseModel, ConfigDict

from pyfabric_municipal.common.values.json_text import canonical_json


class Model(BaseModel):
    """A frozen value; unknown members are refused."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    def canonical(self) -> bytes:
        """Return the value as canonical JSON, the bytes that are stored and hashed."""
        return canonical_json(self.model_dump(mode="json"))
