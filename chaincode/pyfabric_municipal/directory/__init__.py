"""The directory of government data: duties, the resources that departments hold, and their versions."""
