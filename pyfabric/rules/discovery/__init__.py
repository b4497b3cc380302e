"""Which peers together can endorse, and what a peer reports to clients of a channel. Pure rules."""
