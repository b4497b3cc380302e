"""What makes a network fail: facts are collected, then judged by a table of checks."""
