"""The contexts of a network's departments: `up` adds them, and deleting the network removes them."""

from dataclasses import replace
from pathlib import Path

from pyfabric_network.contexts import Context, Contexts
from pyfabric_network.profile import profile_file
from pyfabric_network.topology.departments import DepartmentPlan
from pyfabric_network.topology.plan import Plan


def add_contexts(plan: Plan, folder: Path) -> tuple[str, ...]:
    """Add a context for each department of this machine, unless there is one: first user and channel.

    Contexts of users that a department no longer has get that user, too. Returns a sentence for each.
    """
    contexts, changed = Contexts(folder), []
    for department in plan.own:
        name = f"{plan.name}/{department.name}"
        channels = [c.name for c in plan.channels.values() if department in c.departments]
        user = department.first_user
        profile = profile_file(plan, department)
        if name not in contexts.all() and channels:
            contexts.put(name, Context(profile=profile, user=user, channel=channels[0]))
        for other, context in contexts.all().items():
            if _lost_its_user(context, profile, department):
                contexts.put(other, replace(context, user=user))
                changed.append(
                    f"the context {other} was of {context.user}, whom the topology no longer has: it is of "
                    f"{user} now"
                )
    return tuple(changed)


def _lost_its_user(context: Context, profile: Path, department: DepartmentPlan) -> bool:
    """Return whether a context names a user of this department that is gone; a path is somebody else."""
    return (
        context.profile.resolve() == profile.resolve()
        and "/" not in context.user
        and context.user not in department.users
    )


def remove_contexts(plan: Plan, folder: Path) -> None:
    """Remove the contexts of all departments of a network."""
    contexts = Contexts(folder)
    for name in contexts.all():
        if name.startswith(f"{plan.name}/"):
            contexts.remove(name)
