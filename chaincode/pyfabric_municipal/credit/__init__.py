"""The city's public credit: subjects and their penalties, from the decision to the repair."""
