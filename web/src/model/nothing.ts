// Why a list of flows is empty, and which ways out lead somewhere: flows that
// were counted may not be kept, and failures may be of the other kind.
import type { ProcessStatus, Stats } from '../api/types'
import { formatCount, plural } from './format'
import { resolveRange, parseMillis } from './time'
import type { EpochMilliseconds } from './units'
import { isFiltered, type Filters } from './view'

export interface Nothing {
  sentence: string
  /** How many flows the filter of the other kind of failure would find. */
  timeouts: number
  errors: number
  /** Whether a wider range may find something. */
  wider: boolean
}

/** How many flows were counted that the status filter asks for. */
function counted(status: Filters['status'], s: Stats): number {
  const of = { '': s.totalRequests, success: s.successCount, error: s.errorCount - s.timeoutCount, timeout: s.timeoutCount }
  return of[status]
}

export function whyNothing(f: Filters, stats: Stats | null, process: ProcessStatus | null, now: EpochMilliseconds): Nothing {
  const happened = stats && !f.minDuration ? counted(f.status, stats) : 0
  if (process && happened > 0) {
    const which = { '': '', success: ' that succeeded', error: ' that failed', timeout: ' that timed out' }[f.status]
    const were = happened === 1 ? 'was' : 'were'
    return { sentence: `${plural(happened, 'flow')}${which} ${were} counted in this time range, but ${keeping(process)}.`, timeouts: 0, errors: 0, wider: false }
  }
  return {
    sentence: isFiltered(f) ? 'Nothing in this time range matches the filters.' : 'Nothing happened in this time range.',
    timeouts: f.status === 'error' ? (stats?.timeoutCount ?? 0) : 0,
    errors: f.status === 'timeout' && stats ? stats.errorCount - stats.timeoutCount : 0,
    wider: !process || resolveRange(f.range, now).start > parseMillis(process.startTime),
  }
}

function keeping(p: ProcessStatus): string {
  if (p.sampler !== 'all') return `the sampler (${p.sampler}) chooses which flows are kept`
  return p.flowsLimit ? `only the newest ${formatCount(p.flowsKept)} flows are kept` : 'they are not kept any more'
}
