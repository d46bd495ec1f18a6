"""Map layers: each turns what `geo` computes from a snapshot into features, a legend and a Folium element."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from layers.assignment import AssignmentLayer
from layers.balance import BalanceLayer
from layers.base import Layer
from layers.basemap import Basemap
from layers.cameras import CamerasLayer
from layers.change import ChangeLayer
from layers.coverage import CoverageLayer
from layers.density import DensityLayer
from layers.exposure import ExposureLayer
from layers.findings import FindingsLayer
from layers.grids import GridsLayer
from layers.heat import HeatLayer
from layers.hotspots import HotspotsLayer
from layers.incidents import IncidentsLayer
from layers.places import PlacesLayer
from layers.sections import SectionsLayer
from layers.street_heat import StreetHeatLayer
from layers.timeline import TimelineLayer
from layers.views import ViewsLayer
from layers.zones import ZonesLayer

BASEMAP = Basemap()

_ALL: tuple[Layer, ...] = (
    GridsLayer(),
    DensityLayer(),
    ChangeLayer(),
    BalanceLayer(),
    IncidentsLayer(),
    HeatLayer(),
    StreetHeatLayer(),
    HotspotsLayer(),
    CamerasLayer(),
    ViewsLayer(),
    CoverageLayer(),
    ExposureLayer(),
    PlacesLayer(),
    ZonesLayer(),
    AssignmentLayer(),
    FindingsLayer(),
    SectionsLayer(),
    TimelineLayer(),
)

REGISTRY: Mapping[str, Layer] = MappingProxyType({layer.name: layer for layer in _ALL})
