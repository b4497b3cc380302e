"""The verification of a chain of blocks: everything that follows from them is computed again and compared."""
