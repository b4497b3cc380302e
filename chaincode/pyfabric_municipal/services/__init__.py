"""Service items of the city, and the cases in which departments handle them."""
