"""The contexts of a network's departments: `up` adds them, and deleting the network removes them."""

from pathlib import Path

from pyfabric_network.contexts import Context, Contexts
from pyfabric_network.profile import profile_file
from pyfabric_network.topology.departments import ADMIN
from pyfabric_network.topology.plan import Plan


def add_contexts(plan: Plan, folder: Path) -> None:
    """Add a context for each department of this machine, unless there is one: first user and channel."""
    contexts = Contexts(folder)
    for department in plan.own:
        name = f"{plan.name}/{department.name}"
        channels = [c.name for c in plan.channels.values() if department in c.departments]
        user = next((short for short in department.users if short != ADMIN), ADMIN)
        if name not in contexts.all() and channels:
            profile = profile_file(plan, department)
            contexts.put(name, Context(profile=profile, user=user, channel=channels[0]))


def remove_contexts(plan: Plan, folder: Path) -> None:
    """Remove the contexts of all departments of a network."""
    contexts = Contexts(folder)
    for name in contexts.all():
        if name.startswith(f"{plan.name}/"):
            contexts.remove(name)
