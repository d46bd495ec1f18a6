"""What readers are told of work behind the pages (`web.runner`): how far it is, why it failed, that files must wait."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from geo.errors import N_
from web.errors import HTTP_TEXTS, RequestError, fill, without_places
from web.i18n import translate
from web.runner import Fault, fault


def fault_answer(error: Fault | None, lang: str | None = None) -> dict[str, str] | None:
    """Return {"code", "message", "remedy"} of a failure in the reader's language; None where there is none."""
    if error is None:
        return None
    params = without_places(error["params"])
    return {"code": error["code"], **{name: fill(error[name], params, lang) for name in ("message", "remedy")}}


def progress_answer(told: Any, steps: Mapping[str, str], lang: str | None = None) -> dict[str, Any] | None:
    """Return {"job", "progress", "step"} of work on its way, as `told` or what is shown of it; None where none is."""
    if told.state != "computing":
        return None
    return {
        "job": told.job,
        "progress": round(told.progress, 3),
        "step": translate(steps.get(told.step, told.step), lang),
    }


def must_be_there(told: Any, what: str) -> None:
    """Refuse to make a file of what is not there: it must not say less than it seems to.

    Parameters
    ----------
    told
        A `web.runner.Told`, or what is shown of one.
    what
        Said of work on its way, untranslated: "The audit is still being worked out."

    Raises
    ------
    RequestError
        503 while it is worked out, 409 where it was cancelled, 500 where it failed.
    """
    if told.state == "computing":
        raise RequestError(503, "computing", what, N_("Try again in {retry_s} seconds."), retry_s=5)
    if told.state == "cancelled":
        raise RequestError(409, "cancelled", N_("The computation was cancelled."), N_("Start it again on the page."))
    if told.state == "failed":
        error = told.error or fault("internal", *HTTP_TEXTS[500])
        raise RequestError(500, error["code"], error["message"], error["remedy"], **error["params"])
