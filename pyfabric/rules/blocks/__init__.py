"""What stands in committed blocks, as peers read it."""
