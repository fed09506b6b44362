// Where time went. Every case draws its trace; one character is 10 ns.
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import type { FlowDetail, SequenceStep } from '../../src/api/types'
import { placeSankey } from '../../src/layout/sankey'
import { buildSankey, stepSentence, stepTitle, type Sankey } from '../../src/model/sankey'
import { buildTimeline, type Timeline } from '../../src/model/timeline'
import { Random } from '../mock/random'

type Made = [name: string, depth: number, from: number, until: number, more?: Partial<SequenceStep>]

/** A timeline of spans in call order; a span's parent is the last one above it that is one less deep. */
function made(spans: Made[]): Timeline {
  const sequence = spans.map(([name, depth, offset, until, more], i): SequenceStep => {
    const parent = spans.slice(0, i).findLastIndex((s) => s[1] === depth - 1)
    return { step: i + 1, spanId: `s${i}`, parentSpanId: depth > 0 ? `s${parent}` : '', service: 'shop', pod: '', name, kind: 'INTERNAL', depth, offset, duration: until - offset, selfTime: 0, status: 'UNSET', retry: false, circuitBreak: false, orphan: false, clockSkew: 0, ...more }
  })
  return buildTimeline({ duration: 0, sequence, criticalPath: [] } as unknown as FlowDetail, null)
}

const sum = (values: number[]) => values.reduce((a, b) => a + b, 0)

/** What must hold of every diagram, to the nanosecond. */
function expectExact({ steps, links, total }: Sankey): void {
  steps.forEach((step, i) => {
    const into = sum(links.filter((l) => l.to === i).map((l) => l.value))
    const out = sum(links.filter((l) => l.from === i).map((l) => l.value))
    expect([step.name, into + step.source]).toEqual([step.name, step.value])
    expect([step.name, out + step.self]).toEqual([step.name, step.value])
    for (const number of [step.value, step.source, step.self]) {
      expect(Number.isInteger(number)).toBe(true)
      expect(number).toBeGreaterThanOrEqual(0)
    }
    expect(step.value).toBeGreaterThan(0)
  })
  for (const { from, to, value } of links) {
    expect(value).toBeGreaterThan(0)
    expect(steps[to]?.depth).toBe((steps[from]?.depth ?? NaN) + 1)
  }
  expect(sum(steps.map((s) => s.self))).toBe(total)
  expect(sum(steps.map((s) => s.source))).toBe(total)
}

function drawn(spans: Made[], most?: number, columns?: number): Sankey {
  const diagram = buildSankey(made(spans), most, columns)
  expectExact(diagram)
  return diagram
}

/** Name, value, own time and column of every step, and the value of every link. */
function told({ steps, links }: Sankey): { steps: unknown[]; links: unknown[] } {
  return {
    steps: steps.map((s) => [stepTitle(s), s.value, s.self, s.depth]),
    links: links.map((l) => [steps[l.from]?.name, steps[l.to]?.name, l.value]),
  }
}

// root   ──────────
// load    ──
// select   ─
// pay        ─────
test('steps one after the other: what is handed on and what is kept', () => {
  const diagram = drawn([['root', 0, 0, 100], ['load', 1, 10, 30], ['select', 2, 15, 25], ['pay', 1, 40, 90]])
  expect(told(diagram)).toEqual({
    steps: [['root', 100, 30, 0], ['load', 20, 10, 1], ['select', 10, 10, 2], ['pay', 50, 50, 1]],
    links: [['root', 'load', 20], ['load', 'select', 10], ['root', 'pay', 50]],
  })
  expect(diagram.total).toBe(100)
})

// root ──────────
// a     ────        a and b cover 60 together but last 40 + 40: each gets three quarters
// b       ────
// c         ─       half of b, of which b has 30 of 40 left
test('parallel steps share the time they kept their caller waiting, and so do theirs', () => {
  const diagram = drawn([['root', 0, 0, 100], ['a', 1, 10, 50], ['b', 1, 30, 70], ['c', 2, 50, 70]])
  expect(told(diagram)).toEqual({
    steps: [['root', 100, 40, 0], ['a', 30, 30, 1], ['b', 30, 15, 1], ['c', 15, 15, 2]],
    links: [['root', 'a', 30], ['root', 'b', 30], ['b', 'c', 15]],
  })
})

test('what cannot be divided evenly still adds up', () => {
  const diagram = drawn([['root', 0, 0, 100], ['a', 1, 0, 100], ['b', 1, 0, 100], ['c', 1, 0, 100], ['d', 2, 0, 33]])
  expect(diagram.steps.filter((s) => s.depth === 1).map((s) => s.value)).toEqual([33, 34, 33])
})

