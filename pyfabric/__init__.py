"""Hyperledger Fabric from Python. Import the part that is needed: this package imports nothing."""
