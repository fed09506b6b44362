import { expect, test } from 'vitest'
import type { OperationRow } from '../../src/api/types'
import { operationColumns, searchOperations, sortOperations, withRates } from '../../src/model/operations'

function row(name: string, n: number, environments = ['production']): OperationRow {
  return { name, environments, count: n, errorCount: n, errorRate: n, timeoutCount: 0, rate: n, avgLatency: n, p50Latency: n, p95Latency: n, p99Latency: n, lastSeen: `2026-03-01T12:00:00.${String(n).padStart(9, '0')}Z`, series: [] }
}

// One nanosecond count per row, told apart in every column: microseconds for lastSeen.
const rows = [row('b', 2000), row('a', 1000), row('C', 10_000)]

test.each(operationColumns)('sorting by %s goes both ways and leaves the answer as it was', (column) => {
  const sorted = (descending: boolean) => sortOperations(rows, column, descending).map((r) => r.name)
  expect([sorted(false), sorted(true)]).toEqual([['a', 'b', 'C'], ['C', 'b', 'a']])
  expect(rows.map((r) => r.name)).toEqual(['b', 'a', 'C'])
})

test('each column sorts by its own value', () => {
  const columns = { rate: 'rate', count: 'count', errorCount: 'errorCount', errorRate: 'errorRate', p50: 'p50Latency', p95: 'p95Latency', p99: 'p99Latency', avg: 'avgLatency' } as const
  for (const [column, field] of Object.entries(columns)) {
    const [most] = sortOperations([row('a', 1), { ...row('z', 1), [field]: 2 }], column as keyof typeof columns, true)
    expect([column, most?.name]).toEqual([column, 'z'])
  }
})

test('ties are in order of names, whichever way', () => {
  for (const descending of [true, false]) expect(sortOperations([row('b', 1), row('c', 1), row('a', 1)], 'p95', descending).map((r) => r.name)).toEqual(['a', 'b', 'c'])
})

const searched = [row('POST /orders', 1), row('checkout', 1, ['staging', 'production']), row('GET /orders', 1, ['staging'])]
test.each([
  ['', ['POST /orders', 'checkout', 'GET /orders']],
  ['  ', ['POST /orders', 'checkout', 'GET /orders']],
  ['ORDERS', ['POST /orders', 'GET /orders']],
  ['staging orders', ['GET /orders']],
  ['orders  post', ['POST /orders']],
  ['(', []],
])('a search for %j finds %j', (text, names) => expect(searchOperations(searched, text).map((r) => r.name)).toEqual(names))

test('ten thousand operations are searched and sorted while one types', () => {
  const many = Array.from({ length: 10_000 }, (_, i) => row(`operation ${(i * 7919) % 10_000}`, i))
  const began = performance.now()
  expect(sortOperations(searchOperations(many, 'operation 99'), 'name', false)).toHaveLength(280) // numbers with two nines in a row
  sortOperations(many, 'lastSeen', true)
  expect(performance.now() - began).toBeLessThan(1000)
})

test('within a process rates are over what it has seen', () => expect(withRates(rows, 100).map((r) => [r.name, r.rate])).toEqual([['b', 20], ['a', 10], ['C', 100]]))
