"""The contract `Bills`: fiscal electronic bills and references to invoices, from the range of numbers to what is reimbursed."""