// root ──────────
// try   ──✗
// try       ───     again, and it works
test('siblings of one name are one step with a count, retries and failures', () => {
  const diagram = drawn([['root', 0, 0, 100], ['try', 1, 10, 30, { status: 'ERROR' }], ['db', 2, 10, 20], ['try', 1, 50, 80, { retry: true }], ['db', 2, 60, 70]])
  expect(told(diagram)).toEqual({
    steps: [['root', 100, 50, 0], ['try ×2', 50, 30, 1], ['db ×2', 20, 20, 2]],
    links: [['root', 'try', 50], ['try', 'db', 20]],
  })
  const [root, step] = diagram.steps
  expect(step).toMatchObject({ calls: 2, errors: 1, retries: 1, spanId: 's3' })
  expect(stepSentence(step as NonNullable<typeof step>, diagram.total)).toBe('try ×2 · 50 ns, 50% of all · 30 ns own time · 20 ns to the steps it calls · 1 failed · 1 retry')
  expect(stepSentence(root as NonNullable<typeof root>, diagram.total)).toBe('root · 100 ns, 100% of all · 50 ns own time · 50 ns to the steps it calls')
  expect([...diagram.stepOf]).toEqual([0, 1, 2, 1, 2])
})

test('the same name at another service is another step', () => {
  const diagram = drawn([['GET', 0, 0, 100, { service: 'web' }], ['GET', 1, 10, 90, { service: 'cart' }]])
  expect(told(diagram).steps).toEqual([['GET', 100, 20, 0], ['GET', 80, 80, 1]])
})

// walk ──────────
// walk  ────────    calls itself
// walk    ────
test('a step that calls itself is one step', () => {
  const diagram = drawn([['root', 0, 0, 120], ['walk', 1, 0, 100], ['walk', 2, 10, 90], ['walk', 3, 30, 70], ['read', 4, 40, 50]])
  expect(told(diagram)).toEqual({
    steps: [['root', 120, 20, 0], ['walk ×3', 100, 90, 1], ['read', 10, 10, 2]],
    links: [['root', 'walk', 100], ['walk', 'read', 10]],
  })
})

// a ──────────
// b  ────────
// a    ────        a again: its time is a's, and no longer passes through b
// c     ──
test('a longer loop is folded: its time goes back to where the loop began', () => {
  const diagram = drawn([['a', 0, 0, 100], ['b', 1, 10, 90], ['a', 2, 30, 70], ['c', 3, 40, 60]])
  expect(told(diagram)).toEqual({
    steps: [['a ×2', 100, 40, 0], ['b', 40, 40, 1], ['c', 20, 20, 1]],
    links: [['a', 'b', 40], ['a', 'c', 20]],
  })
})

test('a loop through a step that no one waited for is folded, too', () => {
  const diagram = drawn([['a', 0, 0, 100], ['b', 1, 200, 300], ['a', 2, 200, 300]])
  expect(told(diagram)).toEqual({ steps: [['a ×2', 200, 200, 0]], links: [] })
  expect(diagram.untimed).toBe(1)
})

// root ─────
// mail      ────    begins when its caller has ended
// log     ───       outlives its caller
test('what a caller did not wait for is a source of its own', () => {
  const diagram = drawn([['root', 0, 0, 50], ['mail', 1, 60, 100], ['send', 2, 70, 90], ['log', 1, 40, 70]])
  expect(told(diagram)).toEqual({
    steps: [['root', 50, 40, 0], ['log', 30, 30, 1], ['mail', 40, 20, 0], ['send', 20, 20, 1]],
    links: [['root', 'log', 10], ['mail', 'send', 20]],
  })
  expect(diagram.steps.map((s) => s.source)).toEqual([50, 20, 40, 0])
  expect(diagram.total).toBe(110)
  const log = diagram.steps[1]
  expect(log && stepSentence(log, diagram.total)).toContain('20 ns of it after its caller had ended')
})

test('an orphan begins on its own, and what took no time is counted but not drawn', () => {
  const diagram = drawn([['root', 0, 0, 50], ['instant', 1, 10, 10], ['lost', 1, 20, 30, { parentSpanId: 'gone', orphan: true }]])
  expect(told(diagram)).toEqual({ steps: [['root', 50, 50, 0], ['lost', 10, 10, 0]], links: [] })
  expect([diagram.untimed, [...diagram.stepOf]]).toEqual([1, [0, -1, 1]])
})

test('a flow without spans or without time draws nothing', () => {
  for (const spans of [[], [['root', 0, 0, 0]]] as Made[][]) expect(drawn(spans)).toMatchObject({ steps: [], links: [], total: 0 })
})

