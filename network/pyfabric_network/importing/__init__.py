"""Topologies from the files of other tools: fablo, and configtxgen with cryptogen."""
