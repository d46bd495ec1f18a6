"""Print the bench tables: `python -m bench [NAME ...] [--save]`; --save keeps them in bench/RESULTS.md."""

from __future__ import annotations

import argparse
import importlib
import importlib.metadata
from datetime import UTC, datetime
from pathlib import Path

from bench.table import machine, markdown

TABLES = {
    "audit": ("bench.audit_bench", "Audit of the division"),
    "attacks": ("bench.attack_bench", "Hostile files"),
    "balance": ("bench.balance_bench", "Balance and new divisions"),
    "areas": ("bench.area_bench", "Areas of accounts"),
    "edit": ("bench.edit_bench", "Editing the division"),
    "find": ("bench.find_bench", "Finding a name"),
    "geo": ("bench.geo_bench", "Assignment, density"),
    "soak": ("bench.soak", "A long day"),
    "store": ("bench.store_bench", "Store and intake"),
    "measures": ("bench.measures_bench", "Measures of a city"),
    "coverage": ("bench.coverage_bench", "Coverage of a whole city"),
    "heat": ("bench.heat_bench", "Heat map"),
    "hotspots": ("bench.hotspot_bench", "Hot spots"),
    "live": ("bench.live_bench", "Live"),
    "pages": ("bench.page_bench", "Pages"),
    "takeaway": ("bench.takeaway_bench", "Pictures, tables, bulletins"),
    "tiles": ("bench.tile_bench", "Vector tiles"),
    "time": ("bench.time_bench", "Time and profile"),
    "visibility": ("bench.visibility_bench", "Visibility"),
    "whatif": ("bench.whatif_bench", "What-if"),
    "compare": ("bench.compare_bench", "Comparison, score, displacement"),
}
RESULTS = Path(__file__).with_name("RESULTS.md")
VERSIONS = ("numpy", "shapely", "geopandas", "pyogrio", "numba", "folium", "flask")


def main() -> None:
    parser = argparse.ArgumentParser(prog="script/bench", description="Print the bench tables.")
    parser.add_argument("name", nargs="*", choices=[*TABLES, []], help="which tables; all by default")
    parser.add_argument(
        "--save", nargs="?", type=Path, const=RESULTS, metavar="FILE", help="keep the tables, in bench/RESULTS.md"
    )
    arguments = parser.parse_args()
    tables = []
    for name in list(dict.fromkeys(arguments.name)) or TABLES:
        module, title = TABLES[name]
        table = markdown(title, importlib.import_module(module).rows())
        print(table, flush=True)
        tables.append(table)
    if arguments.save:
        versions = ", ".join(f"{name} {importlib.metadata.version(name)}" for name in VERSIONS)
        where = f"{datetime.now(UTC).date().isoformat()}; {machine()}; {versions}"
        head = f"# Measured\n\n{where}. Peers ran in the same run on the same data.\n\n"
        arguments.save.write_text(head + "\n".join(tables), "utf-8")


if __name__ == "__main__":
    main()
