/** The even seeds of the mesh scenario. */
import { MESH_SEEDS, playMesh } from "./meshRuns.ts";

playMesh(Array.from({ length: MESH_SEEDS / 2 }, (_, index) => 2 * index + 2));
