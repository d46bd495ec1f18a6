"""The picture says what a printed map must say, and what cannot be drawn is refused with what could be."""

from __future__ import annotations

from dataclasses import replace
from io import BytesIO
from typing import Any

import numpy as np
import pytest
from flask import Flask
from flask.testing import FlaskClient
from PIL import Image

from app import create_app
from layers.rasters.ramps import RAMPS
from web import picture
from web.api_takeaway import PICTURES
from web.theme import colours

URL = "/api/picture.png"
SMALL = {"width": 640, "height": 420, "lang": "en"}


def drawn(client: FlaskClient, **query: Any) -> np.ndarray:
    answer = client.get(URL, query_string={**SMALL, **query})
    assert (answer.status_code, answer.mimetype) == (200, "image/png"), answer.get_data(as_text=True)
    assert answer.headers["Content-Disposition"].startswith("attachment; filename=")
    return np.asarray(Image.open(BytesIO(answer.data)).convert("RGB")).astype(int)


def refused(client: FlaskClient, **query: Any) -> dict[str, str]:
    answer = client.get(URL, query_string={**SMALL, **query})
    assert answer.status_code == 400, answer.status_code
    error: dict[str, str] = answer.get_json()["error"]
    assert error["message"] and error["remedy"]
    return error


def shades_of(image: np.ndarray, colour: tuple[int, int, int], away: int = 1) -> int:
    return int((np.abs(image - np.array(colour)).max(axis=2) <= away).sum())


