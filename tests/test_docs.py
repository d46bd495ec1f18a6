"""The docs against the program: fields, options, command lines, routes, examples and the Chinese counterparts."""

from __future__ import annotations

import json
import re
import shlex
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
import pytest
from flask import Flask
from flask.testing import FlaskClient

from app import create_app
from layers.warming import warm
from settings import Settings
from store.intake.aliases import ALIASES, LAT, LON, X, Y
from store.intake.guard import by_header
from store.intake.texts import plain
from store.schema import LAYERS
from store.store import Store
from tests.web.conftest import fill
from web.openapi import PATHS

ROOT = Path(__file__).resolve().parents[1]
DOCS, CHINESE = ROOT / "docs", ROOT / "docs" / "zh"
GUIDES = (
    "command", "compare", "bulletin", "planner", "states", "coverage", "hotspots", "whatif", "grids", "heat",
    "import", "live", "operations", "privacy", "accounts", "areas",
)  # fmt: skip
FOR_PROGRAMMERS = {"api", "asvs"}  # in English only, as the descriptions in /api/openapi.json are
PAGES = (ROOT / "README.md", *sorted(DOCS.glob("*.md")), *sorted(CHINESE.glob("*.md")))
IMPORT_PAGES = (DOCS / "import.md", CHINESE / "import.md")
FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.DOTALL | re.MULTILINE)


def name_of(page: Path) -> str:
    return page.relative_to(ROOT).as_posix()


def text_of(page: Path) -> str:
    return page.read_text("utf-8")


def fences(text: str, language: str) -> list[str]:
    return [body for found, body in FENCE.findall(text) if found == language]


def headings(page: Path) -> list[int]:
    """Return the level of each heading, in order; comments in code are none."""
    return [len(found) for found in re.findall(r"^(#+) ", FENCE.sub("", text_of(page)), re.MULTILINE)]


def field_tables(page: Path) -> dict[str, dict[str, tuple[str, list[str]]]]:
    """Return layer -> field -> what it holds, and the known column names, as the page's tables say."""
    found: dict[str, dict[str, tuple[str, list[str]]]] = {}
    for section in re.split(r"^### ", text_of(page), flags=re.MULTILINE)[1:]:
        rows = re.findall(r"^\| `(\w+)` \| ([^|]*) \| ((?:`[^`|]+` ?)+) \|$", section, re.MULTILINE)
        if rows:
            layer = re.split(r"\W", section, maxsplit=1)[0]
            found[layer] = {field: (holds, re.findall(r"`([^`]+)`", names)) for field, holds, names in rows}
    return found


@pytest.fixture(scope="module")
def application(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Flask]:
    warm()  # no test of a request waits for the compiler
    folder = tmp_path_factory.mktemp("docs")
    with Store.open(folder / "atlas.gpkg") as store:
        fill(store)
    app = create_app(Settings(store=str(folder / "atlas.gpkg"), instance=folder))
    yield app
    app.extensions["atlas"].close()


@pytest.fixture(scope="module")
def service(application: Flask) -> FlaskClient:
    return application.test_client()


# Importing


@pytest.mark.parametrize("page", IMPORT_PAGES, ids=name_of)
def test_every_field_stands_in_the_import_guide_with_its_column_names(page: Path) -> None:
    tables = field_tables(page)
    for layer, spec in LAYERS.items():
        assert tuple(tables[layer]) == spec.names
        for column in spec.columns:
            holds, names = tables[layer][column.name]
            assert tuple(map(plain, names)) == ALIASES[layer][column.name], f"{layer}.{column.name}"
            assert column.required == bool(re.search("needed|必填", holds)), f"{layer}.{column.name}"
            for bound in (column.low, column.high):
                assert bound is None or re.search(rf"(?<![\d-]){bound:g}\b", holds), f"{layer}.{column.name}"
            assert column.unit in holds


@pytest.mark.parametrize("page", IMPORT_PAGES, ids=name_of)
def test_the_names_of_coordinate_columns_are_listed(page: Path) -> None:
    (coordinates,) = [table for table in field_tables(page).values() if "lon" in table]
    for field, names in {"lon": LON, "lat": LAT, "x": X, "y": Y}.items():
        assert [plain(name) for name in coordinates[field][1]] == list(dict.fromkeys(names))


@pytest.mark.parametrize("page", IMPORT_PAGES, ids=name_of)
def test_every_option_of_import_is_listed_and_no_other(application: Flask, page: Path) -> None:
    command = application.cli.commands["import"]
    options = {name for option in command.params for name in option.opts if name.startswith("--")}
    listed = set(re.findall(r"^\| `(--[a-z-]+)[ `]", text_of(page), re.MULTILINE))
    assert listed == options


