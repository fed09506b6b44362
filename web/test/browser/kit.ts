// Chromium over the mock, or over the server that FLOWSCOPE_URL names.
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { chromium, type Browser, type Page } from 'playwright-core'
import { expect } from 'vitest'
import { startMock, type Mock, type MockOptions } from '../mock/server'

const switches = ['--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync']
const axeSource = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')
const dist = join(import.meta.dirname, '../../dist')

/** Longer than a busy two-core machine needs to answer and draw. */
export const patience = 20_000

export function launch(): Promise<Browser> {
  return chromium.launch({ executablePath: '/usr/bin/chromium', args: switches })
}

export async function serve(): Promise<{ url: string; close: () => Promise<void> }> {
  const real = process.env['FLOWSCOPE_URL']?.replace(/\/$/, '')
  return real ? { url: real, close: async () => {} } : await startMock({ dist })
}

export function serveMock(options: Omit<MockOptions, 'dist' | 'port'> = {}): Promise<Mock> {
  return startMock({ dist, ...options })
}

export type Theme = 'dark' | 'light'

/** A page that remembers what went wrong in it, and what it asked for. */
export async function open(browser: Browser, url: string, theme: Theme = 'dark', password?: string): Promise<{ page: Page; complaints: string[]; requests: string[] }> {
  const page = await browser.newPage({ viewport: { width: 1440, height: 900 }, colorScheme: theme, reducedMotion: 'reduce', ...(password && { httpCredentials: { username: 'anybody', password } }) })
  page.setDefaultTimeout(patience)
  const complaints: string[] = []
  page.on('console', (message) => {
    if (message.type() === 'error' || message.type() === 'warning') complaints.push(message.text())
  })
  page.on('pageerror', (error) => complaints.push(error.message))
  const requests: string[] = []
  page.on('request', (request) => requests.push(request.url()))
  await page.goto(url)
  return { page, complaints, requests }
}

interface AxeResult {
  violations: { id: string; impact: string; nodes: { html: string; failureSummary: string }[] }[]
}

/** Fails on anything that axe-core finds serious or critical. */
export async function expectAccessible(page: Page): Promise<void> {
  await page.evaluate(axeSource) // through the debugger, which the content security policy lets through
  const found = await page.evaluate(async () => {
    const { axe } = globalThis as unknown as { axe: { run: () => Promise<AxeResult> } }
    const { violations } = await axe.run()
    const grave = violations.filter((v) => v.impact === 'serious' || v.impact === 'critical')
    return grave.map((v) => `${v.id}: ${v.nodes[0]?.html.slice(0, 200)} ${v.nodes[0]?.failureSummary}`)
  })
  expect(found).toEqual([])
}

/** How many different colours an element shows; a blank one shows one or two. */
export async function colors(page: Page, selector: string): Promise<number> {
  const png = (await page.locator(selector).screenshot()).toString('base64')
  return page.evaluate(async (data) => {
    const bytes = Uint8Array.from(atob(data), (c) => c.charCodeAt(0))
    const image = await createImageBitmap(new Blob([bytes], { type: 'image/png' }))
    const context = new OffscreenCanvas(image.width, image.height).getContext('2d')
    if (!context) return 0
    context.drawImage(image, 0, 0)
    const { data: pixels } = context.getImageData(0, 0, image.width, image.height)
    return new Set(new Uint32Array(pixels.buffer)).size
  }, png)
}

/** The page's path and query. */
export function place(page: Page): string {
  const { pathname, search } = new URL(page.url())
  return pathname + search
}

export function parameter(page: Page, name: string): string | null {
  return new URL(page.url()).searchParams.get(name)
}
