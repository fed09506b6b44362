// Where the time of a flow went, drawn: in one process and over a server.
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { FlowList } from '../../src/api/types'
import type { Mock } from '../mock/server'
import { colors, expectAccessible, launch, open, parameter, place, serveMock, type Theme } from './kit'

let browser: Browser
let mock: Mock
let one: Mock
beforeAll(async () => {
  browser = await launch()
  mock = await serveMock()
  one = await serveMock({ process: true, prefix: '/debug/flow/' })
})
afterAll(async () => {
  await browser.close()
  await mock.close()
  await one.close()
})

/** The path of a flow of an operation, with its spans. */
async function flowOf(server: Mock, operation: string): Promise<{ path: string; spans: number }> {
  const answer = (await (await fetch(`${server.url}/api/v1/flows?pageSize=300&operation=${encodeURIComponent(operation)}`)).json()) as FlowList
  const flow = answer.flows[0]
  if (!flow) throw new Error(`no flow of ${operation}`)
  return { path: `${server.url}/flows/${flow.flowId}`, spans: flow.spanCount }
}

async function openTime(path: string, theme: Theme = 'dark') {
  const opened = await open(browser, path, theme)
  await opened.page.getByRole('tab', { name: 'Where time went' }).click()
  await opened.page.locator('[data-step]').first().waitFor()
  return opened
}

const readout = (page: Page) => page.locator('.readout')

test.each<[string, Theme]>([['one process', 'dark'], ['one process', 'light'], ['a server', 'dark'], ['a server', 'light']])('time is drawn for %s in the %s theme', async (what, theme) => {
  const { path } = what === 'a server' ? await flowOf(mock, 'create_vm') : await flowOf(one, 'POST /checkout')
  const { page, complaints } = await openTime(path, theme)
  expect(parameter(page, 'tab')).toBe('time')
  expect(await colors(page, '.sankey .box')).toBeGreaterThan(50)
  expect(await readout(page).textContent()).toMatch(/^[\d.]+ ms in \d+ steps/)
  await expectAccessible(page)
  await page.getByRole('button', { name: 'Table' }).click()
  await page.getByRole('region', { name: 'Where the time went, as a table' }).waitFor()
  await expectAccessible(page)
  expect(complaints).toEqual([])
  await page.close()
})

test('the diagram is loaded only when it is looked at', async () => {
  const { path } = await flowOf(one, 'POST /checkout')
  const { page, requests } = await open(browser, path)
  await page.locator('[data-span]').first().waitFor()
  const loaded = () => requests.filter((url) => url.includes('/assets/Sankey'))
  expect(loaded()).toEqual([])
  await page.getByRole('tab', { name: 'Where time went' }).click()
  await page.locator('[data-step]').first().waitFor()
  expect(loaded().length).toBeGreaterThan(0)
  for (const url of loaded()) expect(url.startsWith(`${one.url}/assets/`)).toBe(true)
  await page.close()
})

test('a step that is chosen is its span in the timeline, and the other way round; a reload shows the same', async () => {
  const { path } = await flowOf(one, 'POST /checkout')
  const { page, complaints } = await openTime(path)
  await page.locator('[data-step]', { hasText: /^pay / }).click()
  await expect.poll(() => parameter(page, 'span')).toMatch(/^[0-9a-f]{16}$/)
  await page.getByRole('region', { name: 'Selected span' }).getByText('pay', { exact: true }).waitFor()
  expect(await readout(page).textContent()).toMatch(/^pay · .* of all · .* own time/)

  const before = place(page)
  await page.reload()
  await page.locator('[data-step][aria-pressed=true]').waitFor()
  expect(place(page)).toBe(before)
  expect(await page.locator('[data-step][aria-pressed=true]').textContent()).toContain('pay')

  await page.getByRole('tab', { name: 'Timeline' }).click()
  const row = page.locator('[data-span].selected')
  await row.waitFor()
  expect(await row.textContent()).toContain('pay')
  await page.locator('[data-span]', { hasText: 'INSERT order' }).click()
  await page.getByRole('tab', { name: 'Where time went' }).click()
  await page.locator('[data-step][aria-pressed=true]', { hasText: 'INSERT order' }).waitFor()
  expect(complaints).toEqual([])
  await page.close()
})

test('by keyboard alone: to the view, along the steps, and to a span', async () => {
  const { path } = await flowOf(one, 'POST /checkout')
  const { page, complaints } = await open(browser, path)
  await page.getByRole('tab', { name: 'Timeline' }).focus()
  await page.keyboard.press('ArrowRight')
  await page.locator('[data-step]').first().waitFor()
  await page.keyboard.press('Tab') // to the table's button
  await page.keyboard.press('Tab') // to the first step
  const focused = () => page.evaluate(() => document.activeElement?.getAttribute('data-step') ?? '')
  expect(await focused()).toBe('0')
  expect(await readout(page).textContent()).toContain('POST /checkout')
  await page.keyboard.press('ArrowRight')
  expect(await focused()).not.toBe('0')
  await page.keyboard.press('ArrowDown')
  const at = await focused()
  await page.keyboard.press('Enter')
  await page.locator(`[data-step="${at}"][aria-pressed=true]`).waitFor()
  expect(parameter(page, 'span')).toMatch(/^[0-9a-f]{16}$/)
  expect(complaints).toEqual([])
  await page.close()
})

test('the table has the steps of the diagram, and leads to their spans', async () => {
  const { path } = await flowOf(mock, 'checkout')
  const { page } = await openTime(path)
  const steps = await page.locator('[data-step]').count()
  const hovered = page.locator('[data-step]').nth(3)
  await hovered.hover()
  expect(await readout(page).textContent()).toBe(await hovered.getAttribute('aria-description'))
  await page.getByRole('button', { name: 'Table' }).click()
  const rows = page.getByRole('region', { name: 'Where the time went, as a table' }).locator('tbody tr')
  await expect.poll(() => rows.count()).toBe(steps)
  await rows.nth(2).getByRole('button').click()
  await expect.poll(() => parameter(page, 'span')).toMatch(/^[0-9a-f]{16}$/)
  await page.reload()
  await rows.nth(2).and(page.locator('.selected')).waitFor()
  await page.close()
})
