"""Collections of private data: what a chaincode definition says of each."""

from pyfabric.rules.collection_configs import CollectionConfig, collection_package
from pyfabric.rules.collection_documents import collections_document, read_collections

__all__ = ["CollectionConfig", "collection_package", "collections_document", "read_collections"]
