// Serves the built dashboard and the mock API on loopback, under the content
// security policy that the real server sends.
import { readFile } from 'node:fs/promises'
import { createServer, type Server, type ServerResponse } from 'node:http'
import { extname, join, normalize } from 'node:path'
import { MockApi } from './api'
import { activeSteps } from './open'

const types: Record<string, string> = { '.html': 'text/html; charset=utf-8', '.js': 'text/javascript', '.css': 'text/css', '.svg': 'image/svg+xml' }
const policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; worker-src 'self'; base-uri 'self'; form-action 'self'; frame-ancestors 'none'"

export interface Mock {
  /** Without a slash at the end. */
  url: string
  /** While true every API call fails as an unwell server's would. */
  failing: boolean
  /** While true no API call is answered. */
  hanging: boolean
  close(): Promise<void>
}

export interface MockOptions {
  dist: string
  port?: number
  empty?: boolean
  /** One process by itself, in place of a server. */
  process?: boolean
  /** Where the dashboard is mounted: '/', or '/debug/flow/'. There is nothing beside it. */
  prefix?: string
}

export async function startMock({ dist, port = 0, empty = false, process = false, prefix = '/' }: MockOptions): Promise<Mock> {
  const api = new MockApi(Date.now, empty, process)
  const mount = prefix.slice(0, -1)
  const mock = { url: '', failing: false, hanging: false, close: () => stop(server) }
  const server = createServer((request, response) => {
    const url = new URL(request.url ?? '/', 'http://mock')
    if (url.pathname !== mount && !url.pathname.startsWith(prefix)) {
      response.writeHead(404).end()
      return
    }
    const path = url.pathname.slice(mount.length)
    if (process && path === '/active') {
      response.writeHead(200, { 'Content-Type': 'application/json' }).end(JSON.stringify(activeSteps))
      return
    }
    if (path.startsWith('/api/v1')) {
      if (mock.hanging) return
      const failure = { status: 503, body: { title: 'Unavailable', status: 503, code: 'unavailable', detail: 'the store is closed', requestId: 'req-42' } }
      const { status, body } = mock.failing ? failure : api.answer(path.slice('/api/v1'.length), url.searchParams)
      response.writeHead(status, { 'Content-Type': status < 400 ? 'application/json' : 'application/problem+json', 'X-Request-Id': 'mock-request' })
      response.end(JSON.stringify(body))
      return
    }
    void file(response, dist, path, prefix)
  })
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve))
  const address = server.address()
  if (typeof address === 'object' && address) mock.url = `http://127.0.0.1:${address.port}${mount}`
  return mock
}

/** The file, or index.html for the paths that the dashboard routes itself: it is told where it is mounted. */
async function file(response: ServerResponse, dist: string, pathname: string, prefix: string): Promise<void> {
  const path = extname(pathname) ? join(dist, normalize(pathname)) : join(dist, 'index.html')
  const type = types[extname(path)] ?? 'application/octet-stream'
  try {
    const content = await readFile(path)
    response.writeHead(200, { 'Content-Type': type, 'Content-Security-Policy': policy })
    response.end(path.endsWith('index.html') ? content.toString().replace('<base href="/" />', `<base href="${prefix}" />`) : content)
  } catch {
    response.writeHead(404).end()
  }
}

function stop(server: Server): Promise<void> {
  server.closeAllConnections()
  return new Promise((resolve) => server.close(() => resolve()))
}
