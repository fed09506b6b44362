// Points in time and time ranges. Nanosecond timestamps never become plain
// numbers (2^53 ns is only 104 days): they are BigInt, or milliseconds.
import type { EpochMilliseconds, Milliseconds, Seconds, Timestamp } from './units'

/** A range that moves with the clock, or one that stands still. */
export type TimeRange = { last: string } | { start: Timestamp; end: Timestamp }

export interface Preset {
  id: string
  label: string
}

export const presets: Preset[] = [
  { id: '5m', label: 'Last 5 minutes' },
  { id: '15m', label: 'Last 15 minutes' },
  { id: '30m', label: 'Last 30 minutes' },
  { id: '1h', label: 'Last hour' },
  { id: '3h', label: 'Last 3 hours' },
  { id: '6h', label: 'Last 6 hours' },
  { id: '24h', label: 'Last 24 hours' },
  { id: '2d', label: 'Last 2 days' },
  { id: '7d', label: 'Last 7 days' },
]

/** What is happening now: long enough for percentiles, short enough that a rate is the present one. */
export const defaultRange: TimeRange = { last: '15m' }

const unitMs: Record<string, Milliseconds> = { s: 1e3, m: 60e3, h: 3600e3, d: 86_400e3 }

/** The length of "15m", "1h", "7d"; undefined for anything else. */
export function spanOf(last: string): Milliseconds | undefined {
  const match = /^(\d{1,6})([smhd])$/.exec(last)
  if (!match) return undefined
  const count = Number(match[1])
  const unit = unitMs[match[2] ?? '']
  return unit && count > 0 ? count * unit : undefined
}

export function isMoving(range: TimeRange): range is { last: string } {
  return 'last' in range
}

/** The range as the API's startTime and endTime. */
export function apiTime(range: TimeRange): { start: string; end: string } {
  return isMoving(range) ? { start: `now-${range.last}`, end: 'now' } : range
}

/** The range as it is at this moment. */
export function resolveRange(range: TimeRange, now: EpochMilliseconds): { start: EpochMilliseconds; end: EpochMilliseconds } {
  if (isMoving(range)) return { start: now - (spanOf(range.last) ?? 3600e3), end: now }
  return { start: Date.parse(range.start), end: Date.parse(range.end) }
}

export function pin(range: TimeRange, now: EpochMilliseconds): TimeRange {
  const { start, end } = resolveRange(range, now)
  return { start: new Date(start).toISOString(), end: new Date(end).toISOString() }
}

const rfc3339 = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?(Z|[+-]\d\d:\d\d)$/

/** Nanoseconds since 1970, exactly; undefined when the text is not RFC 3339. */
export function parseNanos(time: Timestamp): bigint | undefined {
  const match = rfc3339.exec(time)
  if (!match) return undefined
  const seconds = Date.parse(`${match[1]}${match[3]}`) / 1e3
  if (Number.isNaN(seconds)) return undefined
  return BigInt(seconds) * 1_000_000_000n + BigInt((match[2] ?? '').padEnd(9, '0'))
}

/** Milliseconds since 1970 with fractions; NaN when the text is not RFC 3339. */
export function parseMillis(time: Timestamp): EpochMilliseconds {
  const nanos = parseNanos(time)
  return nanos === undefined ? NaN : Number(nanos / 1000n) / 1e3
}

/** How much of a period has passed that was seen, by which counts become rates; at least a second, as the server has it. */
export function seenSeconds(period: { start: Timestamp; end: Timestamp }, now: EpochMilliseconds, since?: Timestamp): Seconds {
  const start = Math.max(parseMillis(period.start), since ? parseMillis(since) : -Infinity)
  return Math.max(1000, Math.min(parseMillis(period.end), now) - start) / 1e3
}

/** What a datetime-local field takes and gives: local time without a zone. */
export function toLocalInput(at: EpochMilliseconds): string {
  const local = new Date(at - new Date(at).getTimezoneOffset() * 60e3)
  return local.toISOString().slice(0, 19)
}

export function fromLocalInput(text: string): Timestamp | undefined {
  const at = new Date(text)
  return Number.isNaN(at.getTime()) ? undefined : at.toISOString()
}
