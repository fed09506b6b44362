// What a screen shows, as its URL says it. Parsing never fails: a value that
// makes no sense falls back to the default, so old links keep working.
import type { FlowStatus } from '../api/types'
import { defaultRange, isMoving, parseMillis, spanOf, type TimeRange } from './time'

export interface Filters {
  operation: string
  environment: string
  /** A node id; empty for all. */
  service: string
  status: FlowStatus | ''
  /** As typed: "250ms", "1.5s"; empty for any. */
  minDuration: string
  range: TimeRange
}

export type Changes = Record<string, string | null>

/** Parameters that links between screens carry along. */
const carried = ['operation', 'environment', 'service', 'status', 'min', 'range', 'from', 'to', 'theme']

const statuses: FlowStatus[] = ['success', 'error', 'timeout']

export function oneOf<T extends string>(value: string | null, allowed: readonly T[], fallback: T): T {
  return allowed.find((option) => option === value) ?? fallback
}

export function parseRange(query: URLSearchParams): TimeRange {
  const start = query.get('from') ?? ''
  const end = query.get('to') ?? ''
  if (parseMillis(start) < parseMillis(end)) return { start, end }
  const last = query.get('range') ?? ''
  return spanOf(last) ? { last } : defaultRange
}

/** The changes that put a range into the URL; the default range leaves no trace. */
export function rangeChanges(range: TimeRange): Changes {
  if (!isMoving(range)) return { from: range.start, to: range.end, range: null }
  const last = isMoving(defaultRange) && range.last === defaultRange.last ? null : range.last
  return { range: last, from: null, to: null }
}

export function isDuration(text: string): boolean {
  return /^\d+(\.\d+)?(ns|us|µs|ms|s|m|h)$/.test(text)
}

export function parseFilters(query: URLSearchParams): Filters {
  const minimum = query.get('min') ?? ''
  return {
    operation: query.get('operation') ?? '',
    environment: query.get('environment') ?? '',
    service: query.get('service') ?? '',
    status: oneOf<FlowStatus | ''>(query.get('status'), statuses, ''),
    minDuration: isDuration(minimum) ? minimum : '',
    range: parseRange(query),
  }
}

export function isFiltered(f: Filters): boolean {
  return Boolean(f.operation || f.environment || f.service || f.status || f.minDuration)
}

/** The filters without those that have a single value within one process. */
export function withinProcess(f: Filters): Filters {
  return { ...f, environment: '', service: '' }
}

export const noFilters: Changes = { operation: null, environment: null, service: null, status: null, min: null, page: null, flow: null }

/** Applies changes to a query; null and '' take a parameter away. Keeps parameters sorted, so equal states are equal URLs. */
export function changed(query: URLSearchParams, changes: Changes): URLSearchParams {
  const next = new URLSearchParams(query)
  for (const [key, value] of Object.entries(changes)) {
    if (value) next.set(key, value)
    else next.delete(key)
  }
  next.sort()
  return next
}

/** The href of another screen, keeping filters, time range and theme. */
export function link(pathname: string, query: URLSearchParams, changes: Changes = {}): string {
  const kept = new URLSearchParams()
  for (const key of carried) {
    const value = query.get(key)
    if (value) kept.set(key, value)
  }
  const text = changed(kept, changes).toString()
  return text ? `${pathname}?${text}` : pathname
}
