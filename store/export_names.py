"""Names of columns in a Shapefile: at most 10 letters each; these stay the same from version to version."""

from __future__ import annotations

from types import MappingProxyType

DBF_NAMES = MappingProxyType(
    {
        "occurred_at": "occurredat",
        "azimuth_deg": "azimuthdeg",
        "azimuth_tolerance_deg": "azimtoldeg",
        "retention_days": "retentdays",
    }
)
DBF_DERIVED = MappingProxyType(
    {
        "possible_m2": "possiblem2", "seen_by_2_m2": "seen2_m2", "seen_by_3_m2": "seen3_m2",
        "streets_seen_m": "str_seen_m", "streets_certain_m": "str_cert_m", "incidents_seen": "inc_seen",
        "incidents_certain": "inc_cert", "incidents_unseen": "inc_unseen", "places_seen": "plac_seen",
        "places_certain": "plac_cert", "loss_camera": "loss_cam", "nearest_camera": "near_cam",
        "nearest_name": "near_name", "range_assumed": "rangeassum",
        # of the exposure audit, classes of both editions of the standard among them
        "certain_share": "cert_share", "possible_share": "poss_share", "mask_from_deg": "mask_from",
        "mask_to_deg": "mask_to", "without_sign": "no_sign", "retention_short": "ret_short",
        "recognise_m2": "recogn_m2", "identify_m2": "identif_m2", "perceive_m2": "perceiv_m2",
        "characterise_m2": "charact_m2", "validate_m2": "validat_m2", "scrutinise_m2": "scrutin_m2",
        "overview_m2": "overvie_m2",
    }
)  # fmt: skip
