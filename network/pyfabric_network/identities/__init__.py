"""The identities that organisations of this machine have given: who has one, and how it is taken back."""
