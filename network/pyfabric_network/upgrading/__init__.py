"""Another release of Fabric on a running network."""
