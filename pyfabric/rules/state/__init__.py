"""Channel state: versions, what a simulation reads and writes, and Fabric's rules for conflicts."""
