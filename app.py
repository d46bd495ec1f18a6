"""GridAtlas: wiring of the web application; `python app.py` serves it."""

from __future__ import annotations

import os
import sys

from flask import Flask

from settings import Settings
from web import (
    accounts,
    api_alerts,
    api_balance,
    api_compare,
    api_coverage,
    api_data,
    api_decisions,
    api_division,
    api_drafts,
    api_exposure,
    api_files,
    api_findings,
    api_heat,
    api_hotspots,
    api_layers,
    api_live,
    api_public,
    api_responsible,
    api_scenarios,
    api_takeaway,
    api_time,
    api_trail,
    api_whatif,
    api_worklist,
    assets,
    cli,
    errors,
    health,
    i18n,
    kept,
    metrics,
    my_account,
    noted,
    oidc,
    openapi,
    pages,
    proxy,
    security,
    serve,
    sign_in,
    state,
    telemetry,
    tiles,
    trail,
    uploads,
)


def create_app(settings: Settings | None = None) -> Flask:
    """Return the application; `settings` None reads the ATLAS_* environment.

    Nothing is opened or written here: the store, the secret and the folders appear when they are first used.
    """
    chosen = serve.settings_from(os.environ) if settings is None else settings
    serve.refuse_open_run(chosen)
    app = Flask(__name__)
    state.init_app(app, chosen)
    kept.init_app(app, app.extensions[state.EXTENSION])
    i18n.init_app(app)
    errors.init_app(app)
    security.init_app(app)
    noted.init_app(app)
    for module in (
        pages,
        api_layers,
        api_data,
        api_decisions,
        api_responsible,
        api_findings,
        api_balance,
        api_worklist,
        api_compare,
        api_heat,
        api_hotspots,
        api_coverage,
        api_whatif,
        api_scenarios,
        api_drafts,
        api_division,
        api_time,
        api_trail,
        api_exposure,
        api_files,
        api_takeaway,
        api_live,
        api_public,
        api_alerts,
        uploads,
        trail,
        tiles,
        assets,
        health,
        metrics,
        openapi,
        sign_in,
        oidc,
        my_account,
        accounts,
    ):
        app.register_blueprint(module.blueprint)
    metrics.init_app(app)
    telemetry.init_app(app)
    proxy.init_app(app, chosen.proxy)
    cli.init_app(app)
    return app


if __name__ == "__main__":
    sys.exit(serve.main(os.environ, ["--demo"]))
