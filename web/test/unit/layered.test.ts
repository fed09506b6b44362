import { expect, test } from 'vitest'
import { layered, type Box, type LayoutRequest, type Placed } from '../../src/layout/layered'
import { canKeep, extend, isComplete, route } from '../../src/layout/stable'
import { Random } from '../mock/random'

const height = 42

function request(boxes: string[], lines: [string, string][], width = (_id: string) => 170): LayoutRequest {
  return { boxes: boxes.map((id) => ({ id, width: width(id), height })), lines: lines.map(([from, to]) => ({ from, to, labelWidth: 58 })) }
}

/** A random graph of calls; without circles every call goes to a higher number. */
function random(seed: number, nodes: number, calls: number, circles: boolean): LayoutRequest {
  const dice = new Random(seed)
  const pick = (from: number, to: number) => from + Math.floor(dice.next() * (to - from))
  const lines = Array.from({ length: calls }, (): [string, string] => {
    const from = pick(0, nodes - 1)
    return [`n${from}`, `n${circles ? pick(0, nodes) : pick(from + 1, nodes)}`]
  })
  return request(Array.from({ length: nodes }, (_, i) => `n${i}`), lines, () => pick(170, 282))
}

function overlaps(placed: Placed, boxes: Box[]): string[] {
  const found: string[] = []
  for (const [i, a] of boxes.entries()) {
    for (const b of boxes.slice(i + 1)) {
      const [p, q] = [placed.nodes[a.id]!, placed.nodes[b.id]!]
      if (Math.abs(p.x - q.x) < (a.width + b.width) / 2 && Math.abs(p.y - q.y) < (a.height + b.height) / 2) found.push(`${a.id} ${b.id}`)
    }
  }
  return found
}

test.each([1, 2, 3, 4])('ranks follow calls and nothing overlaps (graph %d)', (seed) => {
  const asked = random(seed, 40, 70, false)
  const placed = layered(asked)
  expect(overlaps(placed, asked.boxes)).toEqual([])
  for (const { from, to } of asked.lines) expect(placed.nodes[from]!.x, `${from} before ${to}`).toBeLessThan(placed.nodes[to]!.x)
})

test.each([5, 6, 7])('calls in circles come to an end without overlaps (graph %d)', (seed) => {
  const asked = random(seed, 40, 120, true)
  const placed = layered(asked)
  expect(isComplete(placed, asked)).toBe(true)
  expect(overlaps(placed, asked.boxes)).toEqual([])
})

test('everything lies within the drawing, and each line has its own way and label', () => {
  const asked = random(8, 30, 50, false)
  const placed = layered(asked)
  for (const { id, width } of asked.boxes) {
    const { x, y } = placed.nodes[id]!
    expect([id, x - width / 2 >= 0, y - height / 2 >= 0, x + width / 2 <= placed.width, y + height / 2 <= placed.height]).toEqual([id, true, true, true, true])
  }
  for (const { from, to } of asked.lines) {
    const { points, label } = placed.edges[`${from}→${to}`]!
    expect(points[0]!.x).toBeLessThan(points.at(-1)!.x)
    expect(label.x).toBeGreaterThan(placed.nodes[from]!.x)
    expect(label.x).toBeLessThan(placed.nodes[to]!.x)
  }
})

test('the same graph is placed the same; no graph is placed, too', () => {
  expect(layered(random(9, 30, 60, true))).toEqual(layered(random(9, 30, 60, true)))
  expect(layered({ boxes: [], lines: [] }).nodes).toEqual({})
})

test('names that objects have of their own are nodes like others', () => {
  const asked = request(['constructor', 'toString', 'a'], [['a', 'constructor'], ['constructor', 'toString']])
  const placed = layered(asked)
  expect(placed.nodes['constructor']!.x).toBeLessThan(placed.nodes['toString']!.x)
  const grown = with_(few, 'constructor', ['web', 'constructor'])
  expect(extend(layered(few), grown).nodes['constructor']!.x).toBeGreaterThan(0)
})

