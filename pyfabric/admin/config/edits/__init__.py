"""Edits: changes of a channel's configuration that are named, checked, and written as JSON documents."""
