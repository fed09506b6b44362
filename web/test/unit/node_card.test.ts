import { beforeAll, expect, test, vi } from 'vitest'
import type { FlowEdge, FlowNode } from '../../src/api/types'
import { labelWidth, layoutRequest, nodeTitle, nodeWidth } from '../../src/draw/node_card'
import { nodeShape } from '../../src/draw/shapes'
import { fitText, textWidth } from '../../src/draw/text'
import { Palette, hues } from '../../src/model/palette'

// A canvas where every letter is 7 pixels wide.
beforeAll(() => void vi.stubGlobal('document', { createElement: () => ({ getContext: () => ({ measureText: (text: string) => ({ width: text.length * 7 }) }) }) }))

test('text is cut only where it does not fit, and then fits', () => {
  expect(fitText('checkout', '', 56)).toBe('checkout')
  expect(fitText('checkout', '', 55)).toBe('checko…')
  expect(fitText('checkout', '', 1)).toBe('c…')
})

test.each(['a', 'shop/recommendation', 'a-namespace-of-some-length/cart', `shop/${'long'.repeat(30)}`, 'external:bank.example', 'queue:'])('the name of %s fits its box', (id) => {
  const width = nodeWidth(id)
  const { name, namespace } = nodeTitle(id, width)
  expect(width).toBeLessThanOrEqual(300)
  expect(textWidth(name, '') + textWidth(namespace, '')).toBeLessThan(width - 40)
  expect(name.startsWith('…')).toBe(false)
})

test('changing numbers do not ask for another layout', () => {
  const request = (callCount: number) =>
    layoutRequest({ nodes: [{ id: 'a' }, { id: 'b' }] as FlowNode[], edges: [{ from: 'a', to: 'b', callCount, retryCount: 0, circuitBreakCount: 0 } as FlowEdge] })
  expect(request(3)).toEqual(request(999_000))
  expect(request(3).lines[0]?.labelWidth).toBeGreaterThan(0)
  expect(labelWidth('')).toBe(0)
})

test('each kind of node has an outline of its own, of its own size', () => {
  const shapes = (['service', 'database', 'queue', 'external'] as const).map((kind) => nodeShape(kind, 170, 42))
  expect(new Set(shapes).size).toBe(4)
  for (const shape of shapes) {
    expect(shape).toMatch(/^M[^NaN]*Z$/)
    expect(shape).toContain('85')
  }
})

test('a palette gives every colour once before any twice, whatever the order', () => {
  const palette = new Palette()
  const ids = Array.from({ length: 2 * hues.length }, (_, i) => `shop/service-${i}`)
  const slots = ids.map((id) => palette.slot(id))
  expect(new Set(slots.slice(0, hues.length)).size).toBe(hues.length)
  expect(new Set(slots.slice(hues.length)).size).toBe(hues.length)
  expect(ids.map((id) => palette.slot(id))).toEqual(slots)
})