const few = request(['web', 'auth', 'cart', 'mail', 'db'], [['web', 'auth'], ['web', 'cart'], ['web', 'mail'], ['cart', 'db']])
const with_ = (asked: LayoutRequest, id: string, ...lines: [string, string][]): LayoutRequest => {
  const more = request([id], lines)
  return { boxes: [...asked.boxes, ...more.boxes], lines: [...asked.lines, ...more.lines] }
}
const without = (asked: LayoutRequest, id: string): LayoutRequest => ({
  boxes: asked.boxes.filter((b) => b.id !== id),
  lines: asked.lines.filter((l) => l.from !== id && l.to !== id),
})

test('one update after another moves nothing and overlaps nothing', () => {
  let asked = few
  let placed = layered(asked)
  const first = placed.nodes
  for (let i = 0; i < 12; i++) {
    asked = with_(asked, `new${i}`, i % 3 === 2 ? [`new${i}`, 'db'] : ['web', `new${i}`])
    expect(canKeep(placed, asked)).toBe(true)
    const next = extend(placed, asked)
    expect(next.nodes).toMatchObject(placed.nodes)
    placed = next
  }
  expect(placed.nodes).toMatchObject(first)
  expect(overlaps(placed, asked.boxes)).toEqual([])
  const right = Math.max(...asked.boxes.map((b) => placed.nodes[b.id]!.x + b.width / 2))
  const bottom = Math.max(...asked.boxes.map((b) => placed.nodes[b.id]!.y + height / 2))
  expect([placed.width >= right, placed.height >= bottom]).toEqual([true, true])
})

test('extending leaves what was placed before untouched', () => {
  const placed = layered(few)
  const before = structuredClone(placed)
  extend(placed, with_(few, 'extra', ['web', 'extra']))
  expect(placed).toEqual(before)
})

test('who is gone for a while finds its place free when it is back', () => {
  const placed = layered(few)
  for (const gone of ['auth', 'cart', 'mail', 'db']) {
    const meanwhile = with_(with_(without(few, gone), 'x', ['web', 'x']), 'y', ['web', 'y'])
    const grown = extend(placed, meanwhile)
    const back = with_(with_(few, 'x', ['web', 'x']), 'y', ['web', 'y'])
    expect([gone, isComplete(grown, back), overlaps(grown, back.boxes)]).toEqual([gone, true, []])
    expect(grown.nodes[gone]).toEqual(placed.nodes[gone])
  }
})

test('the place of who is gone is kept as wide as any box', () => {
  const placed: Placed = { nodes: { web: { x: 100, y: 100 }, gone: { x: 440, y: 100 } }, edges: {}, width: 600, height: 200 }
  const next = extend(placed, request(['web', 'n'], [['web', 'n']], () => 200))
  expect(overlaps(next, request(['web', 'n', 'gone'], [], () => 200).boxes)).toEqual([])
})

test('new nodes stand right of their callers, left of who they call, else below', () => {
  const placed = layered(few)
  expect(extend(placed, with_(few, 'n', ['db', 'n'])).nodes['n']!.x).toBeGreaterThan(placed.nodes['db']!.x)
  expect(extend(placed, with_(few, 'n', ['n', 'db'])).nodes['n']!.x).toBeLessThan(placed.nodes['db']!.x)
  expect(extend(placed, with_(few, 'n')).nodes['n']!.y).toBeGreaterThan(placed.nodes['db']!.y)
})

test('a graph is laid out anew only when more than a fifth of it is new', () => {
  const placed = layered(few)
  const one = with_(few, 'a')
  expect(canKeep(placed, one)).toBe(true)
  expect(canKeep(placed, with_(one, 'b'))).toBe(false)
  expect(canKeep(placed, without(few, 'web'))).toBe(true)
  expect(isComplete(placed, one)).toBe(false)
})

test('a line the layout did not draw goes from side to side of the boxes; one to nowhere is not drawn', () => {
  const placed = layered(few)
  const { web, db } = placed.nodes
  const there = route(placed, { from: 'web', to: 'db' }, () => 100)!
  expect([there.points[0], there.points.at(-1)]).toEqual([{ x: web!.x + 50, y: web!.y }, { x: db!.x - 50, y: db!.y }])
  const back = route(placed, { from: 'db', to: 'web' }, () => 100)!
  expect([back.points[0]!.x, back.points.at(-1)!.x]).toEqual([db!.x - 50, web!.x + 50])
  expect(route(placed, { from: 'web', to: 'auth' }, () => 100)).toBe(placed.edges['web→auth'])
  expect(route(placed, { from: 'web', to: 'gone' }, () => 100)).toBeNull()
})