test('of many steps the largest are named, the others of a column are one', () => {
  const spans: Made[] = [['root', 0, 0, 10_000]]
  for (let i = 0; i < 100; i++) spans.push([`step ${i}`, 1, i * 100, i * 100 + i + 1], [`inner ${i}`, 2, i * 100, i * 100 + 1])
  const diagram = drawn(spans, 10)
  expect(diagram.steps.map(stepTitle)).toEqual(['root', ...Array.from({ length: 9 }, (_, n) => `step ${91 + n}`), 'others (182)', 'others (9)'])
  expect(diagram.steps.map((s) => s.depth)).toEqual([0, ...Array<number>(9).fill(1), 1, 2])
  expect(diagram.stepOf[2]).toBe(10) // inner 0, below one of the others
  expect(diagram.stepOf[200]).toBe(11) // inner 99, below a step that is named
  expect(diagram.total).toBe(10_000)
})

test('what is deeper than the last column is part of it, which says so', () => {
  const spans = Array.from({ length: 30 }, (_, i): Made => [`level ${i}`, i, i, 100 - i])
  const diagram = drawn(spans, undefined, 5)
  expect(diagram.steps).toHaveLength(5)
  expect(diagram.steps.at(-1)).toMatchObject({ name: 'level 4', value: 92, self: 92, deeper: 25, deeperTime: 90, calls: 1, spanId: 's4' })
  expect(stepSentence(diagram.steps[4]!, diagram.total)).toContain('2 ns own time · 90 ns in 25 spans deeper')
  expect(diagram.steps.slice(0, 4).map((s) => s.deeper)).toEqual([0, 0, 0, 0])
})

/** Any trace: overlaps, overhangs, repetitions, loops, orphans, long durations. */
function anything(dice: Random, count: number): Made[] {
  const spans: Made[] = []
  let depth = 0
  for (let i = 0; i < count; i++) {
    depth = i === 0 ? 0 : Math.max(0, Math.min(depth + 1, Math.floor(dice.next() * (depth + 2))))
    const from = Math.floor(dice.next() * 10 ** (3 + dice.next() * 9))
    spans.push([`n${Math.floor(dice.next() * 6)}`, depth, from, from + Math.floor(dice.next() * 10 ** (dice.next() * 13)), { service: dice.chance(0.8) ? 'shop' : 'cart' }])
  }
  return spans
}

test('whatever the trace, inflow is outflow and own time, and no column is skipped', () => {
  const dice = new Random(7)
  for (let n = 0; n < 400; n++) drawn(anything(dice, 1 + Math.floor(dice.next() * 60)), 1 + Math.floor(dice.next() * 30), 1 + Math.floor(dice.next() * 8))
})

test('every step and link has a place inside the drawing, in the column of its depth', () => {
  const dice = new Random(11)
  for (let n = 0; n < 60; n++) {
    const diagram = drawn(anything(dice, 1 + Math.floor(dice.next() * 60)))
    const placed = placeSankey(diagram, { width: 900, height: 400 })
    const columns = new Map<number, number>()
    placed.steps.forEach(({ x, y, height, own }, i) => {
      for (const number of [x, y, height, own]) expect(Number.isFinite(number)).toBe(true)
      expect(x).toBeGreaterThanOrEqual(0)
      expect(x).toBeLessThan(placed.width - 100)
      expect(y).toBeGreaterThanOrEqual(-1)
      expect(y + height).toBeLessThanOrEqual(placed.height + 1)
      expect(own).toBeLessThanOrEqual(height + 1e-6)
      const depth = diagram.steps[i]?.depth ?? -1
      expect(x).toBeCloseTo(columns.get(depth) ?? x, 6)
      columns.set(depth, x)
    })
    expect(placed.links).toHaveLength(diagram.links.length)
    for (const outline of placed.links) expect(outline).toMatch(/^M[\d.-]+ [^a-z]*Z$/)
  }
})

// Package flow draws the same diagram without a browser; its test writes what it makes of these.
test('a process that exports its flows divides their time in the same way', () => {
  type Case = { Spans: { Name: string; Depth: number; From: number; Until: number }[]; Want: { nodes: unknown[]; links: unknown[]; total: number } }
  const path = fileURLToPath(new URL('../../../flow/testdata/sankey_cases.json', import.meta.url))
  const cases = JSON.parse(readFileSync(path, 'utf8')) as Case[]
  expect(cases.length).toBeGreaterThan(10)
  for (const { Spans, Want } of cases) {
    const { steps, links, total } = drawn(Spans.map((s) => [s.Name, s.Depth, s.From, s.Until]))
    expect({
      nodes: steps.map((s) => ({ name: s.name, depth: s.depth, value: s.value, source: s.source, self: s.self, calls: s.calls, errors: s.errors, steps: s.steps })),
      links: links.map((l) => ({ source: l.from, target: l.to, value: l.value })),
      total,
    }).toEqual(Want)
  }
})
