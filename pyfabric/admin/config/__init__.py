"""Channel configurations made from models: groups, genesis blocks."""
