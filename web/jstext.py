"""Every text that static/js shows, by key; pages get them translated as JSON."""

from __future__ import annotations

from collections.abc import Mapping

from geo.errors import N_
from web.i18n import translate

# Fields are written {name} and filled by the script, which sets textContent.
TEXTS: Mapping[str, str] = {
    "error.network": N_("The service cannot be reached."),
    "error.retry": N_("Try again"),
}


def js_text() -> dict[str, str]:
    """Return the texts in the reader's language."""
    return {key: translate(text) for key, text in TEXTS.items()}
