"""The PIN of a PKCS#11 token, asked for where its URI names no file of it."""

import typer


def ask_pin() -> str:
    """Return the PIN that a person types; it is not shown."""
    return str(typer.prompt("PIN of the token", hide_input=True, err=True))
