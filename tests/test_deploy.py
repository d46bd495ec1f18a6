"""What is handed to an operator: the bundle installs and serves without a network, unit and proxy files are sound."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from layers.assets import PACKAGES, addresses
from web.checks import pinned

ROOT = Path(__file__).resolve().parents[1]
DEPLOY = ROOT / "deploy"
FULL = os.environ.get("ATLAS_FULL") == "1"
NO_NETWORK = ["unshare", "-n"] if os.geteuid() == 0 else ["unshare", "-rn"]
# Serves from the installed folder with only a loopback interface, and fetches what pages need.
FETCH = """
import json, sys, time, urllib.request
base = "http://127.0.0.1:5999"
for _ in range(180):
    try:
        urllib.request.urlopen(base + "/readyz", timeout=30).close()
        break
    except OSError:
        time.sleep(1)
found = {}
for path in sys.argv[1:]:
    with urllib.request.urlopen(base + path, timeout=120) as answer:
        found[path] = [answer.status, answer.headers.get_content_type(), len(answer.read())]
print(json.dumps(found))
"""
SERVE = """
set -e
ip link set lo up 2>/dev/null || true
.venv/bin/flask --app app demo --if-empty >&2
.venv/bin/python -m web.serve >server.log 2>&1 &
server=$!
.venv/bin/python fetch.py "$@"
kill $server
wait $server || true
"""
PAGES = ["/command", "/planner", "/grids", "/api/density", "/tiles/heat/13/4663/2371.png", "/assets/leaflet/leaflet.js",
         "/api/bulletin.pdf?month=2024-05&lang=zh"]  # fmt: skip


def test_the_bundle_is_made_of_what_the_service_needs() -> None:
    script = (ROOT / "script" / "bundle").read_text("utf-8")
    assert "git" in script and "requirements.in" in script
    runtime = {re.split(r"[ ;#]", line)[0] for line in (ROOT / "requirements.in").read_text("utf-8").splitlines()}
    assert runtime - {""} <= set(pinned(ROOT / "requirements.txt"))
    for address in addresses():
        _, _, package, name = address.split("/", 3)
        assert (ROOT / "node_modules" / PACKAGES[package] / name).is_file()


def test_the_installer_is_sound_and_names_what_is_missing(tmp_path: Path) -> None:
    script = DEPLOY / "install.sh"
    assert script.stat().st_mode & 0o111
    subprocess.run(["sh", "-n", str(script)], check=True)
    shutil.copy(script, tmp_path)
    (tmp_path / "about.json").write_text('{\n "python": "cp399"\n}\n')
    said = subprocess.run(["sh", "install.sh", "--check"], cwd=tmp_path, capture_output=True, text=True)
    assert said.returncode == 1 and "python3.99-venv" in said.stderr and "apt-get install" in said.stderr
    assert sorted(path.name for path in tmp_path.iterdir()) == ["about.json", "install.sh"]


def test_the_unit_is_sound(tmp_path: Path) -> None:
    text = (DEPLOY / "gridatlas.service").read_text("utf-8")
    for line in (
        "NoNewPrivileges=yes",
        "ProtectSystem=strict",
        "PrivateTmp=yes",
        "CapabilityBoundingSet=",
        "UMask=0077",
    ):
        assert line in text.splitlines()
    if shutil.which("systemd-analyze") is None:
        pytest.skip("systemd is not on this machine")
    unit = tmp_path / "gridatlas.service"
    unit.write_text(text.replace("/opt/gridatlas/.venv/bin/python", sys.executable), "utf-8")
    found = subprocess.run(["systemd-analyze", "verify", "--man=no", str(unit)], capture_output=True, text=True)
    assert (found.returncode, found.stdout + found.stderr) == (0, "")


def test_the_proxy_hides_what_is_for_this_machine_and_holds_no_stream_back(tmp_path: Path) -> None:
    text = (DEPLOY / "nginx.conf").read_text("utf-8")
    assert text.count("{") == text.count("}")
    assert "location = /metrics { return 404; }" in text
    stream = text.split("location = /api/stream {")[1].split("}")[0]
    assert "proxy_buffering off;" in stream
    for header in ("X-Forwarded-For $remote_addr", "X-Forwarded-Proto $scheme", "X-Forwarded-Host $host"):
        assert f"proxy_set_header {header};" in text  # overwritten, never passed on


@pytest.mark.slow
@pytest.mark.skipif(not FULL, reason="makes and installs a bundle of 330 MB: ATLAS_FULL=1")
def test_the_bundle_installs_and_serves_without_a_network(tmp_path: Path) -> None:
    made = subprocess.run(
        [sys.executable, "script/bundle", str(tmp_path / "dist")], cwd=ROOT, check=True, capture_output=True, text=True
    )
    about = json.loads(made.stdout.splitlines()[-1])
    unpack = "--zstd" if about["file"].endswith(".zst") else "-z"
    subprocess.run(["tar", unpack, "-xf", about["file"], "-C", str(tmp_path)], check=True)
    target, home = tmp_path / "installed", tmp_path / "home"
    home.mkdir()
    python = Path(sys.executable).resolve().parent / f"python{sys.version_info.major}.{sys.version_info.minor}"
    environment = {
        "PATH": os.environ["PATH"], "HOME": str(home), "PYTHON": str(python), "GRIDATLAS_FONTS": str(home / "fonts"),
        "ATLAS_STORE": str(tmp_path / "store" / "atlas.gpkg"), "ATLAS_PORT": "5999",
    }  # fmt: skip
    subprocess.run([*NO_NETWORK, str(tmp_path / "gridatlas" / "install.sh"), str(target)], check=True, env=environment)
    (target / "fetch.py").write_text(FETCH, "utf-8")
    (tmp_path / "store").mkdir()
    served = subprocess.run(
        [*NO_NETWORK, "sh", "-c", SERVE, "sh", *PAGES], cwd=target, env=environment, check=True, stdout=subprocess.PIPE
    )
    found = json.loads(served.stdout.splitlines()[-1])
    assert [found[path][0] for path in PAGES] == [200] * len(PAGES)
    assert found[PAGES[-1]][1] == "application/pdf"
    with pytest.raises(subprocess.CalledProcessError):  # there really is no network in there
        probe = "import socket; socket.create_connection(('192.0.2.1', 80), 3)"
        subprocess.run([*NO_NETWORK, sys.executable, "-c", probe], check=True, stderr=subprocess.DEVNULL)
