"""One table from the domain's errors to HTTP, one JSON shape, one page. Unknown faults are logged, never shown."""

from __future__ import annotations

import errno
from collections.abc import Mapping
from http import HTTPStatus
from pathlib import PurePath
from typing import Any
from urllib.parse import urlencode

from flask import Flask, Response, current_app, g, jsonify, make_response, redirect, render_template, request
from werkzeug.exceptions import HTTPException

from geo import errors as domain
from geo.errors import N_, AtlasError, Phrase
from store import errors as storage
from web.i18n import translate
from web.shell import shell

# Type -> (status, code). The nearest class in the error's method resolution order decides.
STATUS: Mapping[type[AtlasError], tuple[int, str]] = {
    AtlasError: (400, "refused"),
    domain.ParameterError: (400, "parameter"),
    domain.UnknownLevelError: (404, "unknown_level"),
    domain.UnknownGridError: (404, "unknown_grid"),
    domain.NotMetricError: (400, "not_metric"),
    domain.NonFiniteError: (400, "not_finite"),
    domain.CRSMismatchError: (409, "crs_mismatch"),
    domain.HierarchyError: (409, "hierarchy"),
    domain.ConservationError: (500, "conservation"),
    domain.FontMissingError: (503, "font_missing"),
    domain.NoDataError: (404, "no_data"),
    domain.ReshapeError: (422, "reshape"),
    domain.OuterBorderError: (422, "outer_border"),
    storage.StoreError: (503, "store"),
    storage.DamagedError: (503, "damaged"),
    storage.BackupError: (409, "backup"),
    storage.StoreBusyError: (503, "store_busy"),
    storage.ConflictError: (409, "conflict"),
    storage.DivisionConflictError: (409, "division_conflict"),
    storage.DraftStateError: (409, "draft_state"),
    storage.OwnDraftError: (403, "own_draft"),
    storage.UnknownDraftError: (404, "unknown_draft"),
    storage.UnknownRevisionError: (404, "unknown_revision"),
    storage.UnknownScenarioError: (404, "unknown_scenario"),
    storage.UnknownAccountError: (404, "unknown_account"),
    storage.LinkError: (410, "link"),
    storage.IntakeError: (422, "intake"),
    storage.PersonalDataError: (422, "personal_data"),
    storage.ExportError: (400, "export"),
}

# What HTTP itself refuses, in words a reader can use.
HTTP_TEXTS: Mapping[int, tuple[str, str]] = {
    400: (N_("The request cannot be understood."), N_("Go back and try again.")),
    403: (N_("The request was refused for safety."), N_("Reload the page and try again.")),
    404: (N_("There is nothing at this address."), N_("Check the address, or start from the first page.")),
    405: (N_("This address does not take that kind of request."), N_("Use one of the allowed methods.")),
    411: (N_("The request does not say how long it is."), N_("Send a Content-Length.")),
    413: (N_("The upload is larger than this service takes."), N_("Split the file, or import it with `flask import`.")),
    415: (N_("The request is not of the kind expected here."), N_("Send JSON, or a file as multipart/form-data.")),
    500: (
        N_("Something failed inside the service."),
        N_("Try again; if it stays, tell the operator when it happened."),
    ),
    503: (N_("The service cannot answer now."), N_("Try again in a moment.")),
    507: (N_("The disk of the service is full."), N_("Free some space, then try again; nothing was changed.")),
}

SYSTEM: Mapping[int, tuple[int, str]] = {
    **dict.fromkeys((errno.ENOSPC, errno.EDQUOT), (507, "disk_full")),
    **dict.fromkeys((errno.EACCES, errno.EPERM, errno.EROFS), (503, "no_right")),
}

# Parameters whose value may be a catalogue key too ("name of a person"), not data; any other text stays as it is.
WORDS = frozenset({"what", "reason"})
# Parameters that are paths on this machine.
PLACES = frozenset({"path", "file"})


class RequestError(AtlasError):
    """A request that is refused before it reaches the domain; knows its status and code."""

    def __init__(self, status: int, code: str, message: str, remedy: str = "", **params: Any) -> None:
        super().__init__(message, remedy, **params)
        self.status = status
        self.code = code


class SignInError(RequestError):
    """Nobody has signed in, or no longer; a page leads to where it is done."""

    def __init__(self) -> None:
        super().__init__(401, "sign_in", N_("You are not signed in."), N_("Sign in, or send a token that is for this."))


def status_of(error: AtlasError) -> tuple[int, str]:
    """Return the HTTP status and the stable code of a domain error."""
    if isinstance(error, RequestError):
        return error.status, error.code
    return next(STATUS[kind] for kind in type(error).__mro__ if kind in STATUS)


def body(error: AtlasError, lang: str | None = None) -> dict[str, str]:
    """Return ``{"code", "message", "remedy"}`` of a domain error in the reader's language."""
    params = without_places(error.params)
    shape = {
        "code": status_of(error)[1],
        "message": fill(error.message, params, lang),
        "remedy": fill(error.remedy, params, lang),
    }
    if isinstance(error.params.get("field"), str):
        shape["field"] = error.params["field"]
    return shape


