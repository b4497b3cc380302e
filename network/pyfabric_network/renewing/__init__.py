"""Certificates renewed on a running network: what ends when, what is to be done about it, and doing it."""
