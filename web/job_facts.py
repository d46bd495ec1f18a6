"""What is known of a job behind the pages (`web.jobs`), and in which words a reader is told of it."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from geo.errors import N_

State = Literal["queued", "running", "done", "failed", "interrupted"]
Progress = Callable[[float, str], None]
Report = dict[str, Any]
Work = Callable[[Progress], Report]

# Steps that an import reports, as a reader is told of them.
STEPS: Mapping[str, str] = {
    "read": N_("Reading the file"),
    "understand": N_("Checking the rows"),
    "hand over": N_("Handing the rows over"),
    "write": N_("Writing the rows"),
}
INTERRUPTED = N_("The import was interrupted because the service stopped.")
INTERRUPTED_REMEDY = N_("Nothing was changed. Start the import again.")
FAILED = N_("The import failed inside the service.")
FAILED_REMEDY = N_("Nothing was changed. Try again; if it stays, tell the operator when it happened.")


@dataclass(frozen=True)
class Job:
    """What is known of one job; `error` holds templates and parameters, so that every reader gets his language."""

    id: str
    owner: str
    state: State = "queued"
    progress: float = 0.0
    step: str = ""
    report: Report | None = None
    error: dict[str, Any] | None = None
    created: float = field(default_factory=time.time)
    asked_by: str = ""  # who may follow it
    details: dict[str, Any] = field(default_factory=dict)

    @property
    def ended(self) -> bool:
        return self.state in ("done", "failed", "interrupted")


def job_error(code: str, message: str, remedy: str, params: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """Return what is kept of a failure, texts untranslated: every reader gets his language."""
    texts = {
        name: value if isinstance(value, (str, int, float)) else str(value) for name, value in (params or {}).items()
    }
    return {"code": code, "message": message, "remedy": remedy, "params": texts}
