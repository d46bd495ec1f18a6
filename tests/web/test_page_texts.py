"""Every text that the scripts of a page call for by its key is sent to that page."""

from __future__ import annotations

import json
import re
import shutil
import subprocess

import pytest

from settings import ROOT
from web.jstext import PARTS, TEXTS
from web.shell import ONLY

SCRIPTS = ROOT / "static/js"
COUNTED = (
    "alerts|cameras|categories|cells|days|findings|grids|incidents|months|places|repairs|rows|sections|steps|weeks"
)


def scripts_of(entry: str) -> set[str]:
    """Return the modules that a page's script brings in, itself among them."""
    found: set[str] = set()
    todo = [entry]
    while todo:
        name = todo.pop()
        if name not in found:
            found.add(name)
            todo += re.findall(r"""from "\./(\w+\.js)\"""", (SCRIPTS / name).read_text("utf-8"))
    return found


@pytest.mark.parametrize("page", ["command", "planner", "grids", "wall"])
def test_a_page_is_sent_what_its_scripts_show(page: str) -> None:
    kept = set(TEXTS) - {key for pages, texts in ONLY if page not in pages for key in texts}
    names = scripts_of(f"{page}.js")
    assert len(names) > 10
    # Modules of all pages draw what only some pages have, by layers that the others do not offer.
    for name in sorted(names - {"draw.js"}):
        called = set(re.findall(r"""\bt\("([a-z][\w.:]*)"[,)]""", (SCRIPTS / name).read_text("utf-8")))
        assert called <= kept, name


def test_no_part_overrides_a_text_of_another() -> None:
    keys = [key for part in PARTS for key in part]
    assert len(keys) == len(set(keys)) == len(TEXTS)


def test_what_is_counted_is_written_for_one_too() -> None:
    # "of {count} cameras" are never one: a part of them is spoken of.
    bare = re.compile(rf"(?<!of )(?<!of the )\{{\w+\}} (?:(?!of )\w+ )?(?:{COUNTED})\b")
    assert [key for key, text in TEXTS.items() if bare.search(text)] == []


def test_the_form_goes_by_the_count() -> None:
    text = "{count} {count:grid has|grids have} no team."
    boot = json.dumps({"text": {"k": text}, "lang": "en", "tag": "en"})
    script = f"""
        globalThis.document = {{ getElementById: () => ({{ textContent: {json.dumps(boot)} }}) }};
        const {{ t }} = await import("{(SCRIPTS / "i18n.js").as_uri()}");
        console.log(JSON.stringify(["0", "1", 1, "1,001"].map((count) => t("k", {{ count }}))));
    """
    node = shutil.which("node") or "node"
    done = subprocess.run([node, "--input-type=module", "-e", script], capture_output=True, text=True, check=True)
    said = ["0 grids have", "1 grid has", "1 grid has", "1,001 grids have"]
    assert json.loads(done.stdout) == [f"{one} no team." for one in said]
