"""Policies: who must have signed. Syntax, evaluation and the tree of a channel's policies."""
