"""GridAtlas: wiring of the web application; `python app.py` serves it."""

from __future__ import annotations

import os
import sys

from flask import Flask

from settings import Settings
from web import (
    api_alerts,
    api_compare,
    api_coverage,
    api_data,
    api_files,
    api_heat,
    api_hotspots,
    api_layers,
    api_live,
    api_scenarios,
    api_takeaway,
    api_time,
    api_whatif,
    assets,
    cli,
    errors,
    health,
    i18n,
    openapi,
    pages,
    security,
    serve,
    state,
    tiles,
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
    i18n.init_app(app)
    errors.init_app(app)
    security.init_app(app)
    for module in (
        pages,
        api_layers,
        api_data,
        api_compare,
        api_heat,
        api_hotspots,
        api_coverage,
        api_whatif,
        api_scenarios,
        api_time,
        api_files,
        api_takeaway,
        api_live,
        api_alerts,
        uploads,
        tiles,
        assets,
        health,
        openapi,
    ):
        app.register_blueprint(module.blueprint)
    cli.init_app(app)
    return app


if __name__ == "__main__":
    sys.exit(serve.main(os.environ, ["--demo"]))
