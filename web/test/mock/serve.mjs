// npm run mock: the built dashboard over made data, for looking at it without a server.
import { runnerImport } from 'vite'

const { module } = await runnerImport(new URL('server.ts', import.meta.url).pathname)
const dist = new URL('../../dist', import.meta.url).pathname
const mock = await module.startMock({ dist, port: Number(process.env.PORT ?? 0), empty: process.env.EMPTY === '1', process: process.env.PROCESS === '1', prefix: process.env.PREFIX ?? '/' })
console.log(mock.url)