def fill(template: str, params: Mapping[str, Any], lang: str | None = None) -> str:
    """Translate `template` and put `params` into its fields; a `what` is a word of the catalogue itself."""
    if not template:
        return ""
    words = {name: translate(value, lang) for name, value in params.items() if name in WORDS and isinstance(value, str)}
    phrases = {
        name: fill(value.template, value.params, lang) for name, value in params.items() if isinstance(value, Phrase)
    }
    return translate(template, lang).format(**{**params, **words, **phrases})


def without_places(params: Mapping[str, Any]) -> dict[str, Any]:
    """Return parameters fit for an answer: of a path only its last part; where a file lies is for the log."""
    return {
        name: PurePath(value).name if name in PLACES and isinstance(value, str) else value
        for name, value in params.items()
    }


def for_log(error: AtlasError) -> str:
    """Return the English message of an error for the log: with paths and plain numbers, without other values."""
    told = {name: value for name, value in error.params.items() if name in PLACES or isinstance(value, int | float)}
    return error.message.format(**{**dict.fromkeys(error.params, "…"), **told})


def route() -> str:
    """Return the route of the present request as it is declared: its address holds values."""
    return request.url_rule.rule if request.url_rule is not None else "(no route)"


def wants_json() -> bool:
    """Return whether the caller is a program: everything but the pages, unless HTML is asked for first."""
    if request.path.startswith(("/api/", "/tiles/", "/healthz", "/readyz", "/metrics")):
        return True
    best = request.accept_mimetypes.best_match(["text/html", "application/json"], default="text/html")
    return best == "application/json"


def answer(status: int, shape: Mapping[str, Any]) -> Response:
    """Return the error as JSON or as a page."""
    if wants_json():
        response = jsonify({"error": shape})
    else:
        # Neither store nor secret is touched here, as they may be what failed, but to let an account sign out.
        context = shell("error", None) | {"error": shape, "http_status": status}
        if g.get("session") is None:
            context["csrf_token"] = str
        response = make_response(render_template("error.html", **context))
    response.status_code = status
    response.headers["Cache-Control"] = "no-store"
    return response


def on_domain(error: AtlasError) -> Response:
    """Answer a domain error."""
    status, _ = status_of(error)
    if isinstance(error, SignInError) and not wants_json():
        wish = request.full_path.rstrip("?") if request.method in ("GET", "HEAD") else "/"
        response = redirect(f"/sign-in?{urlencode({'next': wish})}" if wish != "/" else "/sign-in", 303)
        response.headers["Cache-Control"] = "no-store"
        return response  # type: ignore[return-value]
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        current_app.logger.error("%s: %s", type(error).__name__, for_log(error))
    response = answer(status, body(error))
    if isinstance(error, storage.StoreBusyError) or "retry_s" in error.params:
        response.headers["Retry-After"] = str(error.params.get("retry_s", 2))
    if status == HTTPStatus.UNAUTHORIZED:
        response.headers["WWW-Authenticate"] = 'Bearer realm="GridAtlas"'
    return response


def on_http(error: HTTPException) -> Response:
    """Answer what HTTP refuses; its own headers (Allow of a 405, Location of a redirect) stay."""
    status = error.code or 500
    if status < HTTPStatus.BAD_REQUEST:
        return error.get_response()  # type: ignore[return-value]
    message, remedy = HTTP_TEXTS.get(status, HTTP_TEXTS[500 if status >= 500 else 400])
    shape = {
        "code": HTTPStatus(status).phrase.lower().replace(" ", "_"),
        "message": translate(message),
        "remedy": translate(remedy),
    }
    response = answer(status, shape)
    for name, value in error.get_headers():
        if name.lower() not in ("content-type", "content-length"):
            response.headers[name] = value
    return response


def on_system(error: OSError) -> Response:
    """Answer what the operator must put right: no room (507), no right to write (503); else an unknown fault."""
    current_app.logger.exception("%s %s failed", request.method, route())
    status, code = SYSTEM.get(error.errno or 0, (500, "internal"))
    message, remedy = HTTP_TEXTS[status]
    return answer(status, {"code": code, "message": translate(message), "remedy": translate(remedy)})


def on_unknown(error: Exception) -> Response:
    """Log an unexpected fault with its traceback and say no more than that it happened."""
    current_app.logger.error("%s %s failed", request.method, route(), exc_info=error)
    message, remedy = HTTP_TEXTS[500]
    return answer(500, {"code": "internal", "message": translate(message), "remedy": translate(remedy)})


def init_app(app: Flask) -> None:
    """Register the handlers."""
    app.register_error_handler(AtlasError, on_domain)
    app.register_error_handler(HTTPException, on_http)
    app.register_error_handler(OSError, on_system)
    app.register_error_handler(Exception, on_unknown)
