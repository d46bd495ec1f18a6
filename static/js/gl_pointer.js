// What lies under the pointer on the WebGL map: found among the layers that want to be told, marked and given a tooltip.
/* global L */

import { idsOf } from "./gl_scene.js";

const REACH_PX = 4; // how near the pointer must be to a point or a line

const keyOf = (feature) => `${feature.source} ${feature.sourceLayer} ${feature.id ?? JSON.stringify(feature.properties)}`;
const rowOf = (feature) => ({ ...feature.properties, _layer: feature.sourceLayer, _id: feature.id ?? null });

export class Pointer {
  /** `layer`: the Leaflet layer that holds the MapLibre map; `theme`: function that returns the present one. */
  constructor(leaflet, layer, entries, theme) {
    Object.assign(this, { leaflet, layer, entries, theme, glMap: layer.getMaplibreMap(), found: null, hushed: false });
    this.tooltip = L.tooltip({ direction: "top", offset: [0, -8], interactive: false });
    let next = null, waiting = false;
    leaflet.on("mousemove", (event) => {
      next = event;
      if (waiting) return;
      waiting = true;
      requestAnimationFrame(() => { waiting = false; if (next) this.move(next); next = null; });
    });
    leaflet.on("mouseout movestart zoomstart", () => { next = null; this.leave(); });
  }

  /** The top feature under an event of the Leaflet map among the layers that have `kind`: "hover" or "click". */
  under(event, kind) {
    if (this.layer._zooming) return null;
    const { glMap } = this;
    const ids = [...this.entries].filter(([, entry]) => entry[kind] && entry.visible)
      .flatMap(([name, entry]) => idsOf(name, entry, this.theme())).filter((id) => glMap.getLayer(id));
    if (!ids.length) return null;
    const at = event.layerPoint.subtract(L.DomUtil.getPosition(this.layer.getContainer()));
    const box = [[at.x - REACH_PX, at.y - REACH_PX], [at.x + REACH_PX, at.y + REACH_PX]];
    const all = glMap.queryRenderedFeatures(box, { layers: ids });
    // A point may be met nearby; an area only where it is.
    const keyAndLayer = (one) => `${one.layer.id} ${keyOf(one)}`;
    const exact = new Set(glMap.queryRenderedFeatures([at.x, at.y], { layers: ids }).map(keyAndLayer));
    return all.find((one) => one.geometry.type === "Point" || exact.has(keyAndLayer(one))) ?? null;
  }

  mark(on) {
    const { source, sourceLayer, id } = this.found;
    if (id !== undefined && this.glMap.getSource(source)) this.glMap.setFeatureState({ source, sourceLayer, id }, { hover: on });
  }

  leave() {
    if (!this.found) return;
    this.mark(false);
    this.entries.get(this.found.source)?.hover?.(null, null);
    this.found = null;
    this.tooltip.remove();
    this.leaflet.getContainer().style.cursor = "";
  }

  move(event) {
    const now = this.hushed ? null : this.under(event, "hover");
    if (!now) this.leave();
    else if (this.found && keyOf(now) === keyOf(this.found)) {
      if (this.leaflet.hasLayer(this.tooltip)) this.tooltip.setLatLng(event.latlng);
    } else {
      this.leave();
      this.found = now;
      this.mark(true);
      const entry = this.entries.get(now.source);
      this.leaflet.getContainer().style.cursor = entry.click ? "pointer" : "";
      const body = entry.hover(rowOf(now), event);
      if (body) this.tooltip.setContent(body).setLatLng(event.latlng).addTo(this.leaflet);
      else this.tooltip.remove();
    }
  }

  /** Hand a click to what it met; whether anything took it. */
  pick(event) {
    const hit = this.under(event, "click");
    if (!hit) return false;
    this.entries.get(hit.source).click(rowOf(hit), event);
    return true;
  }

  hush(on) {
    this.hushed = on;
    if (on) this.leave();
  }
}
