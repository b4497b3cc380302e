"""What is done to the channels of a running network: created, joined, left, changed."""
