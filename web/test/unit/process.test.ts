import { expect, test } from 'vitest'
import type { CriticalSegment, ProcessStatus } from '../../src/api/types'
import { sharesByStep } from '../../src/model/critical'
import { healthFacts, historySentence, historyUse, recordingSentence } from '../../src/model/process'
import { isFiltered, parseFilters, withinProcess } from '../../src/model/view'
import { processStatus } from '../mock/process'

const status = (changes: Partial<ProcessStatus>): ProcessStatus => ({ ...processStatus(37, 60, ''), ...changes })

test.each<[Partial<ProcessStatus>, string]>([
  [{ flowsTotal: 0, flowsKept: 0 }, 'No flow has been recorded yet'],
  [{ flowsTotal: 1, flowsKept: 1 }, 'The one flow since the start is kept'],
  [{ flowsTotal: 37, flowsKept: 37 }, 'All 37 flows since the start are kept'],
  [{ flowsTotal: 40, flowsKept: 37, flowsActive: 3 }, 'All 37 flows since the start are kept'],
  [{ flowsTotal: 5000, flowsKept: 1000 }, 'The newest 1,000 flows are kept, older ones made room'],
  [{ flowsTotal: 5000, flowsKept: 1 }, 'The newest flow is kept, older ones made room'],
  [{ flowsTotal: 5000, flowsKept: 52, sampler: 'ratio 0.01' }, '52 of 5,000 flows are kept, chosen by the sampler (ratio 0.01), the oldest making room'],
])('what is kept is said: %o', (changes, sentence) => expect(historySentence(status(changes))).toBe(sentence))

test('a pause and a sampler are said aloud', () => {
  expect(recordingSentence(status({}))).toBe('Recording every flow')
  expect(recordingSentence(status({ sampler: 'ratio 0.1' }))).toContain('ratio 0.1')
  expect(recordingSentence(status({ enabled: false, sampler: 'ratio 0.1' }))).toBe('Recording is switched off')
})

test('losses stand out, and only losses', () => {
  expect(healthFacts(status({})).filter((f) => f.tone === 'warn')).toEqual([])
  expect(healthFacts(status({ flowsDropped: 1 })).filter((f) => f.tone === 'warn')).toEqual([{ id: 'dropped', term: 'Dropped', value: '1 flow', tone: 'warn' }])
})

test('the use of the history stays within its bar, also without a limit', () => {
  expect(historyUse(status({ historyBytes: 1 << 20, historyLimitBytes: 4 << 20 }))).toEqual({ share: 0.25, text: '1 MiB of 4 MiB' })
  expect(historyUse(status({ historyBytes: 5, historyLimitBytes: 4 })).share).toBe(1)
  expect(historyUse(status({ historyBytes: 5, historyLimitBytes: 0, flowsLimit: 0 }))).toEqual({ share: 0, text: '5 B' })
})

test('the use of the history is told by the limit that is nearer', () => {
  expect(historyUse(status({ flowsKept: 1000, flowsLimit: 1000, historyBytes: 686 << 10, historyLimitBytes: 4 << 20 }))).toEqual({ share: 1, text: '1,000 of 1,000 flows' })
  expect(historyUse(status({ flowsKept: 30, flowsLimit: 1000, historyBytes: 3 << 20, historyLimitBytes: 4 << 20 }))).toEqual({ share: 0.75, text: '3 MiB of 4 MiB' })
})

test('a link from a server does not filter by what one process has one of', () => {
  const filters = parseFilters(new URLSearchParams('environment=dev&service=shop/cart&status=error'))
  expect(withinProcess(filters)).toMatchObject({ environment: '', service: '', status: 'error' })
  expect(isFiltered(withinProcess(parseFilters(new URLSearchParams('environment=dev&service=shop'))))).toBe(false)
})

test('within one service the critical path is added up per step', () => {
  const segment = (name: string, duration: number): CriticalSegment => ({ spanId: name, service: 'shop', name, offset: 0, duration })
  const shares = sharesByStep([segment('pay', 10), segment('SELECT', 60), segment('pay', 30)])
  expect(shares.map((s) => [s.key, s.share, s.segments])).toEqual([['SELECT', 0.6, 1], ['pay', 0.4, 2]])
})

test('steps of one name are told apart by whom they called', () => {
  const segment = (spanId: string, duration: number): CriticalSegment => ({ spanId, service: 'shop', name: 'POST', offset: 0, duration })
  const shares = sharesByStep([segment('a', 10), segment('b', 30), segment('c', 60)], (id) => (id === 'b' ? 'mail' : 'payments'))
  expect(shares.map((s) => [s.name, s.peer, s.share])).toEqual([['POST', 'payments', 0.7], ['POST', 'mail', 0.3]])
})
