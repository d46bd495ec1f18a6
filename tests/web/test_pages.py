"""Pages: every one, in both languages, over a town and over nothing; assets; naughty data."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient

from layers.assets import PACKAGES, addresses
from tests.web.conftest import SCRIPT

PAGES = ["command", "planner", "grids", "wall", "import", "about"]
ROOT = Path(__file__).resolve().parents[2]


class Links(HTMLParser):
    """Collects what a page loads, its attributes that run code, and texts that are Chinese."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.loads: list[str] = []
        self.handlers: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        self.handlers += [name for name in given if name.startswith("on")]
        if tag in ("script", "img", "iframe") and given.get("src"):
            self.loads.append(str(given["src"]))
        if tag == "link" and given.get("href"):
            self.loads.append(str(given["href"]))


@pytest.mark.parametrize("page", PAGES)
@pytest.mark.parametrize(("lang", "tag"), [("zh", "zh-CN"), ("en", "en")])
@pytest.mark.parametrize("which", ["town", "client"])
def test_every_page_in_both_languages(
    request: pytest.FixtureRequest, which: str, page: str, lang: str, tag: str
) -> None:
    client: FlaskClient = request.getfixturevalue(which)
    answer = client.get(f"/{page}", headers={"Accept-Language": lang})
    text = answer.get_data(as_text=True)
    assert (answer.status_code, answer.mimetype) == (200, "text/html")
    assert f'<html lang="{tag}">' in text
    assert answer.headers["Content-Language"] == tag
    assert answer.headers["Cache-Control"] == "no-store"
    assert len(answer.data) < 100_000
    assert ("网格" in re.sub(r"<script.*?</script>", "", text, flags=re.S)) == (lang == "zh")


@pytest.mark.parametrize("page", PAGES)
def test_a_page_loads_nothing_from_elsewhere_and_all_of_it_is_there(town: FlaskClient, page: str) -> None:
    if not (ROOT / "node_modules" / "leaflet").is_dir():
        pytest.skip("the browser files are not installed (npm ci)")
    found = Links(town.get(f"/{page}").get_data(as_text=True))
    assert found.handlers == []
    assert found.loads
    for address in found.loads:
        assert re.match(r"/(static|assets)/", address), address
        answer = town.get(address)
        assert answer.status_code == 200, address
        answer.close()


@pytest.mark.parametrize("page", PAGES)
def test_data_is_no_markup(town: FlaskClient, page: str) -> None:
    text = town.get(f"/{page}").get_data(as_text=True)
    assert "<img src=x" not in text
    assert (
        "alert(2)" not in re.sub(r'<script type="application/json".*?</script>', "", text, flags=re.S)
        or SCRIPT not in text
    )


def test_the_first_page_is_the_command_centre_s(client: FlaskClient) -> None:
    answer = client.get("/")
    assert (answer.status_code, answer.headers["Location"]) == (302, "/command")


def test_a_chosen_language_is_remembered(client: FlaskClient) -> None:
    answer = client.get("/about?lang=zh", headers={"Accept-Language": "en"})
    assert any(cookie.startswith("lang=zh;") for cookie in answer.headers.getlist("Set-Cookie"))
    assert 'lang="zh-CN"' in client.get("/about", headers={"Accept-Language": "en"}).get_data(as_text=True)[:200]
    client.get("/about?lang=en")
    assert 'lang="en"' in client.get("/about").get_data(as_text=True)[:200]


@pytest.mark.parametrize("wish", ["fr", "", "zh-CN", "<script>", "../../etc"])
def test_a_language_we_do_not_have_is_not_kept(client: FlaskClient, wish: str) -> None:
    answer = client.get("/about", query_string={"lang": wish})
    assert answer.status_code == 200
    assert not any(cookie.startswith("lang=") for cookie in answer.headers.getlist("Set-Cookie"))


@pytest.mark.parametrize(
    ("header", "tag"),
    [("zh-TW,zh;q=0.9", "zh-CN"), ("fr,zh;q=0.3,en;q=0.2", "zh-CN"), ("fr", "en"), ("en-GB,zh;q=0.9", "en"),
     ("zh;q=0,en", "en"), ("*", "en"), (";;;q=x", "en")],
)  # fmt: skip
def test_the_browser_s_language_decides_last(client: FlaskClient, header: str, tag: str) -> None:
    assert client.get("/about", headers={"Accept-Language": header}).headers["Content-Language"] == tag


def test_the_setting_comes_before_the_browser(app: Flask, settings: object) -> None:
    from dataclasses import replace

    from app import create_app
    from settings import Settings

    assert isinstance(settings, Settings)
    chinese = create_app(replace(settings, lang="zh"))
    client = chinese.test_client()
    assert client.get("/about", headers={"Accept-Language": "en"}).headers["Content-Language"] == "zh-CN"
    assert client.get("/about?lang=en").headers["Content-Language"] == "en"
    chinese.extensions["atlas"].close()


@pytest.mark.parametrize("address", sorted(set(addresses())))
def test_every_mapped_asset_is_served_and_kept(client: FlaskClient, address: str) -> None:
    if not (ROOT / "node_modules" / "leaflet").is_dir():
        pytest.skip("the browser files are not installed (npm ci)")
    answer = client.get(address)
    assert answer.status_code == 200
    assert "max-age=86400" in answer.headers["Cache-Control"]
    again = client.get(address, headers={"If-None-Match": answer.headers["ETag"]})
    assert again.status_code == 304
    answer.close()


@pytest.mark.parametrize(
    "path",
    ["leaflet/../../package.json", "leaflet/..%2f..%2fpackage.json", "leaflet//etc/passwd",
     "leaflet/%2e%2e/package.json",
     "leaflet/package.json.txt", "none/leaflet.js", "../app.py", "leaflet/", "leaflet", "leaflet/leaflet.js/x.js",
     "leaflet/..\\..\\package.json"],
)  # fmt: skip
def test_nothing_else_of_node_modules_is_served(client: FlaskClient, path: str) -> None:
    assert client.get(f"/assets/{path}").status_code in (404, 308)


def test_the_table_names_folders_inside_node_modules() -> None:
    for folder in PACKAGES.values():
        assert not folder.startswith("/") and ".." not in folder
