"""What the city's contracts have in common."""
