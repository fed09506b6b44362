import { readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { expect, test } from 'vitest'

const dist = join(import.meta.dirname, '../../dist')
const files = readdirSync(dist, { recursive: true, withFileTypes: true })
  .filter((f) => f.isFile())
  .map((f) => join(f.parentPath, f.name))
const size = (paths: string[]) => paths.reduce((sum, path) => sum + gzipSync(readFileSync(path)).length, 0)

/** What the page names is loaded first; the layout worker comes after. */
const page = readFileSync(join(dist, 'index.html'), 'utf8')
const first = files.filter((path) => path.endsWith('index.html') || page.includes(path.slice(dist.length)))

test('the first load is at most 120 KB, gzipped', () => {
  expect(first.length).toBeGreaterThanOrEqual(4)
  expect(size(first)).toBeLessThanOrEqual(120 * 1024)
})

test('the diagram of time and the layout of graphs are loaded when they are needed', () => {
  for (const late of [/Sankey.*\.js$/, /layered.*\.js$/]) {
    expect(files.filter((path) => late.test(path))).toHaveLength(1)
    expect(first.filter((path) => late.test(path))).toEqual([])
  }
})

test('all JavaScript is at most 250 KB, gzipped', () => {
  expect(size(files.filter((path) => path.endsWith('.js')))).toBeLessThanOrEqual(250 * 1024)
})

test('every address is relative to the base, which whoever serves the page can replace', () => {
  expect(page.match(/<base /g)).toHaveLength(1)
  expect(page).toContain('<base href="/" />')
  const addresses = [...page.matchAll(/\b(?:src|href)="([^"]*)"/g)].map((match) => match[1] ?? '').filter((address) => address !== '/')
  expect(addresses.length).toBeGreaterThanOrEqual(4)
  for (const address of addresses) expect(address).toMatch(/^\.\//)
  for (const path of files.filter((f) => /\.(js|css)$/.test(f))) expect(readFileSync(path, 'utf8')).not.toMatch(/["'`(]\/(assets|api)\//)
})

test('nothing is inline, nothing comes from elsewhere, no source maps', () => {
  expect(page).not.toMatch(/<script(?![^>]*\bsrc=)|<style|\bstyle=|\bon\w+=/)
  expect(page).not.toMatch(/(src|href)="(https?:)?\/\//)
  expect(files.filter((path) => path.endsWith('.map'))).toEqual([])
  for (const path of files) expect(readFileSync(path, 'utf8')).not.toMatch(/sourceMappingURL|\/home\/|\/work\//)
})
