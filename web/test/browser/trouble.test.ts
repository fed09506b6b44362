// What the screens say when there is nothing to show, or no server. Over the
// mock always: a real server is not made ill for this.
import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { expectAccessible, launch, open, serveMock } from './kit'

let browser: Browser
beforeAll(async () => {
  browser = await launch()
})
afterAll(() => browser.close())

test('without data the dashboard says how to send some', async () => {
  const mock = await serveMock(true)
  const { page, complaints } = await open(browser, mock.url)
  await page.getByRole('heading', { name: 'No spans yet' }).waitFor()
  expect(await page.locator('pre').textContent()).toContain('OTEL_EXPORTER_OTLP_ENDPOINT=http://127.0.0.1:4318')
  await page.getByText('Waiting for spans').waitFor()
  await expectAccessible(page)
  expect(complaints).toEqual([])
  await page.close()
  await mock.close()
})

test('a failing server keeps the data, says why, and recovers by Retry', async () => {
  const mock = await serveMock()
  const { page } = await open(browser, mock.url)
  await page.locator('[data-flow]').first().waitFor()
  mock.failing = true
  await page.keyboard.press('r')
  const alert = page.getByRole('region', { name: 'Recent flows' }).getByRole('alert')
  await alert.waitFor()
  expect(await alert.textContent()).toMatch(/the store is closed.*older.*req-42/s)
  expect(await page.locator('[data-flow]').count()).toBeGreaterThan(0)
  mock.failing = false
  await alert.getByRole('button', { name: 'Retry' }).click()
  await alert.waitFor({ state: 'detached' })
  await page.close()
  await mock.close()
})

test('a server that is gone is noticed within seconds', async () => {
  const mock = await serveMock()
  const { page } = await open(browser, mock.url)
  await page.locator('[data-flow]').first().waitFor()
  await mock.close()
  await page.getByText(/^Stale/).waitFor({ timeout: 10_000 })
  expect(await page.locator('[data-flow]').count()).toBeGreaterThan(0)
  await page.close()
})

test('a flow that is not there is said to be missing, with the request to look up', async () => {
  const mock = await serveMock()
  const { page } = await open(browser, `${mock.url}/flows/${'0'.repeat(32)}`)
  const alert = page.getByRole('alert')
  await alert.waitFor()
  expect(await alert.textContent()).toMatch(/not here.*mock-request/s)
  await page.close()
  await mock.close()
})

test('a filter that nothing matches offers a way out', async () => {
  const mock = await serveMock()
  const { page } = await open(browser, `${mock.url}/?operation=no_such_operation`)
  await page.getByRole('region', { name: 'Recent flows' }).getByRole('button', { name: 'Clear filters' }).click()
  await page.locator('[data-flow]').first().waitFor()
  expect(page.url()).not.toContain('no_such_operation')
  await page.close()
  await mock.close()
})
