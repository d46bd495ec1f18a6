// A line drawn on the map, point by point: by clicks or taps, or with the keyboard at the cross in the middle of the map.
/* global L */

import { colour } from "./symbols.js";

/** The line; `on` = {snap(place) -> place, changed(points)}. */
export class Line {
  constructor(map, pane, on) {
    Object.assign(this, { map, on, points: [], under: null });
    this.renderer = L.canvas({ pane });
    this.group = L.layerGroup();
    this.pane = pane;
  }

  start() {
    this.points = [];
    this.group.addTo(this.map);
    this.draw();
  }

  stop() {
    this.points = [];
    this.under = null;
    this.group.clearLayers();
    this.group.remove();
  }

  /** Add a point; one on the last point is none. */
  add(at) {
    const { lon, lat } = this.on.snap(at);
    const last = this.points.at(-1);
    if (last && last.lon === lon && last.lat === lat) return;
    this.points.push({ lon, lat });
    this.draw();
    this.on.changed(this.points);
  }

  back() {
    this.points.pop();
    this.draw();
    this.on.changed(this.points);
  }

  clear() {
    this.points = [];
    this.under = null;
    this.draw();
    this.on.changed(this.points);
  }

  /** The pointer is here: the line would go on to it. */
  hover(at) {
    this.under = this.on.snap(at);
    this.draw();
  }

  draw() {
    this.group.clearLayers();
    const options = { renderer: this.renderer, pane: this.pane, interactive: false };
    const places = this.points.map(({ lon, lat }) => [lat, lon]);
    const next = this.under ? [[this.under.lat, this.under.lon]] : [];
    for (const [color, weight] of [[colour("halo"), 6], [colour("accent"), 3]]) {
      L.polyline(places, { ...options, color, weight }).addTo(this.group);
      if (places.length && next.length) L.polyline([places.at(-1), ...next], { ...options, color, weight: weight - 1, dashArray: "6 5" }).addTo(this.group);
    }
    for (const place of places) L.circleMarker(place, { ...options, radius: 5, color: colour("accent"), weight: 2.5, fillColor: colour("halo"), fillOpacity: 1 }).addTo(this.group);
    if (next.length) L.circleMarker(next[0], { ...options, radius: this.under.on ? 8 : 4, color: colour("accent"), weight: 2, fill: false }).addTo(this.group);
  }
}
