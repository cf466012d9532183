declare module "polylabel" {
  /** The place inside a polygon that is farthest from its edge; distance is to that edge. */
  export default function polylabel(
    polygon: number[][][],
    precision?: number,
  ): [x: number, y: number] & { distance: number };
}
