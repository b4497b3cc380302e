"""The sharing of data between departments: requests, grants, receipts and error reports."""
