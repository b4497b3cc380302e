"""The context of one request."""
