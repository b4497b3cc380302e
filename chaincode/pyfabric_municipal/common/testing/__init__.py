"""Tests of a contract that follow from its declarations."""