@pytest.mark.parametrize("page", IMPORT_PAGES, ids=name_of)
def test_column_names_said_to_be_personal_are(page: Path) -> None:
    section = re.split(r"^## ", text_of(page), flags=re.MULTILINE)
    (table,) = [part for part in section if part.startswith(("Places only", "只管地点"))]
    headers = [name for row in re.findall(r"^\|.*\|$", table, re.MULTILINE)[2:]
               for name in re.findall(r"`([^`]+)`", row.split("|")[2])]  # fmt: skip
    assert len(headers) > 20
    assert [header for header in headers if by_header(header) is None] == []


# Commands


def command_lines() -> list[tuple[str, str]]:
    found = []
    for page in PAGES:
        text = text_of(page)
        lines = [line for body in fences(text, "sh") for line in body.replace("\\\n", " ").splitlines()]
        inline = re.findall(r"`(flask [^`]+)`", FENCE.sub("", text))
        found += [(name_of(page), line.strip()) for line in lines if line.strip().startswith("flask ")]
        found += [(name_of(page), line) for line in inline]
    return list(dict.fromkeys(found))


@pytest.mark.parametrize(("page", "line"), command_lines())
def test_command_lines_parse(application: Flask, page: str, line: str) -> None:
    _, name, *arguments = shlex.split(line, comments=True)
    command = application.cli.commands[name]
    if not arguments or all(argument.startswith("--") for argument in arguments):
        # The command is only named, perhaps with an option that every use may have.
        arguments = [*arguments, *(["grids", "file.csv"] if name in ("import", "export") else [])]
    context = command.make_context(name, arguments)
    for option, sign in (("mapping", "="), ("const", "=")):
        assert all(sign in pair for pair in context.params.get(option, ())), f"{page}: {line}"


def test_a_wrong_command_line_would_be_found(application: Flask) -> None:
    with pytest.raises(click.UsageError):
        application.cli.commands["import"].make_context("import", ["grids", "file.csv", "--no-such-option"])
    assert len(command_lines()) > 20


def example(title: str) -> list[list[str]]:
    """Return the arguments of the command lines of an example of the import guide."""
    section = text_of(DOCS / "import.md").split(f"## Example: {title}")[1].split("\n## ")[0]
    return [shlex.split(line)[1:] for line in fences(section, "sh")[0].splitlines()]


def run(folder: Path, data: Path, lines: list[list[str]], *more: str) -> list[dict[str, Any]]:
    """Run import lines on real files, with a store in `folder`; return their reports."""
    app = create_app(Settings(store=str(folder / "atlas.gpkg"), instance=folder, lang="en"))
    try:
        reports = []
        for line in lines:
            found = [str(data / word) if (data / word).is_file() else word for word in line]
            found = [str(folder / word) if word == "rejects.csv" else word for word in found]
            result = app.test_cli_runner().invoke(args=[*found, "--format", "json", *more])
            assert result.exit_code == 0, result.output
            reports.append(json.loads(result.stdout))
        return reports
    finally:
        app.extensions["atlas"].close()


def test_the_example_of_washington(tmp_path: Path, shared_data: Path) -> None:
    *imports, density = run(tmp_path, shared_data / "dc", example("three levels"))
    assert [(report["accepted"], report["rejected"]) for report in imports] == [(8, 0), (40, 0), (296, 0), (2870, 0)]
    assert any(note.startswith("1 rows repeat the “CCN”") for note in imports[-1]["notes"])
    assert (density["level"], density["total"], len(density["grids"])) == ("anc", 2870, 40)


def test_the_example_of_saint_louis(tmp_path: Path, shared_data: Path) -> None:
    (report,) = run(tmp_path, shared_data / "stl" / "monthly", example("a month"))
    assert (report["accepted"], report["rejected"]) == (3747, 66)
    notes = "\n".join(report["notes"])
    for said in ("month/day/year: 2175 rows", "16 times in “DateOccur” occur twice", "60 rows have a negative “Count”",
                 "126 rows without an id are the same"):  # fmt: skip
        assert said in notes


# The API


def api_sections() -> dict[tuple[str, str], str]:
    parts = re.split(r"^### `(GET|POST|PUT|DELETE) ([^`]+)`$", text_of(DOCS / "api.md"), flags=re.MULTILINE)
    return {(parts[i].lower(), parts[i + 1]): parts[i + 2] for i in range(1, len(parts), 3)}


def operations() -> dict[tuple[str, str], dict[str, Any]]:
    return {(method, path): found for path, methods in PATHS.items() for method, found in methods.items()}


