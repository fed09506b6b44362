// Numbers and times as people read them: three significant digits, the unit
// that fits, and never more precision than the eye can use.
import { nanosPerMilli, type Bytes, type EpochMilliseconds, type Milliseconds, type Nanoseconds, type PerSecond, type Ratio, type Seconds, type Timestamp } from './units'
import { parseMillis } from './time'

const nothing = '–'

function digits(value: number): string {
  const size = Math.abs(value)
  if (size === 0) return '0'
  return value.toFixed(size >= 99.95 ? 0 : size >= 9.995 ? 1 : 2).replace(/(\.\d*?)0+$/, '$1').replace(/\.$/, '')
}

const scale: [limitMs: number, divisor: number, unit: string][] = [
  [0.0009995, 1e-6, 'ns'],
  [0.9995, 1e-3, 'µs'],
  [999.5, 1, 'ms'],
  [59_950, 1e3, 's'],
]

export function formatMillis(ms: Milliseconds | null | undefined): string {
  if (ms === null || ms === undefined || !Number.isFinite(ms)) return nothing
  if (ms === 0) return '0 ms'
  const size = Math.abs(ms)
  for (const [limit, divisor, unit] of scale) {
    if (size < limit) return `${digits(ms / divisor)} ${unit}`
  }
  const minutes = Math.floor(size / 60e3)
  const sign = ms < 0 ? '-' : ''
  if (minutes < 60) return `${sign}${minutes} m ${Math.floor((size % 60e3) / 1e3)} s`
  return `${sign}${Math.floor(minutes / 60)} h ${minutes % 60} m`
}

export function formatNanos(ns: Nanoseconds): string {
  return formatMillis(ns / nanosPerMilli)
}

const grouped = new Intl.NumberFormat('en-US')

export function formatCount(count: number): string {
  return Number.isFinite(count) ? grouped.format(count) : nothing
}

/** 1234567 as "1.23M", for places without room. */
export function formatShort(count: number): string {
  if (count < 1000) return digits(count)
  if (count < 999_500) return `${digits(count / 1e3)}k`
  if (count < 999_500_000) return `${digits(count / 1e6)}M`
  return `${digits(count / 1e9)}G`
}

export function formatRate(rate: PerSecond): string {
  if (rate === 0) return '0/s'
  if (rate >= 0.995) return `${formatShort(rate)}/s`
  const perMinute = rate * 60
  return perMinute >= 0.995 ? `${digits(perMinute)}/min` : `${digits(perMinute * 60)}/h`
}

/** 0.0123 as "1.23%". Neither a few errors nor a few successes are rounded away. */
export function formatRatio(ratio: Ratio): string {
  if (!Number.isFinite(ratio)) return nothing
  const percent = ratio * 100
  if (percent > 0 && percent < 0.01) return '<0.01%'
  if (percent < 100 && percent >= 99.995) return '>99.99%'
  if (percent >= 99 && percent < 100) return `${percent.toFixed(2)}%`
  return `${digits(percent)}%`
}

const byteUnits = ['B', 'KiB', 'MiB', 'GiB', 'TiB']

export function formatBytes(bytes: Bytes): string {
  let unit = 0
  while (bytes >= 1024 && unit < byteUnits.length - 1) {
    bytes /= 1024
    unit++
  }
  return `${digits(bytes)} ${byteUnits[unit]}`
}

const clock = new Intl.DateTimeFormat('en-GB', { hour: '2-digit', minute: '2-digit', second: '2-digit' })
const day = new Intl.DateTimeFormat('en-GB', { day: 'numeric', month: 'short' })
const date = new Intl.DateTimeFormat('en-CA', { year: 'numeric', month: '2-digit', day: '2-digit' })

/** "14:03:09.482", local time. */
export function formatClock(time: Timestamp): string {
  const at = parseMillis(time)
  if (Number.isNaN(at)) return nothing
  return `${clock.format(at)}.${String(Math.floor(at) % 1000).padStart(3, '0')}`
}

/** "2026-03-01 14:03:09.482", local time. */
export function formatDateTime(time: Timestamp): string {
  const at = parseMillis(time)
  return Number.isNaN(at) ? nothing : `${date.format(at)} ${formatClock(time)}`
}

/** "1 Mar 14:03", for range buttons. */
export function formatShortDate(at: EpochMilliseconds): string {
  return `${day.format(at)} ${clock.format(at).slice(0, 5)}`
}

export function formatAgo(age: Milliseconds): string {
  const seconds = Math.max(0, Math.floor(age / 1e3))
  if (seconds < 2) return 'now'
  return `${formatAge(seconds)} ago`
}

export function formatAge(seconds: Seconds): string {
  if (seconds < 60) return `${Math.floor(seconds)} s`
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min`
  if (seconds < 86_400) return `${Math.floor(seconds / 3600)} h`
  return `${Math.floor(seconds / 86_400)} d`
}

export function plural(count: number, one: string, many = `${one}s`): string {
  return `${formatCount(count)} ${count === 1 ? one : many}`
}
