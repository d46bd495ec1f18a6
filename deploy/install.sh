#!/bin/sh
# Installs GridAtlas from this folder, without any network: ./install.sh [--check] [FOLDER]
# FOLDER (default /opt/gridatlas) gets the program, its Python environment and browser files. A store that lies
# elsewhere is not touched; installing again over an older version replaces the program only.
# --check only says what this machine lacks.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
only_check=no
[ "${1:-}" = "--check" ] && { only_check=yes; shift; }
target=${1:-/opt/gridatlas}

say() { printf '==> %s\n' "$*" >&2; }

# The wheels are for one Python; the name of its wheels stands in about.json.
wanted=$(sed -n 's/.*"python": "cp\([0-9]\)\([0-9]*\)".*/\1.\2/p' "$here/about.json")
python=
for candidate in "${PYTHON:-}" "python$wanted" python3; do
    if [ -n "$candidate" ] && command -v "$candidate" >/dev/null 2>&1 && "$candidate" - "$wanted" >/dev/null 2>&1 <<'PY'
import sys, venv, ensurepip, sqlite3
assert "%d.%d" % sys.version_info[:2] == sys.argv[1]
sqlite3.connect(":memory:").execute("create virtual table t using rtree(id, a, b)")
PY
    then
        python=$candidate
        break
    fi
done

missing=
[ -n "$python" ] || missing="$missing python$wanted python$wanted-venv"
for library in libpango-1.0-0:libpango-1.0.so.0 libpangoft2-1.0-0:libpangoft2-1.0.so.0 libharfbuzz-subset0:libharfbuzz-subset.so.0; do
    { /sbin/ldconfig -p 2>/dev/null || ldconfig -p; } | grep -qF "${library#*:}" || missing="$missing ${library%%:*}"
done
command -v fc-cache >/dev/null 2>&1 || missing="$missing fontconfig"
if [ -n "$missing" ]; then
    say "This machine lacks packages of the system:$missing"
    say "Install them from your system's medium or mirror (Debian: apt-get install$missing), then run this again."
    exit 1
fi
[ "$only_check" = yes ] && { say "Nothing is missing."; exit 0; }

say "Installing into $target"
mkdir -p "$target"
# What an older version left must not be served; the store, if somebody put it here, stays in instance/.
for part in "$here"/program/* "$here"/program/.[!.]*; do
    [ -e "$part" ] || continue
    name=$(basename "$part")
    [ "$name" = instance ] && continue
    rm -rf "${target:?}/$name"
    cp -R "$part" "$target/$name"
done
"$python" -m venv --clear "$target/.venv"
"$target/.venv/bin/python" -m pip install --quiet --disable-pip-version-check --no-index --no-deps \
    --find-links "$here/wheels" --require-hashes -r "$here/requirements.txt" >&2
"$target/.venv/bin/python" -m pip check >&2

if [ "$(id -u)" = 0 ] && [ -z "${GRIDATLAS_FONTS:-}" ]; then fonts=/usr/local/share/fonts/gridatlas; else fonts=${GRIDATLAS_FONTS:-$HOME/.local/share/fonts/gridatlas}; fi
mkdir -p "$fonts"
cp "$here"/fonts/* "$fonts/"
fc-cache -f "$fonts" >/dev/null 2>&1 || say "The font cache could not be renewed: run fc-cache."
mkdir -p "$target/fonts"
cp "$here"/fonts/* "$target/fonts/"

say "Compiling the numeric kernels (once)"
(cd "$target" && .venv/bin/python -c 'from geo import assign; from layers import warming; from layers.rasters import paint
assign.warm(); paint.warm(); warming.warm()' >&2)
(cd "$target" && .venv/bin/python -m web.serve --check)
say "Installed. Start it:   cd $target && .venv/bin/python -m web.serve"
say "As a service: see $target/deploy/gridatlas.service and docs/operations.md."
