"""Digital identity: DIDs, accredited issuers, credentials, e-licences, status lists and presentations."""
