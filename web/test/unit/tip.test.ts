import { expect, test } from 'vitest'
import { tipPlace } from '../../src/layout/tip'

const tip = { width: 264, height: 190 }
const reach = { x: 80, y: 20 }

test.each([
  ['below', { x: 500, y: 50 }, { width: 1000, height: 600 }, { x: 368, y: 78 }],
  ['above', { x: 500, y: 500 }, { width: 1000, height: 600 }, { x: 368, y: 282 }],
  ['beside, in a low canvas', { x: 500, y: 110 }, { width: 1000, height: 220 }, { x: 588, y: 15 }],
  ['at its other side', { x: 900, y: 110 }, { width: 1000, height: 220 }, { x: 548, y: 15 }],
  ['not out of the left', { x: 20, y: 50 }, { width: 1000, height: 600 }, { x: 8, y: 78 }],
  ['at the top of one that is lower than itself', { x: 500, y: 50 }, { width: 1000, height: 100 }, { x: 588, y: 8 }],
])('a tip goes %s', (_, at, canvas, want) => expect(tipPlace(at, reach, tip, canvas)).toEqual(want))
