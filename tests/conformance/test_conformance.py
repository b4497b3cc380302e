"""Every feature, on both surfaces of the client; the steps are in `steps`."""

from pytest_bdd import scenarios

scenarios("features")
