"""Fabric's messages as JSON and back, in the shape of Fabric's own translator (configtxlator)."""
