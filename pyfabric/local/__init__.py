"""This machine: files that survive its crash, and waiting on its clock. Internal to this project."""
