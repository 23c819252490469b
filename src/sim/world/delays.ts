/** How long a datagram takes from one end to the other. */
import { type Rng, uniform } from "../../protocol/rng.ts";
import type { Millis } from "../../protocol/time.ts";
import type { Endpoint } from "../../wire/endpoint.ts";
import type { Network, Place } from "../run/scenario.ts";
import { indexOfEndpoint } from "./endpoints.ts";

/** One way, drawn anew for each datagram. */
export type Delays = (from: Endpoint, to: Endpoint) => Millis;

export function createDelays(settings: Pick<Network, "delayMs" | "regions">, rng: Rng): Delays {
  const [low, high] = settings.delayMs;
  const places = Object.values(settings.regions);
  if (places.length === 0) return () => low + (high - low) * uniform(rng);
  const between = places.map((from) => places.map((to) => distanceMs(from, to)));
  const regionOf = (endpoint: Endpoint): number => indexOfEndpoint(endpoint) % places.length;
  return (from, to) => {
    const distance = between[regionOf(from)]?.[regionOf(to)] ?? 0;
    return low + (high - low) * uniform(rng) + distance;
  };
}

/** Along the great circle, made longer by cables that are laid around things, at the speed of light in glass. */
export function distanceMs(from: Place, to: Place): Millis {
  const [latitudeA, longitudeA] = from.map(radians) as [number, number];
  const [latitudeB, longitudeB] = to.map(radians) as [number, number];
  const cosine =
    Math.sin(latitudeA) * Math.sin(latitudeB) +
    Math.cos(latitudeA) * Math.cos(latitudeB) * Math.cos(longitudeA - longitudeB);
  return (EARTH_RADIUS_KM * Math.acos(Math.min(cosine, 1)) * DETOUR) / GLASS_KM_PER_MS;
}

// --- internal ---

const EARTH_RADIUS_KM = 6_371;
const GLASS_KM_PER_MS = 200;
/** Frankfurt to New York: 31 ms along the great circle, 40 ms measured. */
const DETOUR = 1.3;

function radians(degrees: number): number {
  return (degrees * Math.PI) / 180;
}
