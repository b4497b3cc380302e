"""Collections of private data: what a chaincode definition says of each."""

from pyfabric.rules.collection_configs import CollectionConfig, collection_package

__all__ = ["CollectionConfig", "collection_package"]
