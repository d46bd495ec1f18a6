"""The environment of the process that reads a file: nothing of the parent's, no network, few threads."""

from __future__ import annotations

import os
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]

# Drivers that open addresses, other files or programs; what remains is told by content before GDAL sees a file.
GDAL_SKIP = (
    "AmigoCloud",
    "Carto",
    "CSW",
    "EEDA",
    "EEDAI",
    "Elasticsearch",
    "GDALG",
    "GMLAS",
    "GTI",
    "HTTP",
    "MBTiles",
    "MongoDBv3",
    "MVT",
    "MySQL",
    "NAS",
    "NGW",
    "OAPIF",
    "ODBC",
    "OGCAPI",
    "OGR_VRT",
    "PDF",
    "PLMOSAIC",
    "PLSCENES",
    "PostgreSQL",
    "PostGISRaster",
    "STACIT",
    "STACTA",
    "VRT",
    "WCS",
    "WFS",
    "WMS",
    "WMTS",
    "DAAS",
    "GPSBabel",
)
_GDAL = {
    "GDAL_SKIP": ",".join(GDAL_SKIP),
    "OGR_SKIP": ",".join(GDAL_SKIP),
    "CPL_VSIL_CURL_ALLOWED_EXTENSIONS": "{none}",
    "CPL_VSIL_CURL_ALLOWED_FILENAME": "/vsicurl/none",
    "GDAL_HTTP_PROXY": "127.0.0.1:1",
    "GDAL_HTTP_TIMEOUT": "1",
    "GDAL_DRIVER_PATH": "disable",
    "OGR_GEOJSON_MAX_OBJ_SIZE": "200",
    "OGR_SQLITE_LOAD_EXTENSIONS": "",
    "OGR_SQLITE_ALLOW_EXTERNAL_ACCESS": "NO",
    "SHAPE_RESTORE_SHX": "YES",
    "CPL_DEBUG": "OFF",
    "GDAL_PAM_ENABLED": "NO",
    "GDAL_NUM_THREADS": "1",
    "PROJ_NETWORK": "OFF",
}
# Each pool of threads reserves address space of its own, which the memory limit counts.
_THREADS = {
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "ARROW_IO_THREADS": "2",
    "ARROW_DEFAULT_MEMORY_POOL": "system",
    "MALLOC_ARENA_MAX": "2",
}
_PROXIES = dict.fromkeys(("http_proxy", "https_proxy", "ftp_proxy", "all_proxy"), "http://127.0.0.1:1")


def environment(scratch: Path) -> dict[str, str]:
    """Return the whole environment of the child: nothing of the parent's but the place of the programs."""
    return {
        "PATH": os.defpath,
        "PYTHONPATH": str(ROOT),
        "PYTHONDONTWRITEBYTECODE": "1",
        "PYTHONUTF8": "1",
        "LANG": "C.UTF-8",
        "HOME": str(scratch),
        "TMPDIR": str(scratch),
        "TZ": "UTC",
        **_PROXIES,
        **_THREADS,
        **_GDAL,
    }
