// Serves the built dashboard and the mock API on loopback, under the content
// security policy that the real server sends.
import { readFile } from 'node:fs/promises'
import { createServer, type Server } from 'node:http'
import { extname, join, normalize } from 'node:path'
import { MockApi } from './api'

const types: Record<string, string> = { '.html': 'text/html; charset=utf-8', '.js': 'text/javascript', '.css': 'text/css', '.svg': 'image/svg+xml' }
const policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; worker-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"

export interface Mock {
  url: string
  /** While true every API call fails as an unwell server's would. */
  failing: boolean
  close(): Promise<void>
}

export interface MockOptions {
  dist: string
  port?: number
  empty?: boolean
}

export async function startMock({ dist, port = 0, empty = false }: MockOptions): Promise<Mock> {
  const api = new MockApi(Date.now, empty)
  const mock = { url: '', failing: false, close: () => stop(server) }
  const server = createServer((request, response) => {
    const url = new URL(request.url ?? '/', 'http://mock')
    if (url.pathname.startsWith('/api/v1')) {
      const failure = { status: 503, body: { title: 'Unavailable', status: 503, code: 'unavailable', detail: 'the store is closed', requestId: 'req-42' } }
      const { status, body } = mock.failing ? failure : api.answer(url.pathname.slice('/api/v1'.length), url.searchParams)
      response.writeHead(status, { 'Content-Type': status < 400 ? 'application/json' : 'application/problem+json', 'X-Request-Id': 'mock-request' })
      response.end(JSON.stringify(body))
      return
    }
    void file(dist, url.pathname).then(({ type, content }) => {
      response.writeHead(200, { 'Content-Type': type, 'Content-Security-Policy': policy })
      response.end(content)
    })
  })
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve))
  const address = server.address()
  if (typeof address === 'object' && address) mock.url = `http://127.0.0.1:${address.port}`
  return mock
}

/** The file, or index.html for the paths that the dashboard routes itself. */
async function file(dist: string, pathname: string): Promise<{ type: string; content: Buffer }> {
  const path = extname(pathname) ? join(dist, normalize(pathname)) : join(dist, 'index.html')
  return { type: types[extname(path)] ?? 'application/octet-stream', content: await readFile(path) }
}

function stop(server: Server): Promise<void> {
  server.closeAllConnections()
  return new Promise((resolve) => server.close(() => resolve()))
}
