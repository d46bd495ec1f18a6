"""Languages of pages and messages: zh and en, from .po catalogues compiled in memory."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from io import BytesIO
from typing import Any

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.support import Translations
from flask import Flask, Response, current_app, g, has_request_context, request

from settings import ROOT

LANGUAGES: Mapping[str, str] = {"zh": "zh_CN", "en": "en"}
TAGS: Mapping[str, str] = {"zh": "zh-CN", "en": "en"}
COMMAS: Mapping[str, str] = {"zh": "、", "en": ", "}  # between the members of a list
DEFAULT = "en"
COOKIE = "lang"
_YEAR_S = 365 * 24 * 3600


@cache
def catalogue(lang: str) -> Translations:
    """Return the compiled catalogue of `lang` ("zh" or "en")."""
    locale = LANGUAGES[lang]
    with (ROOT / "translations" / locale / "LC_MESSAGES" / "messages.po").open("rb") as source:
        messages = read_po(source, locale=locale, abort_invalid=True)
    compiled = BytesIO()
    write_mo(compiled, messages)
    compiled.seek(0)
    return Translations(compiled)


def choose() -> str:
    """Return the language of the present request: ?lang=, cookie, setting, Accept-Language, English."""
    for wish in (request.args.get("lang"), request.cookies.get(COOKIE), current_app.extensions["atlas"].settings.lang):
        if wish in LANGUAGES:
            return str(wish)
    # "zh-Hans-CN", "zh-TW" and "zh" all read the Chinese pages.
    for tag, quality in request.accept_languages:
        prefix = tag.replace("_", "-").split("-")[0].lower()
        if quality > 0 and prefix in LANGUAGES:
            return prefix
    return DEFAULT


def current_lang() -> str:
    """Return "zh" or "en": of the request, or of the ATLAS_LANG setting outside one."""
    if has_request_context():
        if "lang" not in g:
            g.lang = choose()
        return str(g.lang)
    return current_app.extensions["atlas"].settings.lang or DEFAULT


def translate(message: str, lang: str | None = None) -> str:
    """Return `message` (an English catalogue key) in `lang`, by default the reader's."""
    return catalogue(lang or current_lang()).gettext(message) if message else ""


def gettext(message: str, **params: Any) -> str:
    """Translate and fill ``{name}`` fields; plain text, so Jinja escapes it."""
    text = translate(message)
    return text.format(**params) if params else text


def remember(response: Response) -> Response:
    """Keep a language chosen by ``?lang=`` in a cookie, and tell caches what the answer depends on."""
    wish = request.args.get("lang", "")
    if wish in LANGUAGES and request.cookies.get(COOKIE) != wish and request.endpoint != "static":
        response.set_cookie(COOKIE, wish, max_age=_YEAR_S, httponly=True, samesite="Strict", path="/")
    if response.mimetype in ("text/html", "application/json", "application/geo+json"):
        response.headers["Content-Language"] = TAGS[current_lang()]
        response.vary.update(("Accept-Language", "Cookie"))
    return response


def init_app(app: Flask) -> None:
    """Give templates `_`, `lang`, `lang_tag` and `comma`."""
    app.jinja_env.globals.update(_=gettext, gettext=gettext)
    # A Chinese letter within a page's JSON takes three bytes, escaped it would take six.
    app.jinja_env.policies["json.dumps_kwargs"] = {"ensure_ascii": False}
    app.context_processor(
        lambda: {
            "lang": current_lang(),
            "lang_tag": TAGS[current_lang()],
            "languages": TAGS,
            "comma": COMMAS[current_lang()],
        }
    )
    app.after_request(remember)
