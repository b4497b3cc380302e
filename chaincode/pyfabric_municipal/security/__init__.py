"""Security of the city's data: levels, access policies and decisions, keys, incidents, access in an emergency."""
