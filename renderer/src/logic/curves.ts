// Curves made readable: smoothing, and fewer points without losing the shape.

export interface Point {
  x: number;
  y: number;
}

/**
 * Exponential smoothing, 0 (off) to below 1, unbiased at the start (as Adam divides by 1 - beta^t), so that a curve
 * begins where its data does. Points that are not finite are left out.
 */
export function smooth(points: readonly Point[], weight: number): Point[] {
  const finite = points.filter(({ y }) => Number.isFinite(y));
  if (weight <= 0) return finite;
  let mean = 0;
  let total = 0;
  return finite.map(({ x, y }) => {
    mean = weight * mean + (1 - weight) * y;
    total = weight * total + (1 - weight);
    return { x, y: mean / total };
  });
}

/**
 * At most `limit` of the points: the first and the last, and of every stretch between them the one that spans the
 * largest triangle with its neighbours (Steinarsson 2013), so that spikes stay.
 */
export function thin(points: readonly Point[], limit: number): Point[] {
  const first = points[0];
  const last = points.at(-1);
  if (points.length <= limit || limit < 3 || first === undefined || last === undefined) return [...points];
  const kept = [first];
  const width = (points.length - 2) / (limit - 2);
  let chosen = first;
  for (let bucket = 0; bucket < limit - 2; bucket++) {
    const from = Math.floor(bucket * width) + 1;
    const to = Math.floor((bucket + 1) * width) + 1;
    const next = mean(points.slice(to, Math.min(Math.floor((bucket + 2) * width) + 1, points.length)), last);
    let best = points[from] ?? last;
    let largest = -1;
    for (let i = from; i < to; i++) {
      const point = points[i];
      if (point === undefined) continue;
      const area = Math.abs(
        (chosen.x - next.x) * (point.y - chosen.y) - (chosen.x - point.x) * (next.y - chosen.y),
      );
      if (area > largest) {
        largest = area;
        best = point;
      }
    }
    kept.push(best);
    chosen = best;
  }
  kept.push(last);
  return kept;
}

function mean(points: readonly Point[], otherwise: Point): Point {
  if (points.length === 0) return otherwise;
  let x = 0;
  let y = 0;
  for (const point of points) {
    x += point.x;
    y += point.y;
  }
  return { x: x / points.length, y: y / points.length };
}

/** The whole steps around a range that was drawn, two of them at least. */
export function wholeRange(from: number, to: number): [number, number] {
  const first = Math.max(0, Math.floor(from));
  return [first, Math.max(first + 1, Math.ceil(to))];
}

/** The lowest point, the first of equals; undefined without points. */
export function lowest(points: readonly Point[]): Point | undefined {
  let best: Point | undefined;
  for (const point of points) if (best === undefined || point.y < best.y) best = point;
  return best;
}