@pytest.fixture
def said(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """Return what pictures say in words, as they are made."""
    found: list[Any] = []
    original = picture.sheet_of

    def keep(*args: Any) -> Any:
        found.append(original(*args))
        return found[-1]

    monkeypatch.setattr(picture, "sheet_of", keep)
    return found


def test_a_picture_has_the_size_that_was_asked(town: FlaskClient) -> None:
    assert drawn(town).shape == (420, 640, 3)
    assert drawn(town, scale=2, width=500, height=360).shape == (720, 1000, 3)


def test_the_density_is_drawn_in_the_page_s_classes_with_its_legend(town: FlaskClient) -> None:
    shades, light = colours("light"), drawn(town)
    frame = town.get("/api/layers/density").get_json()
    symbols = {feature["properties"]["symbol"] for feature in frame["features"]}
    ground = np.array((245, 245, 243))
    for symbol in symbols - {"ramp-zero"}:
        on_map = np.rint(ground + 0.64 * (np.array(shades[symbol]) - ground))
        assert shades_of(light[:, :350], tuple(on_map)) > 500, symbol
        assert shades_of(light[:, 380:], tuple(on_map), 2) > 100, symbol  # its swatch
    dark = drawn(town, theme="dark")
    assert shades_of(dark, colours("dark")["surface"]) > 20_000 > shades_of(light, colours("dark")["surface"])


@pytest.mark.parametrize("layer", ["heat", "incidents", "cameras", "grids", "places", "zones", "views", "assignment"])
def test_every_layer_changes_the_map(town: FlaskClient, layer: str) -> None:
    plain, with_layer = drawn(town, layers=""), drawn(town, layers=layer)
    assert (plain[80:330, 20:370] != with_layer[80:330, 20:370]).any(axis=2).sum() > 20
    assert (plain[80:330, 390:] != with_layer[80:330, 390:]).any()  # its legend


def test_compared_and_tested_windows_are_told(town: FlaskClient, said: list[Any]) -> None:
    drawn(town, layers="change,hotspots", **{"from": "2024-06-01", "to": "2024-06-03", "against": "previous"})
    assert "Change: 1 Jun 2024 to 2 Jun 2024 (Asia/Shanghai)" in said[0].lines[0]
    assert "against 30 May 2024 to 31 May 2024 (Asia/Shanghai)" in said[0].lines[0]
    drawn(town, layers="hotspots", steps=1)
    assert "Hot spots: " not in said[1].lines[0] or " to 3 Jun 2024" in said[1].lines[0]


def test_coverage_is_drawn_once_it_is_worked_out(town: FlaskClient) -> None:
    assert town.get("/api/coverage?wait_s=60").get_json()["totals"] is not None
    assert shades_of(drawn(town, layers="coverage")[:, :370], (245, 245, 243)) < shades_of(
        drawn(town, layers="")[:, :370], (245, 245, 243)
    )


def test_filters_select_what_is_drawn(town: FlaskClient) -> None:
    everything, noise = drawn(town, layers="incidents"), drawn(town, layers="incidents", category="noise")
    incident = colours("light")["incident"]
    assert shades_of(everything[:, :370], incident) > shades_of(noise[:, :370], incident) > 0


def test_the_words_of_a_picture(town: FlaskClient, said: list[Any]) -> None:
    query = {"from": "2024-05-31", "to": "2024-06-03", "category": "theft", "hours": "8-9,22", "weekdays": "6,7"}
    drawn(town, layers="density,incidents", **query)
    drawn(town, layers="density", lang="zh", title="五月")
    english, chinese = said
    assert english.title == "Incident density, Incidents"
    assert english.lines == (
        "Incidents: 31 May 2024 to 2 Jun 2024 (Asia/Shanghai) · Categories: theft · "
        "Hours: 08:00–10:00, 22:00–23:00 · Weekdays: Sat, Sun · Grid level: unit grid",
    )
    revision = town.get("/api/status").get_json()["revision"]
    assert f"Data revision {revision}" in english.foot[0] and "EPSG:32635" in english.foot[0]
    assert english.foot[1].startswith("Sources:") and english.badge == "Simulated data: Incidents"
    assert chinese.title == "五月" and chinese.badge == "模拟数据：事件" and "数据版本" in chinese.foot[0]
    assert chinese.approval == "" and chinese.north == "北"


def test_the_approval_number_of_the_settings_is_printed(town_app: Flask, said: list[Any]) -> None:
    settings = replace(town_app.extensions["atlas"].settings, map_approval="GS(2024)0001号\n<b>")
    app = create_app(settings)
    with_number = drawn(app.test_client(), lang="zh")
    app.extensions["atlas"].close()
    assert said[0].approval == "审图号：GS(2024)0001号 <b>"
    without = drawn(town_app.test_client(), lang="zh")
    assert (with_number[-40:] != without[-40:]).any()


def test_hostile_texts_are_drawn_as_text(town: FlaskClient, said: list[Any]) -> None:
    drawn(town, layers="places,cameras", title='<script>alert(1)</script>\u202e{count}"%s')
    assert said[0].title == '<script>alert(1)</script>{count}"%s'


@pytest.mark.parametrize(
    ("query", "field", "part"),
    [
        ({"width": 20}, "width", "480"), ({"height": 9000}, "height", "4096"), ({"width": "x"}, "width", ""),
        ({"width": 4096, "height": 4096, "scale": 2}, "scale", "scale 1"), ({"scale": 3}, "scale", "1, 2"),
        ({"layers": "density,people"}, "layers", "density"), ({"layers": "timeline"}, "layers", "heat"),
        ({"bbox": "1,2,3"}, "bbox", "west"), ({"bbox": "3,2,1,4"}, "bbox", "west"),
        ({"centre": "91,0"}, "centre", "latitude"),
        ({"centre": "nan,0"}, "centre", "latitude"), ({"theme": "sepia"}, "theme", "light"),
        ({"zoom": 99}, "zoom", "24"), ({"from": "soon"}, "from", "2024"), ({"title": "x" * 300}, "title", "200"),
    ],
)  # fmt: skip
def test_what_cannot_be_drawn_is_refused(town: FlaskClient, query: dict[str, Any], field: str, part: str) -> None:
    error = refused(town, **query)
    assert error["field"] == field and part in error["remedy"] + error["message"]


def test_the_largest_picture_is_within_the_limit() -> None:
    assert 4096 * 3906 <= picture.MOST_PX < 4096 * 4096


def test_an_empty_store_gives_an_empty_map_that_says_so(client: FlaskClient, said: list[Any]) -> None:
    image = drawn(client, layers="density,incidents,heat,grids,cameras")
    assert image.shape == (420, 640, 3)
    assert said[0].lines[0].startswith("Incidents: No incident with a time yet.") and "not recorded" in said[0].foot[1]


def test_who_comes_when_too_many_are_made_is_told_to_come_again(
    town: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(PICTURES, "_wait_s", 0.01)
    with PICTURES.entered(), PICTURES.entered():
        answer = town.get(URL, query_string={**SMALL, "title": "another"})
    assert (answer.status_code, answer.headers["Retry-After"]) == (429, "5")
    assert "5 seconds" in answer.get_json()["error"]["remedy"]
    assert drawn(town, title="another").shape == (420, 640, 3)


def test_a_missing_font_is_said(town: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(picture, "FONTS", ("/nowhere.ttf",))
    answer = town.get(URL, query_string={**SMALL, "title": "fonts"})
    assert answer.status_code == 503 and "fonts-noto-cjk" in answer.get_json()["error"]["remedy"]


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_pictures_have_the_colours_of_the_style_sheet(
    theme: str,
) -> None:
    shades = colours(theme)
    # The heat's ramp is written down twice, in the style sheet and beside the heat map.
    for ramp, stops in RAMPS.items():
        token = "ramp" if ramp == "rose" else f"ramp-{ramp}"
        assert tuple(shades[f"{token}-{step}"] for step in range(5)) == stops[theme]
    assert {"surface", "text", "muted", "halo", "incident", "camera", "no-data", "grid-line", "warn-bg"} <= set(shades)
    assert shades["text"] != colours("dark" if theme == "light" else "light")["text"]
