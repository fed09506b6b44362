import { expect, test } from 'vitest'
import { changed, isFiltered, link, parseFilters, rangeChanges } from '../../src/model/view'
import { defaultRange } from '../../src/model/time'
import { flowsPath, graphPath, statsPath } from '../../src/api/paths'

const query = (text: string) => new URLSearchParams(text)

test('filters are read from the URL, nonsense becomes the default', () => {
  const filters = parseFilters(query('operation=GET+%2Fcart&service=shop%2Fcart&status=odd&min=fast&range=1w'))
  expect(filters).toEqual({ operation: 'GET /cart', environment: '', service: 'shop/cart', status: '', minDuration: '', range: defaultRange })
  expect(isFiltered(filters)).toBe(true)
})

test('a fixed range needs both ends in order', () => {
  expect(parseFilters(query('from=2026-03-01T12:00:00Z&to=2026-03-01T13:00:00Z')).range).toEqual({ start: '2026-03-01T12:00:00Z', end: '2026-03-01T13:00:00Z' })
  expect(parseFilters(query('from=2026-03-01T13:00:00Z&to=2026-03-01T12:00:00Z')).range).toEqual(defaultRange)
})

test('a range written to the URL reads back the same', () => {
  for (const range of [defaultRange, { last: '1h' }, { last: '7d' }, { start: '2026-03-01T12:00:00Z', end: '2026-03-01T13:00:00Z' }]) {
    expect(parseFilters(changed(query('range=3h'), rangeChanges(range))).range).toEqual(range)
  }
})

test('links keep filters, range and theme, and drop what is the other screen’s own', () => {
  const href = link('/operations', query('range=6h&theme=dark&environment=staging&z=1,2,3&flow=abc'), { environment: null })
  expect(href).toBe('/operations?range=6h&theme=dark')
})

test('each endpoint is sent only what it knows', () => {
  const filters = parseFilters(query('operation=GET+%2Fcart&service=shop%2Fcart&environment=staging&range=1h'))
  expect(statsPath(filters)).toBe('api/v1/operations/GET%20%2Fcart/stats?environment=staging&startTime=now-1h&endTime=now')
  expect(graphPath({ ...filters, operation: '' })).toBe('api/v1/dependencies?environment=staging&startTime=now-1h&endTime=now')
  const flows = new URL(flowsPath({ ...filters, sort: 'time', page: 2 }), 'http://x').searchParams
  expect([flows.get('service'), flows.get('namespace'), flows.get('page')]).toEqual(['cart', 'shop', '2'])
})

test('a database is not asked for as a service', () => {
  expect(flowsPath({ ...parseFilters(query('service=database:orders')), sort: 'time', page: 1 })).not.toContain('orders')
})
