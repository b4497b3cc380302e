"""Channels and their events."""
