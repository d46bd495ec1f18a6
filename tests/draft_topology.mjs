// Run by tests/test_draft_topology.py: plays gestures on generated divisions and prints what became of them as JSON.
import { readFileSync } from "node:fs";
import { Topology } from "../static/js/draft_topology.js";

const cases = JSON.parse(readFileSync(0, "utf-8"));
console.log(JSON.stringify(cases.map(({ nodes, grids, gestures, places }) => {
  const topology = new Topology(nodes.map(([lon, lat], id) => ({ id, lon, lat })), grids);
  const asked = places.map(([lon, lat]) => ({
    grid: topology.gridAt({ lon, lat }),
    node: topology.nodeNear({ lon, lat }, 60)?.id ?? null,
    edge: topology.edgeNear({ lon, lat }, 60)?.distance ?? null,
  }));
  const tangled = [];
  for (const { kind, at, to } of gestures) {
    const place = { lon: at[0], lat: at[1] };
    const found = kind === "node" ? topology.nodeNear(place, 1) : topology.edgeNear(place, 1);
    const id = kind === "node" ? found.id : topology.insert(found.edge, found);
    topology.move(id, { lon: to[0], lat: to[1] });
    tangled.push(topology.tangled(id));
  }
  return { asked, tangled, moves: topology.moves(), rings: Object.fromEntries([...topology.grids.keys()].map((code) => [code, topology.ringsOf(code).map((ring) => ring.map(({ lon, lat }) => [lon, lat]))])) };
})));
