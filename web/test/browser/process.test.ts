// The dashboard inside one process: the same screens, without what a single
// process cannot know. The mock refuses to be asked for that.
import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Mock } from '../mock/server'
import { colors, expectAccessible, launch, open, parameter, place, serveMock, type Theme } from './kit'

let browser: Browser
let mock: Mock
beforeAll(async () => {
  browser = await launch()
  mock = await serveMock({ process: true, prefix: '/debug/flow/' })
})
afterAll(async () => {
  await browser.close()
  await mock.close()
})

test.each<Theme>(['dark', 'light'])('the dashboard of one process says whose it is and how it is (%s)', async (theme) => {
  const { page, complaints, requests } = await open(browser, mock.url, theme)
  await page.locator('[data-node]').first().waitFor()
  await page.locator('[data-span]').first().waitFor()
  expect(await page.title()).toBe('shop (this process)')
  expect(await page.getByRole('banner').textContent()).toMatch(/shop.*this process.*1\.2\.3 · dev/s)
  const health = page.getByRole('region', { name: 'Health of this process' })
  expect(await health.textContent()).toMatch(/Recording every flow.*Goroutines.*23.*Heap.*MiB.*Dropped.*0 flows.*1,000 of 1,000 flows.*The newest 1,000 flows are kept/s)
  expect(await page.locator('[data-node]').evaluateAll((all) => all.map((e) => e.getAttribute('data-node')).sort())).toEqual(['database:shop.db', 'external:payments.example', 'queue:mails', 'shop'])
  expect(await colors(page, '.graph .canvas')).toBeGreaterThan(50)
  await expectAccessible(page)
  expect(requests.filter((url) => url.includes('/services'))).toEqual([])
  expect(complaints).toEqual([])
  await page.close()
})

test('what one process cannot know is not there, on any screen', async () => {
  // Also when a link from a server filters by it.
  const { page, complaints } = await open(browser, `${mock.url}/?environment=production&service=shop`)
  await page.locator('[data-flow]').first().waitFor()
  const absent = async () => {
    for (const label of ['Environment', 'Service', 'Services', 'Pod']) expect([label, await page.getByText(label, { exact: true }).count()]).toEqual([label, 0])
    expect(await page.getByText('OTEL_EXPORTER').count()).toBe(0)
  }
  await absent()
  expect(await page.getByRole('button', { name: 'Clear', exact: true }).count()).toBe(0)
  await page.locator('[data-flow]', { hasText: 'POST /checkout' }).first().dblclick()
  await page.getByRole('heading', { level: 1, name: 'POST /checkout' }).waitFor()
  await page.locator('[data-span]').nth(1).click()
  await page.getByRole('region', { name: 'Selected span' }).getByText('Own time').waitFor()
  await absent()
  await page.getByRole('link', { name: 'Operations' }).click()
  await page.locator('[data-operation]').first().waitFor()
  expect(await page.locator('[data-operation]').count()).toBe(4)
  expect(await page.locator('[data-operation] .badge').count()).toBe(0)
  await absent()
  await expectAccessible(page)
  expect(complaints).toEqual([])
  await page.close()
})

test('by keyboard alone: choose a dependency, open a flow, see its path per step; a reload shows the same', async () => {
  const { page, complaints } = await open(browser, mock.url)
  await page.locator('[data-span]').first().waitFor()
  await page.locator('[data-node][tabindex="0"]').focus()
  await page.keyboard.press('ArrowRight')
  await page.keyboard.press('Enter')
  await expect.poll(() => parameter(page, 'node')).toMatch(/^(database|external|queue):/)
  expect(parameter(page, 'service')).toBeNull()
  const before = place(page)
  await page.reload()
  await page.locator('[data-node][aria-pressed=true]').waitFor()
  expect(place(page)).toBe(before)
  await page.getByRole('listbox', { name: 'Flows' }).focus()
  await page.keyboard.press('ArrowDown')
  await page.keyboard.press('Enter')
  await page.getByRole('heading', { name: 'Share per step' }).waitFor()
  await page.keyboard.press('2')
  await page.locator('[data-operation]').first().waitFor()
  expect(complaints).toEqual([])
  await page.close()
})

test('without flows it says how to make one', async () => {
  const empty = await serveMock({ process: true, empty: true, prefix: '/debug/flow/' })
  const { page, complaints } = await open(browser, empty.url)
  await page.getByRole('heading', { name: 'No flows yet' }).waitFor()
  await page.getByText('Make a request to this service').waitFor()
  expect(await page.locator('pre').textContent()).toBe(`curl ${new URL(empty.url).origin}/`)
  await expectAccessible(page)
  expect(complaints).toEqual([])
  await page.close()
  await empty.close()
})

test('a range without flows offers a wider one', async () => {
  const { page } = await open(browser, `${mock.url}/?from=2020-01-01T00:00:00Z&to=2020-01-01T01:00:00Z`)
  await page.getByRole('heading', { name: 'No flows in this time range' }).waitFor()
  await page.getByRole('button', { name: 'Look at the last 24 hours' }).click()
  await page.locator('[data-flow]').first().waitFor()
  expect(parameter(page, 'range')).toBe('24h')
  await page.close()
})

test('what runs is listed behind "In flight", with the step that it is at', async () => {
  const { page, complaints } = await open(browser, mock.url)
  await page.locator('[data-flow]').first().waitFor()
  await page.getByRole('region', { name: 'Health of this process' }).getByRole('button', { name: '1 flow' }).click()
  const running = page.locator('[data-open]')
  await running.waitFor()
  expect(await running.textContent()).toMatch(/POST \/checkout.*at charge card.*12/s)
  expect(parameter(page, 'sort')).toBe('active')
  await expectAccessible(page)
  await page.reload()
  await running.waitFor()
  await page.getByRole('button', { name: 'Newest' }).click()
  await page.locator('[data-flow]').first().waitFor()
  expect(complaints).toEqual([])
  await page.close()
})

test('what nobody chose follows the list, what somebody chose stays', async () => {
  const { page } = await open(browser, mock.url)
  const first = () => page.locator('[data-flow]').first().getAttribute('data-flow')
  await page.locator('[data-flow][aria-selected=true]').waitFor()
  const newest = await first()
  await page.getByRole('button', { name: 'Slowest' }).click()
  await expect.poll(() => parameter(page, 'flow')).not.toBe(newest)
  await expect.poll(async () => (await first()) === parameter(page, 'flow')).toBe(true)
  await page.locator('[data-flow]').nth(2).click()
  const chosen = parameter(page, 'flow')
  await page.getByRole('button', { name: 'Newest' }).click()
  await expect.poll(() => page.getByRole('heading', { name: 'Recent flows' }).count()).toBe(1)
  expect(parameter(page, 'flow')).toBe(chosen)
  await page.close()
})
