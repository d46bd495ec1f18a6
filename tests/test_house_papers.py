"""What a newcomer reads is true: every package is in the notices, pinned, and no registry host is committed."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]


def pinned() -> list[tuple[str, str]]:
    lines = (ROOT / "requirements.txt").read_text("utf-8").splitlines()
    return [(m[1], m[2]) for line in lines if (m := re.match(r"([A-Za-z0-9._-]+)==(\S+)", line))]


def test_every_installed_package_is_in_the_notices() -> None:
    notices = (ROOT / "NOTICES.md").read_text("utf-8")
    lock = json.loads((ROOT / "package-lock.json").read_text("utf-8"))["packages"]
    browser = [(path.removeprefix("node_modules/"), entry["version"]) for path, entry in lock.items() if path]
    missing = [name for name, version in [*pinned(), *browser] if f"| {name} | {version} |" not in notices]
    assert missing == [], "run script/notices"


def test_every_direct_requirement_is_pinned_and_explained() -> None:
    names = {name.lower().replace("_", "-") for name, _ in pinned()}
    for source in ("requirements.in", "requirements-dev.in"):
        for line in (ROOT / source).read_text("utf-8").splitlines():
            if line and not line.startswith(("#", "-r")):
                name, _, reason = line.partition("#")
                name = name.partition(";")[0]  # only for some machines
                assert name.strip().lower() in names, f"{name.strip()} is not pinned: run script/lock"
                assert reason.strip(), f"{name.strip()} has no reason in {source}"


@pytest.mark.parametrize("name", ["requirements.txt", "package-lock.json", "package.json"])
def test_no_registry_host_is_committed(name: str) -> None:
    text = (ROOT / name).read_text("utf-8")
    assert "--index-url" not in text and "--find-links" not in text
    assert '"resolved"' not in text


def test_no_file_names_a_registry() -> None:
    hosts = ("pypi" + ".org", "pythonhosted" + ".org", "npmjs" + ".org", "npmjs" + ".com", "deb.debian" + ".org")
    pattern = "|".join(host.replace(".", "[.]") for host in hosts)
    found = subprocess.run(["git", "grep", "-lE", pattern], cwd=ROOT, capture_output=True, text=True)
    assert found.returncode == 1, found.stdout + found.stderr


def test_no_third_party_source_is_committed() -> None:
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True).stdout.split()
    assert [path for path in listed if "node_modules" in path or path.endswith((".min.js", ".woff2", ".whl"))] == []


def test_the_commands_of_the_readme_exist() -> None:
    readme = (ROOT / "README.md").read_text("utf-8")
    for command in set(re.findall(r"script/[a-z]+", readme)):
        assert (ROOT / command).stat().st_mode & 0o111, f"{command} cannot be run"


@pytest.mark.parametrize(
    "page", sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")]), ids=lambda page: page.name
)
def test_links_in_the_docs_lead_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\(([^)#\s]+)(?:#[^)]*)?\)", page.read_text("utf-8")):
        if not target.startswith(("http:", "https:", "mailto:")):
            assert (page.parent / target).exists(), f"{page.name}: {target}"
