// The clock of the dashboard: when to ask again, and whether the server
// answers. It stands still while the user pauses or the tab is hidden.
import type { EpochMilliseconds, Milliseconds } from '../model/units'

/** Often enough to feel live and to notice a dead server within five seconds. */
export const refreshEvery: Milliseconds = 4000

/** How long an answer may be on its way before what is shown counts as old: a process that hangs refuses nothing. */
const patience: Milliseconds = 1500

class Live {
  paused = $state(false)
  /** Goes up whenever it is time to ask again. */
  tick = $state(0)
  /** The time, to the second, for ages on screen. */
  now = $state<EpochMilliseconds>(Date.now())
  lastAnswer = $state<EpochMilliseconds>(0)
  unreachable = $state(false)

  /** Requests without an answer, and since when there has been none for them. */
  #waiting = $state(0)
  #waitingSince = $state<EpochMilliseconds>(0)

  /** Whether something was asked and nothing has come for longer than it should take. One slow answer among others is no reason. */
  readonly #hangs = $derived(this.#waiting > 0 && this.lastAnswer > 0 && this.now - this.#waitingSince > patience && this.now - this.lastAnswer > refreshEvery + patience)
  readonly mode = $derived(this.unreachable || (this.#hangs && !this.paused) ? 'stale' : this.paused ? 'paused' : 'live')

  start(): () => void {
    const refresh = setInterval(() => this.#beat(), refreshEvery)
    const seconds = setInterval(() => (this.now = Date.now()), 1000)
    const shown = () => this.#beat()
    document.addEventListener('visibilitychange', shown)
    return () => {
      clearInterval(refresh)
      clearInterval(seconds)
      document.removeEventListener('visibilitychange', shown)
    }
  }

  refresh(): void {
    this.tick++
  }

  toggle(): void {
    this.paused = !this.paused
    if (!this.paused) this.refresh()
  }

  asked(): void {
    if (this.#waiting++ === 0) this.#waitingSince = Date.now()
  }

  /** A request has ended, however. */
  settled(): void {
    this.#waiting--
  }

  answered(): void {
    this.unreachable = false
    this.lastAnswer = Date.now()
    this.now = this.lastAnswer
    this.#waitingSince = this.lastAnswer
  }

  failed(unreachable: boolean): void {
    if (unreachable) this.unreachable = true
  }

  #beat(): void {
    if (!this.paused && !document.hidden) this.tick++
  }
}

export const live = new Live()
