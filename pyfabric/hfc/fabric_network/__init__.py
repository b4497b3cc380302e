"""Gateways, networks, contracts and wallets, as fabric-sdk-py had them."""
