"""Stores, keys, and policies as fabric-sdk-py writes them."""
