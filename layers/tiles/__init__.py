"""Vector tiles: the base map as an archive that GDAL writes in a process of its own, and live layers tile by tile."""
