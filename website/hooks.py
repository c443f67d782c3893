"""What MkDocs calls: pages that are made of other files, and links that lead out of docs/.

README.md is the first page, the other texts beside it are pages, too. Settings and reference are
written from the code, so that they cannot fall behind it.
"""

import re
import sys
from pathlib import Path

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

PROJECT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(PROJECT))

from website.demo import demo_files  # noqa: E402
from website.pages import reference_page, settings_page, try_page  # noqa: E402

TEXTS = {
    "README.md": "index.md",
    "CHANGELOG.md": "changelog.md",
    "CONTRIBUTING.md": "contributing.md",
    "SECURITY.md": "security.md",
}
_LINK = re.compile(r"(?<=\]\()(?!\w+:)([^)#\s]+)(#[^)\s]*)?(?=\))")


def on_files(files: Files, config: MkDocsConfig) -> Files:
    for name, uri in TEXTS.items():
        text = (PROJECT / name).read_text(encoding="utf-8")
        files.append(File.generated(config, uri, content=_relinked(text, name, uri)))
    for uri, page in (("settings.md", settings_page), ("reference.md", reference_page)):
        files.append(File.generated(config, uri, content=page()))
    demo = demo_files()
    files.append(File.generated(config, "try.md", content=try_page(complete=bool(demo))))
    for name, path in demo.items():
        files.append(File.generated(config, f"demo/{name}", abs_src_path=str(path)))
    for target in sorted(_linked_files()):
        files.append(File.generated(config, _uri(target), abs_src_path=str(PROJECT / target)))
    return files


def on_page_markdown(markdown: str, page: Page, config: MkDocsConfig, files: Files) -> str:
    made = {*TEXTS.values(), "settings.md", "reference.md", "try.md"}
    written = page.file.src_uri not in made
    if not written:
        return markdown
    return _relinked(markdown, f"docs/{page.file.src_uri}", page.file.src_uri)


def _relinked(text: str, source: str, uri: str) -> str:
    """`text` of the project's file `source`, its links those of the page `uri`."""

    def link(match: re.Match) -> str:
        target = _resolved(source, match[1])
        if not (PROJECT / target).is_file():
            return match[0]  # MkDocs says that it is broken
        up = "../" * uri.count("/")
        return f"{up}{_uri(target)}{match[2] or ''}"

    return _LINK.sub(link, text)


def _resolved(source: str, link: str) -> str:
    """Path of what `source` links to, from the project's folder."""
    path = (PROJECT / source).parent / link
    return path.resolve().relative_to(PROJECT).as_posix()


def _uri(target: str) -> str:
    """Where a file of the project is on the site."""
    if target in TEXTS:
        return TEXTS[target]
    return target.removeprefix("docs/") if target.startswith("docs/") else f"files/{target}"


def _linked_files() -> set[str]:
    """Files outside of docs/ that are no pages and that a page links to."""
    sources = [PROJECT / name for name in TEXTS] + sorted((PROJECT / "docs").rglob("*.md"))
    found = set()
    for source in sources:
        name = source.relative_to(PROJECT).as_posix()
        for match in _LINK.finditer(source.read_text(encoding="utf-8")):
            target = _resolved(name, match[1])
            if (PROJECT / target).is_file() and _uri(target).startswith("files/"):
                found.add(target)
    return found
