"""The contract `clearance`: deed tax on sales of real estate, and the clearances that the register asks for."""
