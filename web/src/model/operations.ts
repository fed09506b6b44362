// The operations table: what is searched and how it is sorted.
import type { OperationRow } from '../api/types'
import { parseMillis } from './time'
import type { Seconds } from './units'

export const operationColumns = ['name', 'rate', 'count', 'errorCount', 'errorRate', 'p50', 'p95', 'p99', 'avg', 'lastSeen'] as const
export type OperationColumn = (typeof operationColumns)[number]

const values: Record<OperationColumn, (row: OperationRow) => number | string> = {
  name: (row) => row.name.toLowerCase(),
  rate: (row) => row.rate,
  count: (row) => row.count,
  errorCount: (row) => row.errorCount,
  errorRate: (row) => row.errorRate,
  p50: (row) => row.p50Latency,
  p95: (row) => row.p95Latency,
  p99: (row) => row.p99Latency,
  avg: (row) => row.avgLatency,
  lastSeen: (row) => parseMillis(row.lastSeen),
}

/** Rows whose name or environment contains every word of the text. */
export function searchOperations(rows: OperationRow[], text: string): OperationRow[] {
  const words = text.toLowerCase().split(/\s+/).filter(Boolean)
  if (words.length === 0) return rows
  return rows.filter((row) => {
    const haystack = `${row.name} ${row.environments.join(' ')}`.toLowerCase()
    return words.every((word) => haystack.includes(word))
  })
}

/** Rates by what a process has seen of a period, which may be less than all of it. */
export function withRates(rows: OperationRow[], seen: Seconds): OperationRow[] {
  return rows.map((row) => ({ ...row, rate: row.count / seen }))
}

export function sortOperations(rows: OperationRow[], column: OperationColumn, descending: boolean): OperationRow[] {
  const value = values[column]
  const sign = descending ? -1 : 1
  return [...rows].sort((a, b) => {
    const x = value(a)
    const y = value(b)
    if (x === y) return a.name < b.name ? -1 : 1
    return x < y ? -sign : sign
  })
}
