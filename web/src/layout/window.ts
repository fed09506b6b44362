// The visible stretch of a timeline: zooming, panning and placing spans in it.
import type { Nanoseconds, Ratio } from '../model/units'

export interface TimeWindow {
  from: Nanoseconds
  to: Nanoseconds
}

/** Nothing is told apart below this. */
const smallest: Nanoseconds = 1000

export function wholeWindow(extent: Nanoseconds): TimeWindow {
  return { from: 0, to: Math.max(extent, 1) }
}

export function isWhole(w: TimeWindow, extent: Nanoseconds): boolean {
  return w.from <= 0 && w.to >= extent
}

/** Keeps a window inside the flow without changing its length where it fits. */
export function clampWindow(w: TimeWindow, extent: Nanoseconds): TimeWindow {
  const length = Math.min(Math.max(w.to - w.from, Math.min(smallest, extent)), Math.max(extent, 1))
  const from = Math.min(Math.max(0, w.from), Math.max(extent, 1) - length)
  return { from, to: from + length }
}

/** Zooms by a factor (below 1 is closer) around a place in the window. */
export function zoomWindow(w: TimeWindow, factor: number, around: Ratio, extent: Nanoseconds): TimeWindow {
  const length = w.to - w.from
  const center = w.from + length * around
  return clampWindow({ from: center - length * factor * around, to: center + length * factor * (1 - around) }, extent)
}

export function panWindow(w: TimeWindow, by: Ratio, extent: Nanoseconds): TimeWindow {
  const shift = (w.to - w.from) * by
  return clampWindow({ from: w.from + shift, to: w.to + shift }, extent)
}

/** Where a stretch of time lies in the window, as shares of its width; null when it lies outside. */
export function place(w: TimeWindow, offset: Nanoseconds, duration: Nanoseconds): { left: Ratio; width: Ratio } | null {
  const length = w.to - w.from
  const left = (offset - w.from) / length
  const right = (offset + duration - w.from) / length
  if (right < 0 || left > 1) return null
  const from = Math.max(0, left)
  return { left: from, width: Math.min(1, right) - from }
}

export function parseWindow(text: string | null, extent: Nanoseconds): TimeWindow {
  const match = /^(\d+)-(\d+)$/.exec(text ?? '')
  const [from, to] = [Number(match?.[1]), Number(match?.[2])]
  return from < to ? clampWindow({ from, to }, extent) : wholeWindow(extent)
}

export function windowText(w: TimeWindow, extent: Nanoseconds): string | null {
  return isWhole(w, extent) ? null : `${Math.round(w.from)}-${Math.round(w.to)}`
}
