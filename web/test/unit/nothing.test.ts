import { expect, test } from 'vitest'
import type { Stats } from '../../src/api/types'
import { whyNothing } from '../../src/model/nothing'
import type { Filters } from '../../src/model/view'
import { processStatus } from '../mock/process'

const filters = (more: Partial<Filters>): Filters => ({ operation: '', environment: '', service: '', status: '', minDuration: '', range: { last: '15m' }, ...more })
const stats = (more: Partial<Stats>): Stats => ({ totalRequests: 0, successCount: 0, errorCount: 0, timeoutCount: 0, errorRate: 0, rate: 0, avgLatency: 0, p50Latency: 0, p95Latency: 0, p99Latency: 0, ...more })
const now = Date.parse('2026-03-01T12:00:00Z')
const young = processStatus(5000, 600, '2026-03-01T11:50:00Z')
const old = processStatus(5000, 36_000, '2026-03-01T02:00:00Z')
const of = { totalRequests: 5000, successCount: 4962, errorCount: 38, timeoutCount: 38 }

test('where no error is found but timeouts are, they are offered, and the other way round', () => {
  expect(whyNothing(filters({ status: 'error' }), stats(of), null, now)).toMatchObject({ timeouts: 38, errors: 0 })
  expect(whyNothing(filters({ status: 'timeout' }), stats({ ...of, timeoutCount: 0 }), null, now)).toMatchObject({ timeouts: 0, errors: 38 })
  expect(whyNothing(filters({ status: 'error' }), null, null, now)).toMatchObject({ timeouts: 0, errors: 0 })
})

test('a process says which flows it counted but has not kept', () => {
  expect(whyNothing(filters({ status: 'timeout' }), stats(of), old, now)).toEqual({ sentence: '38 flows that timed out were counted in this time range, but only the newest 1,000 flows are kept.', timeouts: 0, errors: 0, wider: false })
  expect(whyNothing(filters({ status: 'error' }), stats({ ...of, timeoutCount: 37 }), old, now).sentence).toMatch(/^1 flow that failed was counted/)
  expect(whyNothing(filters({}), stats(of), { ...old, sampler: 'ratio 0.01' }, now).sentence).toContain('ratio 0.01')
  // Which of them were that slow is not known.
  expect(whyNothing(filters({ status: 'timeout', minDuration: '5s' }), stats(of), old, now).sentence).toContain('matches the filters')
})

test('a wider range is offered where it holds more', () => {
  expect(whyNothing(filters({}), stats({}), null, now).wider).toBe(true)
  expect(whyNothing(filters({}), stats({}), old, now).wider).toBe(true)
  expect(whyNothing(filters({}), stats({}), young, now).wider).toBe(false)
})
