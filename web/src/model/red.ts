// Rate, errors and duration as tiles: each value with its trend over the
// period and its change against the period before.
import type { StatsAnswer, StatsSlot } from '../api/types'
import { formatCount, formatMillis, formatRate, formatRatio, plural } from './format'
import { lastSlotPassed, paced } from './trend'
import type { EpochMilliseconds, Milliseconds } from './units'

export interface Delta {
  text: string
  /** Whether the change is for the better; neutral when it is neither or too small to matter. */
  tone: 'good' | 'bad' | 'neutral'
  direction: 'up' | 'down' | 'flat'
}

export interface Tile {
  id: string
  label: string
  value: string
  detail: string
  delta: Delta | null
  /** One value per slot; null where there was nothing to measure. */
  trend: (number | null)[]
  tone: 'plain' | 'bad' | 'latency'
}

/** Below this relative change a delta is noise and shows flat. */
const noise = 0.005

function direction(change: number): Delta['direction'] {
  return Math.abs(change) < noise ? 'flat' : change > 0 ? 'up' : 'down'
}

/** The relative change of a value; null without anything to compare with. */
export function relativeDelta(now: number, before: number, upIs: Delta['tone']): Delta | null {
  if (!(before > 0)) return null
  const change = now / before - 1
  const moved = direction(change)
  const percent = Math.abs(change) * 100
  const text = percent >= 1000 ? `×${(now / before).toFixed(0)}` : `${percent.toFixed(percent < 10 ? 1 : 0)}%`
  return { text, direction: moved, tone: tone(moved, upIs) }
}

/** The change of a rate in percentage points. */
export function pointDelta(now: number, before: number, upIs: Delta['tone']): Delta {
  const change = (now - before) * 100
  const moved = Math.abs(change) < 0.005 ? 'flat' : change > 0 ? 'up' : 'down'
  return { text: `${Math.abs(change).toFixed(2)} pt`, direction: moved, tone: tone(moved, upIs) }
}

function tone(moved: Delta['direction'], upIs: Delta['tone']): Delta['tone'] {
  if (moved === 'flat' || upIs === 'neutral') return 'neutral'
  const other = upIs === 'good' ? 'bad' : 'good'
  return moved === 'up' ? upIs : other
}

function latencyTile(id: 'p50' | 'p95' | 'p99', answer: StatsAnswer, detail: string): Tile {
  const key = `${id}Latency` as const
  return {
    id,
    label: `Latency ${id}`,
    value: answer.stats.totalRequests > 0 ? formatMillis(answer.stats[key]) : '–',
    detail,
    delta: answer.previous.totalRequests > 0 && answer.stats.totalRequests > 0 ? relativeDelta(answer.stats[key], answer.previous[key], 'bad') : null,
    trend: trendOf(answer.series, (slot): Milliseconds => slot[key]),
    tone: 'latency',
  }
}

function trendOf(series: StatsSlot[], value: (slot: StatsSlot) => number): (number | null)[] {
  return series.map((slot) => (slot.count > 0 ? value(slot) : null))
}

/** How failures are told apart, in the words of the status filter. */
function failures({ errorCount, timeoutCount }: StatsAnswer['stats']): string {
  if (!timeoutCount) return `${formatCount(errorCount)} failed`
  const errors = errorCount - timeoutCount
  const timeouts = plural(timeoutCount, 'timeout')
  return errors ? `${plural(errors, 'error')}, ${timeouts}` : timeouts
}

export function redTiles(answer: StatsAnswer, now: EpochMilliseconds): Tile[] {
  const { stats, previous, series } = answer
  const some = stats.totalRequests > 0
  const success = some ? stats.successCount / stats.totalRequests : NaN
  const successBefore = previous.totalRequests > 0 ? previous.successCount / previous.totalRequests : NaN
  const comparable = some && previous.totalRequests > 0
  return [
    {
      id: 'requests',
      label: 'Requests',
      value: formatCount(stats.totalRequests),
      detail: formatRate(stats.rate),
      delta: relativeDelta(stats.totalRequests, previous.totalRequests, 'neutral'),
      trend: paced(series.map((slot) => slot.count), lastSlotPassed(answer.period, series.length, now)),
      tone: 'plain',
    },
    {
      id: 'success',
      label: 'Success rate',
      value: formatRatio(success),
      detail: `${formatCount(stats.successCount)} succeeded`,
      delta: comparable ? pointDelta(success, successBefore, 'good') : null,
      trend: trendOf(series, (slot) => 1 - slot.errorCount / slot.count),
      tone: 'plain',
    },
    {
      id: 'errors',
      label: 'Error rate',
      value: some ? formatRatio(stats.errorRate) : '–',
      detail: failures(stats),
      delta: comparable ? pointDelta(stats.errorRate, previous.errorRate, 'bad') : null,
      trend: trendOf(series, (slot) => slot.errorCount / slot.count),
      tone: 'bad',
    },
    latencyTile('p50', answer, some ? `average ${formatMillis(stats.avgLatency)}` : ''),
    latencyTile('p95', answer, '1 in 20 is slower'),
    latencyTile('p99', answer, '1 in 100 is slower'),
  ]
}
