// A Go program of this repository as the tests run it: built, started, asked, ended.
import { execFile, spawn } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'

export interface Program {
  url: string
  stop: () => Promise<void>
}

/** Longer than a two-core machine needs to compile a database. */
export const building = 300_000

/**
 * Builds the main package in a folder of the repository and runs it. It serves
 * once it prints a line that ready matches; what the pattern's group holds is its URL.
 */
export async function start(folder: string, args: string[], ready: RegExp): Promise<Program> {
  const dir = await mkdtemp(join(tmpdir(), 'flowscope-program-'))
  const binary = join(dir, 'program')
  await promisify(execFile)('go', ['build', '-o', binary, '.'], { cwd: join(import.meta.dirname, '../../..', folder), env: { ...process.env, CGO_ENABLED: '0' } })
  const child = spawn(binary, args, { stdio: ['ignore', 'pipe', 'pipe'] })
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()))
  const stop = async () => {
    child.kill('SIGINT')
    await ended
    await rm(dir, { recursive: true })
  }
  let said = ''
  const url = new Promise<string>((resolve, reject) => {
    const hear = (text: string) => {
      said += text
      const found = ready.exec(said)?.[1]
      if (found) resolve(found)
    }
    for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', hear)
    void ended.then(() => reject(new Error(`${folder} ended before it served: ${said}`)))
  })
  return { url: await url, stop }
}
