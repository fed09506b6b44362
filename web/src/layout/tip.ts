// Where a tooltip goes: below what it is about where there is room, else above,
// else beside it; never out of the canvas.
import type { Pixels } from '../model/units'
import type { Point } from './curve'

interface Size {
  width: Pixels
  height: Pixels
}

const gap: Pixels = 8

const within = (at: Pixels, room: Pixels) => Math.max(gap, Math.min(at, room - gap))

/** The upper left corner of a tip about what is at a point and reaches so far from it. */
export function tipPlace(at: Point, reach: Point, tip: Size, canvas: Size): Point {
  const x = within(at.x - tip.width / 2, canvas.width - tip.width)
  const below = at.y + reach.y + gap
  if (below + tip.height + gap <= canvas.height) return { x, y: below }
  const above = at.y - reach.y - gap - tip.height
  if (above >= gap) return { x, y: above }
  const y = within(at.y - tip.height / 2, canvas.height - tip.height)
  const right = at.x + reach.x + gap
  return { x: right + tip.width + gap <= canvas.width ? right : within(at.x - reach.x - gap - tip.width, canvas.width - tip.width), y }
}
