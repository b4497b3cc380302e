"""Which peers together can endorse, and what a peer tells clients of a channel. Pure rules."""