def test_every_route_is_described_and_no_other() -> None:
    assert set(api_sections()) == set(operations())


@pytest.mark.parametrize("route", list(operations()), ids=" ".join)
def test_every_parameter_is_named(route: tuple[str, str]) -> None:
    section = api_sections()[route]
    described = {parameter["name"] for parameter in operations()[route]["parameters"]} - {"X-CSRF-Token", "lang"}
    named = set(re.findall(r"`(\w+)`", section))
    assert described - named == set()


@pytest.mark.parametrize("route", list(operations()), ids=" ".join)
def test_json_answers_have_an_example(route: tuple[str, str]) -> None:
    responses = operations()[route]["responses"]
    media = next(iter(next(iter(responses.values()))["content"]))
    if media.endswith("json") and route != ("post", "/api/uploads/{upload_id}/preview"):  # the same as of the upload
        (shown,) = fences(api_sections()[route], "json")
        assert isinstance(json.loads(shown), dict)


def test_bodies_in_the_text_are_json() -> None:
    bodies = re.findall(r"Body: `([^`]+)`", text_of(DOCS / "api.md"))
    assert len(bodies) == 2
    for body in bodies:
        assert {"layer"} <= set(json.loads(body)) <= {"layer", "options", "dry_run"}


ASKED = ["/healthz", "/api/openapi.json", "/api/audit",
         "/api/csrf", "/api/status", "/api/density", "/api/grids", "/api/assignment",
         "/api/cameras", "/api/rhythm", "/api/compare", "/api/score", "/api/hotspots", "/api/coverage",
         "/api/coverage/status", "/api/blindspots",
         "/api/views", "/api/inventory", "/api/fragility", "/api/exposure", "/api/public", "/api/standards",
         "/api/imports",
         "/api/layers/{name}"]  # fmt: skip


@pytest.mark.parametrize("path", ASKED)
def test_examples_have_the_keys_of_the_answer(service: FlaskClient, path: str) -> None:
    (shown,) = fences(api_sections()["get", path], "json")
    said = json.loads(shown)
    answer = service.get(path.replace("{name}", "density"))
    assert answer.status_code == 200
    found = json.loads(answer.data)
    assert set(said) == set(found)
    assert unknown_keys(said, found) == []


def unknown_keys(said: Any, found: Any, at: str = "") -> list[str]:
    """Return the keys of an example that the answer does not have; only first members of lists are compared."""
    if isinstance(said, list) and isinstance(found, list) and said and found:
        return unknown_keys(said[0], found[0], f"{at}[]")
    if not isinstance(said, dict) or not isinstance(found, dict) or not found:
        return []
    wrong = [f"{at}.{name}" for name in said if name not in found]
    return wrong + [
        key for name in said if name in found for key in unknown_keys(said[name], found[name], f"{at}.{name}")
    ]


def test_the_example_of_an_error_is_one(service: FlaskClient) -> None:
    said = json.loads(fences(text_of(DOCS / "api.md").split("### Errors")[1], "json")[0])
    answer = service.get("/api/density?from=2024-13-01&lang=en")
    assert answer.status_code == 400
    assert json.loads(answer.data) == said


# Chinese


def test_every_guide_has_its_chinese_counterpart() -> None:
    assert {page.stem for page in DOCS.glob("*.md")} == {*GUIDES, *FOR_PROGRAMMERS}
    assert {page.stem for page in CHINESE.glob("*.md")} == set(GUIDES)
    for guide in GUIDES:
        assert headings(DOCS / f"{guide}.md") == headings(CHINESE / f"{guide}.md"), guide


def numbers(text: str) -> Counter[str]:
    """Return how often each number stands in a text outside its code; 10,000 people are 万人 in Chinese."""
    found = Counter(re.findall(r"\d[\d,.]*\d|\d", FENCE.sub("", text)))
    del found["10,000"]
    return found


@pytest.mark.parametrize("guide", GUIDES)
def test_the_chinese_guide_has_the_same_code_and_numbers_and_is_chinese(guide: str) -> None:
    english, chinese = text_of(DOCS / f"{guide}.md"), text_of(CHINESE / f"{guide}.md")
    assert fences(english, "sh") == fences(chinese, "sh")
    assert numbers(english) == numbers(chinese)
    lines = [line for line in FENCE.sub("", chinese).splitlines() if re.search(r"[a-z]{3}", line)]
    assert [line for line in lines if not re.search("[\u4e00-\u9fff]", line)] == []


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_no_page_names_a_place_on_a_machine(page: Path) -> None:
    assert re.findall(r"(?<![\w/.])/(?:work|home|root|tmp|Users)/", text_of(page)) == []
