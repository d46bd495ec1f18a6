"""What every request must pass and every response carries; each refusal has its own test."""

from __future__ import annotations

import re
import stat

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from app import create_app
from settings import Settings
from tests.web.conftest import token
from web import bearer
from web.security import read_secret
from web.serve import is_loopback

FORGET = "/api/uploads/" + "0" * 32
CHANGING = ["/api/uploads", f"{FORGET}/preview", f"{FORGET}/import"]


def code(answer: TestResponse) -> tuple[int, str]:
    return answer.status_code, answer.get_json()["error"]["code"]


@pytest.mark.parametrize(
    "path", ["/command", "/api/status", "/healthz", "/none", "/static/none.js", "/tiles/base/0/0/0.png"]
)
def test_every_response_carries_the_headers(client: FlaskClient, path: str) -> None:
    headers = client.get(path).headers
    policy = headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy and "frame-ancestors 'none'" in policy and "unsafe-eval" not in policy
    assert "unsafe-inline" not in policy.replace("style-src-attr 'unsafe-inline'", "")
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Cross-Origin-Opener-Policy"] == "same-origin"
    assert {"Referrer-Policy", "Permissions-Policy", "X-Frame-Options"} <= set(headers.keys())


def test_a_nonce_is_used_once_and_is_on_every_script(town: FlaskClient) -> None:
    seen = set()
    for _ in range(2):
        answer = town.get("/command")
        nonce = re.search(r"script-src 'self' 'nonce-([^']+)'", answer.headers["Content-Security-Policy"])
        assert nonce is not None
        seen.add(nonce.group(1))
        for tag in re.findall(r"<script[^>]*>", answer.get_data(as_text=True)):
            assert (
                f'nonce="{nonce.group(1)}"' in tag
                or "application/json" in tag
                or re.search(r'src="/(static|assets)/', tag)
            )
    assert len(seen) == 2


def test_only_the_policy_can_be_switched_off(settings: Settings) -> None:
    app = create_app(Settings(store=settings.store, instance=settings.instance, csp=False))
    headers = app.test_client().get("/api/csrf").headers
    assert "Content-Security-Policy" not in headers
    assert headers["X-Content-Type-Options"] == "nosniff"
    app.extensions["atlas"].close()


@pytest.mark.parametrize(
    "host", ["evil.example", "127.0.0.1.evil.example", "localhost.evil", "10.0.0.1", "", "[::2]", "a@b", "[x"]
)
def test_a_foreign_host_name_is_refused(client: FlaskClient, host: str) -> None:
    answer = client.get("/api/status", environ_overrides={"HTTP_HOST": host})
    assert code(answer) == (400, "host")


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1:5000", "[::1]:80", "LOCALHOST:1", "127.9.9.9"])
def test_this_machine_s_names_are_served(client: FlaskClient, host: str) -> None:
    assert client.get("/api/status", environ_overrides={"HTTP_HOST": host}).status_code == 200


def test_a_caller_from_another_machine_is_refused(client: FlaskClient) -> None:
    assert code(client.get("/api/status", environ_overrides={"REMOTE_ADDR": "10.1.2.3"})) == (403, "not_local")


@pytest.mark.parametrize("path", CHANGING)
def test_a_change_without_token_is_refused(client: FlaskClient, path: str) -> None:
    assert code(client.post(path, json={})) == (403, "csrf_missing")
    client.get("/api/csrf")  # the cookie alone, as a forged form would send it
    assert code(client.post(path, json={})) == (403, "csrf_missing")


def test_a_delete_without_token_is_refused(client: FlaskClient) -> None:
    assert code(client.delete(FORGET)) == (403, "csrf_missing")


def test_every_changing_route_asks_for_the_token(app: Flask, client: FlaskClient) -> None:
    for rule in app.url_map.iter_rules():
        for method in (rule.methods or set()) & {"POST", "PUT", "PATCH", "DELETE"}:
            path = re.sub(r"<[^>]+>", "0" * 32, rule.rule)
            if rule.endpoint in bearer.ENDPOINTS:  # no browser's session opens these, with or without the token
                assert code(client.open(path, method=method)) == (401, "token")
                assert code(client.open(path, method=method, headers=token(client))) == (401, "token")
                continue
            assert code(client.open(path, method=method, headers={"Accept": "application/json"})) == (
                403,
                "csrf_missing",
            )


