// What the screens say when there is nothing to show, or no server. Over the
// mock always: a real server is not made ill for this.
import type { Browser } from 'playwright-core'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import type { Mock } from '../mock/server'
import { expectAccessible, launch, open, serveMock } from './kit'

let browser: Browser
let mock: Mock
beforeAll(async () => {
  browser = await launch()
  mock = await serveMock()
})
afterEach(() => {
  mock.failing = false
})
afterAll(async () => {
  await browser.close()
  await mock.close()
})

test('without data the dashboard says how to send some', async () => {
  const empty = await serveMock({ empty: true })
  const { page, complaints } = await open(browser, empty.url)
  await page.getByRole('heading', { name: 'No spans yet' }).waitFor()
  expect(await page.locator('pre').textContent()).toContain('OTEL_EXPORTER_OTLP_ENDPOINT=http://127.0.0.1:4318')
  await page.getByText('Waiting for spans').waitFor()
  await expectAccessible(page)
  expect(complaints).toEqual([])
  await page.close()
  await empty.close()
})

test('a failing server keeps the data, says why, and recovers by Retry', async () => {
  const { page } = await open(browser, mock.url)
  await page.locator('[data-flow]').first().waitFor()
  await page.keyboard.press('p') // or it would recover by itself before Retry is pressed
  mock.failing = true
  await page.keyboard.press('r')
  const alert = page.getByRole('region', { name: 'Recent flows' }).getByRole('alert')
  await alert.waitFor()
  expect(await alert.textContent()).toMatch(/the store is closed.*older.*req-42/s)
  expect(await page.locator('[data-flow]').count()).toBeGreaterThan(0)
  await expectAccessible(page)
  mock.failing = false
  await alert.getByRole('button', { name: 'Retry' }).click()
  await alert.waitFor({ state: 'detached' })
  await page.close()
})

test('a server that is gone is noticed within seconds', async () => {
  const server = await serveMock()
  const { page } = await open(browser, server.url)
  await page.locator('[data-flow]').first().waitFor()
  await server.close()
  await page.getByText(/^Stale/).waitFor({ timeout: 10_000 })
  expect(await page.locator('[data-flow]').count()).toBeGreaterThan(0)
  await page.close()
})

test('a server that hangs is noticed within seconds, and so is its answer', async () => {
  const server = await serveMock()
  const { page } = await open(browser, server.url)
  await page.locator('[data-flow]').first().waitFor()
  server.hanging = true
  await page.getByText(/^Stale/).waitFor({ timeout: 10_000 }) // its requests would be given up after 15 s
  expect(await page.getByRole('alert').count()).toBe(0)
  await server.close()
  await page.close()
})

test('a flow that is not there is said to be missing, with the request to look up', async () => {
  const { page } = await open(browser, `${mock.url}/flows/${'0'.repeat(32)}`)
  const alert = page.getByRole('alert')
  await alert.waitFor()
  expect(await alert.textContent()).toMatch(/not here.*mock-request/s)
  await page.close()
})

test('a filter that nothing matches offers a way out', async () => {
  const { page } = await open(browser, `${mock.url}/?operation=no_such_operation`)
  await page.getByRole('region', { name: 'Recent flows' }).getByRole('button', { name: 'Clear filters' }).click()
  await page.locator('[data-flow]').first().waitFor()
  expect(page.url()).not.toContain('no_such_operation')
  await page.close()
})
