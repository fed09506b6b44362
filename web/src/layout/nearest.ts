// Moving a focus between boxes with the arrow keys.
import type { Point } from './curve'

export type Direction = 'ArrowLeft' | 'ArrowRight' | 'ArrowUp' | 'ArrowDown'

/** How much more a step to the side counts than one ahead. */
const aside = 2.5

/** The id of the nearest place in a direction; undefined when there is none. */
export function nearest(places: Record<string, Point>, from: string, direction: Direction): string | undefined {
  const here = places[from]
  if (!here) return Object.keys(places)[0]
  let best: string | undefined
  let least = Infinity
  for (const [id, { x, y }] of Object.entries(places)) {
    const dx = x - here.x
    const dy = y - here.y
    const horizontal = direction === 'ArrowLeft' || direction === 'ArrowRight'
    const ahead = (horizontal ? dx : dy) * (direction === 'ArrowLeft' || direction === 'ArrowUp' ? -1 : 1)
    if (ahead <= 1) continue
    const cost = ahead + aside * Math.abs(horizontal ? dy : dx)
    if (cost < least) [best, least] = [id, cost]
  }
  return best
}
