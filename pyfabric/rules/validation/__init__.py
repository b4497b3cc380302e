"""What makes a transaction valid: form, signatures, endorsement policies and state, as peers decide."""
