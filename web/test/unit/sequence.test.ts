import { expect, test } from 'vitest'
import type { CriticalSegment, SequenceStep } from '../../src/api/types'
import { sharesByService } from '../../src/model/critical'
import { kindName, sequenceRows } from '../../src/model/sequence'

function step(id: string, parent: string, service: string, depth: number): SequenceStep {
  return { step: 0, spanId: id, parentSpanId: parent, service, pod: `${service}-1`, name: id, kind: 'SERVER', depth, offset: 0, duration: 1, selfTime: 1, status: 'OK', retry: false, circuitBreak: false, orphan: false, clockSkew: 0 }
}

/** "#2 cart" for a hop, "#1 web again" where it goes on, "· db" for a call; two blanks per level, a dash per indent. */
function written(steps: SequenceStep[]): string[] {
  return sequenceRows(steps).map((row) => {
    const level = '  '.repeat(row.level)
    if (row.type === 'hop') return `${level}#${row.number} ${row.service}${row.resumed ? ' again' : ''}`
    return `${level}${'-'.repeat(row.indent)}· ${row.step.spanId}`
  })
}

test('each visit is a hop of its own, and calls within a service are indented below it', () => {
  expect(
    written([
      step('root', '', 'web', 0),
      step('call cart', 'root', 'web', 1),
      step('cart', 'call cart', 'cart', 2),
      step('query', 'cart', 'cart', 3),
      step('call cart 2', 'root', 'web', 1),
      step('cart 2', 'call cart 2', 'cart', 2),
      step('render', 'root', 'web', 1),
    ]),
  ).toEqual(['#1 web', '· root', '-· call cart', '  #2 cart', '  · cart', '  -· query', '#1 web again', '-· call cart 2', '  #3 cart', '  · cart 2', '#1 web again', '-· render'])
})

test('a service that calls back enters anew; who has no parent starts at the left', () => {
  expect(written([step('a', '', 'web', 0), step('b', 'a', 'cart', 1), step('c', 'b', 'web', 2), step('lost', 'unknown', 'web', 4)])).toEqual([
    '#1 web', '· a', '  #2 cart', '  · b', '    #3 web', '    · c', '#4 web', '· lost',
  ])
})

test('every row has a key of its own, also where two spans share an id, and a hop names the pod it went to', () => {
  const steps = [step('a', '', 'web', 0), step('b', 'a', 'cart', 1), step('c', 'a', 'web', 1), step('c', 'a', 'cart', 1)]
  const rows = sequenceRows(steps.map((s, i) => ({ ...s, step: i + 1 })))
  expect(new Set(rows.map((row) => row.key)).size).toBe(rows.length)
  expect(rows.flatMap((row) => (row.type === 'hop' ? [row.pod] : []))).toEqual(['web-1', 'cart-1', 'web-1', 'cart-1'])
  expect(sequenceRows([])).toEqual([])
})

const segment = (service: string, duration: number): CriticalSegment => ({ spanId: `${service}${duration}`, service, name: '', offset: 0, duration })

test('the critical path is added up per service, most time first, whole as one', () => {
  const shares = sharesByService([segment('web', 10), segment('db', 70), segment('web', 15), segment('cart', 5)])
  expect(shares).toEqual([
    { key: 'db', name: 'db', peer: '', service: 'db', duration: 70, share: 0.7, segments: 1 },
    { key: 'web', name: 'web', peer: '', service: 'web', duration: 25, share: 0.25, segments: 2 },
    { key: 'cart', name: 'cart', peer: '', service: 'cart', duration: 5, share: 0.05, segments: 1 },
  ])
})

test('a path without time has shares of nothing, not of NaN', () => {
  expect(sharesByService([segment('web', 0)])[0]?.share).toBe(0)
  expect(sharesByService([])).toEqual([])
})

test.each([['SPAN_KIND_CLIENT', 'client'], ['SPAN_KIND_UNSPECIFIED', ''], ['', '']])('the kind %j is told as %j', (kind, name) => expect(kindName(kind)).toBe(name))
