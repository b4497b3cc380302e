"""The register of real estate: units, rights, mortgages, seizures, notices, objections and transfers."""
