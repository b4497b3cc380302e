"""Records in files, to contracts and back: tables, their columns as arguments, and a journal of what was sent."""
