// Where the tiles of the WebGL map come from. A style names a source only; the address of its present state is put in
// when a tile is asked for, so that a new address is no change of the style. MapLibre's own way to it, setTiles, takes
// effect a frame later and is lost when a layer of the source was changed in between; the style's own difference would
// remove the source, and what it shows, before the new tiles are there.

const FORM = /^atlas:([^/]+)\/(\d+)\/(\d+)\/(\d+)$/;

/** What a style holds instead of an address. */
export const template = (name) => `atlas:${name}/{z}/{x}/{y}`;

/** What MapLibre asks before each request; `addressOf(name)`: the path with {z}, {x}, {y} of the present state. */
export const present = (addressOf) => (url) => {
  const found = FORM.exec(url);
  if (!found) return { url };
  const [, name, z, x, y] = found;
  return { url: `${location.origin}${addressOf(name).replace("{z}", z).replace("{x}", x).replace("{y}", y)}` };
};

/** Sources whose tiles are asked for anew; what they show stays until the new tiles are there. */
export class Renewal {
  constructor(map) {
    this.map = map;
    this.names = new Set();
    // Not before a frame was drawn: till then a source with changed layers takes no request.
    map.on("render", () => this.run());
    map.on("error", () => { if (this.names.size) map.triggerRepaint(); }); // what failed is no longer waited for
  }

  get pending() { return this.names.size > 0; }

  ask(name) {
    this.names.add(name);
    this.map.triggerRepaint();
  }

  run() {
    for (const name of this.names) {
      if (!this.map.getSource(name)) this.names.delete(name);
      // One after the other: an answer to the former address must not come last.
      else if (this.map.isSourceLoaded(name)) {
        this.names.delete(name);
        this.map.refreshTiles(name);
      }
    }
  }
}
