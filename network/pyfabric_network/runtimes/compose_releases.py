"""Which images of Fabric the nodes of a Compose project run: chosen by a setting in the project's file `.env`."""

import re
import stat
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from pyfabric.errors import NetworkError
from pyfabric.local import files
from pyfabric_network.runtimes.compose import ENV_FILE, VERSION_SETTING
from pyfabric_network.runtimes.compose_project import ComposeProject, get_images, services_of
from pyfabric_network.runtimes.engine import run_once
from pyfabric_network.runtimes.programs import check_release
from pyfabric_network.runtimes.release import Release, read_version
from pyfabric_network.topology.nodes import Node
from pyfabric_network.topology.plan import Plan

_OPTION: Final = "--version"
_TAG: Final = re.compile(r"\w[\w.-]{0,127}")
_LINE: Final = re.compile(rf"^\s*(export\s+)?{VERSION_SETTING}\s*[=:].*$\n?", re.MULTILINE)


class ComposeReleases:
    """The images of the nodes of a project in `root`."""

    def __init__(self, root: Path, project: ComposeProject) -> None:
        self._env = root / ENV_FILE
        self._project = project

    def find(self, plan: Plan, *, programs: Path | None, version: str | None) -> Release:
        """Get the images with a tag, and ask the programs in them for their version."""
        if programs is not None or version is None:
            raise NetworkError(
                "a release under Docker Compose is the tag of Fabric's images: name it with --version (--programs is for "
                "the native runtime)"
            )
        if not _TAG.fullmatch(version):
            raise NetworkError(f"{version!r} is no tag of an image, such as 3.1.5")
        self._project.compose.require()
        with self._project.planned(plan, {VERSION_SETTING: version}) as planned:
            configured = planned.configured()
        images = {one.name: str(configured[one.name]["image"]) for one in plan.own_nodes}
        self._check_setting(images, version)
        get_images(plan, {name: configured[name] for name in images})
        programs_of = {
            images[one.name]: "peer" if one.admin is None else "orderer" for one in plan.own_nodes
        }
        versions = {image: _version(program, image) for image, program in programs_of.items()}
        for image, found in versions.items():
            check_release(image, found, plan.topology.fabric)
        if len(set(versions.values())) > 1:
            said = ", and ".join(f"{image} is {found}" for image, found in versions.items())
            raise NetworkError(f"{said}: the images of one release name one version")
        return Release(next(iter(versions.values())), _OPTION, version)

    def _check_setting(self, images: Mapping[str, str], version: str) -> None:
        """Raise NetworkError for a node whose image does not have the tag that the setting says."""
        for name, image in images.items():
            if not image.endswith(f":{version}"):
                raise NetworkError(
                    f"{name} runs {image}, whatever {VERSION_SETTING} in {self._env} says: the environment, a setting "
                    "FABRIC_…_IMAGE or compose.override.yaml names it; take that away, or change it there and run "
                    "`pyfabric network up`"
                )

    def former(self, plan: Plan, release: Release) -> Release | None:
        """Return the tag that nodes which start have now; None if it is this one."""
        with self._project.planned(plan) as planned:
            image = str(planned.configured()[plan.own_nodes[0].name]["image"])
        tag = image.rpartition(":")[2]
        return None if tag == release.value else Release("", _OPTION, tag)

    def others(self, plan: Plan, release: Release) -> frozenset[str]:
        """Return the nodes whose containers were made from another image, or with other settings."""
        with self._project.planned(plan, {VERSION_SETTING: release.value}) as planned:
            changed = self._project.changed(services_of(plan, planned), self._project.running())
        return frozenset(one.name for one in plan.own_nodes if one.name in changed)

    def choose(self, plan: Plan, release: Release) -> None:
        """Write the tag to `.env`, where `up` and plain Compose commands read it, and keep what else is there."""
        text = self._env.read_text(encoding="utf-8") if self._env.exists() else ""
        others = _LINE.sub("", text)
        if others and not others.endswith("\n"):
            others += "\n"
        content = f"{others}{VERSION_SETTING}={release.value}\n"
        mode = stat.S_IMODE(self._env.stat().st_mode) if self._env.exists() else files.PUBLIC
        files.write(self._env, content.encode(), error=NetworkError, mode=mode)

    def take(self, node: Node) -> None:
        """Do nothing: a container that is made again has the image that is chosen."""


def _version(program: str, image: str) -> str:
    """Return the version that a program in an image names; raises NetworkError if it does not run."""
    try:
        return read_version(run_once(image, program, "version"))
    except NetworkError as error:
        raise NetworkError(f"{program} in {image} does not run: {error}") from error
