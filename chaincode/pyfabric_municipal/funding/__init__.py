"""The contract `Funding`: park and project funding of enterprises, by their credit."""