def test_a_token_without_its_cookie_is_refused(app: Flask, client: FlaskClient) -> None:
    headers = token(client)
    assert code(app.test_client().post("/api/uploads", headers=headers)) == (403, "csrf_missing")


def test_a_token_of_another_browser_is_refused(app: Flask, client: FlaskClient) -> None:
    other = app.test_client()
    token(other)
    assert code(other.post("/api/uploads", headers=token(client))) == (403, "csrf_wrong")


@pytest.mark.parametrize(
    "mangle", [lambda text: text[:-1], lambda text: "x", lambda text: "." + text, lambda text: text + "A"]
)
def test_a_changed_token_is_refused(client: FlaskClient, mangle: object) -> None:
    headers = {name: mangle(text) for name, text in token(client).items()}  # type: ignore[operator]
    assert code(client.post("/api/uploads", headers=headers)) == (403, "csrf_wrong")


def test_a_token_of_another_installation_is_refused(
    client: FlaskClient, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("other")
    other_app = create_app(Settings(store=str(folder / "atlas.gpkg"), instance=folder))
    other = other_app.test_client()
    headers = token(other)
    cookie = other.get_cookie("atlas_csrf")
    assert cookie is not None
    client.set_cookie("atlas_csrf", cookie.value)
    assert code(client.post("/api/uploads", headers=headers)) == (403, "csrf_wrong")
    other_app.extensions["atlas"].close()


@pytest.mark.parametrize("site", ["cross-site", "same-site", "none"])
def test_a_change_from_another_site_is_refused(client: FlaskClient, site: str) -> None:
    headers = token(client) | {"Sec-Fetch-Site": site}
    assert code(client.post("/api/uploads", headers=headers)) == (403, "cross_site")


@pytest.mark.parametrize(
    "origin", ["http://evil.example", "null", "https://localhost", "http://localhost:81", "http://127.0.0.1"]
)
def test_a_change_from_another_origin_is_refused(client: FlaskClient, origin: str) -> None:
    assert code(client.post("/api/uploads", headers=token(client) | {"Origin": origin})) == (403, "cross_origin")


def test_the_page_s_own_change_passes(client: FlaskClient) -> None:
    headers = token(client) | {"Origin": "http://localhost", "Sec-Fetch-Site": "same-origin"}
    assert code(client.post("/api/uploads", headers=headers)) == (415, "unsupported_media_type")


def test_the_cookie_is_strict_and_hidden_from_scripts(client: FlaskClient) -> None:
    cookie = client.get("/api/csrf").headers["Set-Cookie"]
    assert cookie.startswith("atlas_csrf=") and "HttpOnly" in cookie and "SameSite=Strict" in cookie


def test_a_page_s_token_is_good(client: FlaskClient) -> None:
    page = client.get("/command").get_data(as_text=True)
    found = re.search(r'"csrf": ?"([^"]+)"', page)
    assert found is not None
    assert code(client.post("/api/uploads", headers={"X-CSRF-Token": found.group(1)})) == (
        415,
        "unsupported_media_type",
    )


def test_the_secret_is_made_once_for_this_user_only(app: Flask, settings: Settings) -> None:
    with app.app_context():
        first = read_secret(settings.instance)
        assert read_secret(settings.instance) == first
    assert len(first) == 64
    assert stat.S_IMODE((settings.instance / "secret").stat().st_mode) == 0o600
    assert [path.name for path in settings.instance.iterdir()] == ["secret"]


def test_a_damaged_secret_is_said_not_used(client: FlaskClient, settings: Settings) -> None:
    (settings.instance / "secret").write_bytes(b"")
    assert code(client.get("/api/csrf")) == (500, "secret")


@pytest.mark.parametrize(
    ("host", "ours"),
    [("127.0.0.1", True), ("localhost", True), ("::1", True), ("[::1]", True), ("::ffff:127.0.0.1", True),
     ("0.0.0.0", False),
     ("::", False), ("", False), ("192.168.1.4", False), ("example.org", False), ("::ffff:10.0.0.1", False)],
)  # fmt: skip
def test_loopback_is_known(host: str, ours: bool) -> None:
    assert is_loopback(host) is ours
