"""The contract `city`: what the departments of a channel agree on, and the channel's clock."""
