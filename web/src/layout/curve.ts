// SVG paths from points.
import type { Pixels } from '../model/units'

export interface Point {
  x: Pixels
  y: Pixels
}

const at = (p: Point) => `${round(p.x)} ${round(p.y)}`
const round = (value: number) => Math.round(value * 10) / 10

const mix = (a: Point, b: Point, share: number): Point => ({ x: a.x + (b.x - a.x) * share, y: a.y + (b.y - a.y) * share })

/** Where the smooth line bends around points[i]; it passes inner points by, at this distance. */
function bend(points: Point[], i: number): { from: Point; to: Point } {
  const here = points[i] as Point
  const previous = points[i - 1] as Point
  const next = points[i + 1] as Point
  return { from: i === 1 ? previous : mix(previous, here, 0.5), to: i === points.length - 2 ? next : mix(here, next, 0.5) }
}

/** The place on the smooth line nearest to one of its inner points: where that point's label belongs. */
export function onLine(points: Point[], near: Point): Point {
  let nearest = -1
  let least = Infinity
  for (let i = 1; i < points.length - 1; i++) {
    const { x, y } = points[i] as Point
    const distance = Math.hypot(x - near.x, y - near.y)
    if (distance < least) [nearest, least] = [i, distance]
  }
  if (nearest < 0) return near
  const { from, to } = bend(points, nearest)
  return mix(points[nearest] as Point, mix(from, to, 0.5), 0.5)
}

/** A smooth line through the first and last point that leans on those between (a quadratic B-spline with clamped ends). */
export function smoothPath(points: Point[]): string {
  const [first, ...rest] = points
  const last = rest.at(-1)
  if (!first || !last) return ''
  if (rest.length === 1) return `M${at(first)}L${at(last)}`
  let path = `M${at(first)}`
  for (let i = 1; i < points.length - 1; i++) {
    const control = points[i] as Point
    const { from, to } = bend(points, i)
    path += `C${at(mix(from, control, 2 / 3))} ${at(mix(to, control, 2 / 3))} ${at(to)}`
  }
  return path
}

/** A triangle at the end of a line, pointing the way it goes. */
export function arrowHead(points: Point[], size: Pixels): string {
  const tip = points.at(-1)
  const before = points.at(-2)
  if (!tip || !before) return ''
  const angle = Math.atan2(tip.y - before.y, tip.x - before.x)
  const corner = (turn: number): Point => ({ x: tip.x - size * Math.cos(angle + turn), y: tip.y - size * Math.sin(angle + turn) })
  return `M${at(tip)}L${at(corner(0.45))}L${at(corner(-0.45))}Z`
}

/** Points for values from left to right in a box; a null breaks the line. Zero is always in range. */
export function sparkline(values: (number | null)[], width: Pixels, height: Pixels): { line: string; area: string } {
  const top = Math.max(...values.map((v) => v ?? 0), Number.MIN_VALUE)
  const step = values.length > 1 ? width / (values.length - 1) : 0
  let line = ''
  let area = ''
  let run: Point[] = []
  const close = () => {
    const [start, end] = [run[0], run.at(-1)]
    if (!start || !end) return
    // A lone point would be invisible: draw a short dash.
    const drawn = run.length === 1 ? [start, { x: start.x + 1, y: start.y }] : run
    const path = drawn.map((p, i) => `${i ? 'L' : 'M'}${at(p)}`).join('')
    line += path
    area += `${path}L${round(end.x)} ${height}L${round(start.x)} ${height}Z`
    run = []
  }
  values.forEach((value, i) => {
    if (value === null) close()
    else run.push({ x: i * step, y: height - (value / top) * height })
  })
  close()
  return { line, area }
}
