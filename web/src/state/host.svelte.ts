// Who serves this dashboard: a server that many processes send to, or the one
// process it is mounted in. What a single process cannot know, or has one
// value of, is left out of the screens; everything else is the same.
import { statusPath } from '../api/paths'
import type { ProcessStatus, ServerStatus, Status } from '../api/types'
import { parseFilters, withinProcess, type Filters } from '../model/view'
import { Poll } from './poll.svelte'
import { router } from './router.svelte'

class Host {
  #poll = $state.raw<Poll<Status> | null>(null)
  readonly #status = $derived(this.#poll?.data ?? null)
  readonly process = $derived<ProcessStatus | null>(isProcess(this.#status) ? this.#status : null)
  readonly server = $derived<ServerStatus | null>(isProcess(this.#status) ? null : this.#status)
  /** Whether the screens can be drawn without having to change under the reader's eyes. Who does not answer this passes for a server. */
  readonly known = $derived(this.#status !== null || Boolean(this.#poll?.error))
  /** Ends the titles of all screens. */
  readonly title = $derived(this.process ? `${this.process.service} (this process)` : 'Flowscope')
  readonly #single = $derived(isProcess(this.#status))
  /** What the URL filters by, as far as it means something here. */
  readonly filters = $derived<Filters>(this.#single ? withinProcess(parseFilters(router.query)) : parseFilters(router.query))

  /** Asks who serves this. Call while a component is being set up. */
  start(): void {
    // A process's health is always on screen; of a server, only whether anything was ever stored.
    this.#poll = new Poll<Status>(() => statusPath, (last) => last === null || isProcess(last) || last.spansStored === 0)
  }
}

function isProcess(status: Status | null): status is ProcessStatus {
  return status?.mode === 'process'
}

export const host = new Host()
