"""Pages of the site that are not files of docs/: those of the root, and one for each public module.

A hook of MkDocs (mkdocs.yml names it). The public modules are those of docs/reference.md.
"""

import re
from os.path import relpath
from pathlib import Path

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

ROOT = Path(__file__).parent.parent
HOME, REFERENCE = "README.md", "reference.md"
_REST = "Everything else is internal"
_MODULE = re.compile(r"^\| `(pyfabric[a-z_.]*)` \|", re.MULTILINE)
_FENCE = re.compile(r"^```(\w+) (\S+)$", re.MULTILINE)
_LINK = re.compile(r"\[([^\]]+)\]\(([^)#:\s]+)(#[^)]*)?\)")


def public_modules() -> list[str]:
    """Return the modules in the first table of docs/reference.md."""
    text = (ROOT / "docs" / REFERENCE).read_text(encoding="utf-8")
    return _MODULE.findall(text.partition(_REST)[0])


def root_pages() -> dict[str, str]:
    """Return where in the site each page of the root is."""
    names = sorted(path.name for path in ROOT.glob("*.md"))
    return {name: "index.md" if name == HOME else name for name in names}


def contract_pages() -> list[str]:
    """Return the pages of the city's contracts, which tools/make_contract_pages.py makes."""
    return sorted(f"contracts/{path.name}" for path in (ROOT / "docs/contracts").glob("*.md"))


def on_config(config: MkDocsConfig) -> MkDocsConfig:
    """List the pages of the contracts and of the reference, and below "About" those of the root."""
    contracts = next(section["Contracts"] for section in config.nav if "Contracts" in section)
    contracts += contract_pages()
    config.nav[-1]["About"] += [place for place in root_pages().values() if place != "index.md"]
    modules = [{module: f"reference/{module}.md"} for module in public_modules()]
    config.nav.append({"Reference": [REFERENCE, *modules]})
    return config


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the pages of the root and of the reference."""
    for name, place in root_pages().items():
        content = (ROOT / name).read_text(encoding="utf-8")
        files.append(File.generated(config, place, content=content))
    for module in public_modules():
        content = f"# {module}\n\n::: {module}\n    options:\n      show_root_heading: false\n"
        files.append(File.generated(config, f"reference/{module}.md", content=content))
    return files


def on_page_markdown(markdown: str, *, page: Page, **_: object) -> str:
    """Name the file of each program above it, and let links lead to pages of the site."""
    place = page.file.src_uri
    if place == REFERENCE:
        listed, rest, internal = markdown.partition(_REST)
        markdown = _MODULE.sub(r"| [`\1`](reference/\1.md) |", listed) + rest + internal
    elif not place.startswith("reference/"):
        markdown = _LINK.sub(lambda link: _in_site(link, place), markdown)
    return _FENCE.sub(r'```\1 title="\2"', markdown)


def _in_site(link: re.Match[str], page: str) -> str:
    """Return a link as it is in the site: text where the site has no such page."""
    text, target, anchor = link[1], link[2], link[3] or ""
    docs = ROOT / "docs"
    source = ROOT if page in root_pages().values() else (docs / page).parent
    place = (source / target).resolve()
    if place.parent == ROOT and place.name in root_pages():
        place = docs / root_pages()[place.name]
    elif place.suffix != ".md" or not place.is_relative_to(docs):
        return text
    return f"[{text}]({relpath(place, (docs / page).parent)}{anchor})"
