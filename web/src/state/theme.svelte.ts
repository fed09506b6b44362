// Dark or light: the URL's choice, else the one made here before, else the system's.
import { router } from './router.svelte'

export type Theme = 'dark' | 'light'
const storageKey = 'flowscope.theme'

const system = matchMedia('(prefers-color-scheme: dark)')

class ThemeState {
  #system = $state<Theme>(system.matches ? 'dark' : 'light')
  #stored = $state<Theme | null>(stored())
  readonly current = $derived<Theme>(asTheme(router.param('theme')) ?? this.#stored ?? this.#system)

  /** Follows the system's choice and shows the current one. Call while a component is being set up. */
  start(): void {
    $effect(() => {
      document.documentElement.dataset['theme'] = this.current
    })
    $effect(() => {
      const follow = () => (this.#system = system.matches ? 'dark' : 'light')
      system.addEventListener('change', follow)
      return () => system.removeEventListener('change', follow)
    })
  }

  toggle(): void {
    const next: Theme = this.current === 'dark' ? 'light' : 'dark'
    this.#stored = next
    try {
      localStorage.setItem(storageKey, next)
    } catch {
      // Storage is refused in some private windows; the URL still carries the choice.
    }
    router.set({ theme: next })
  }
}

function asTheme(text: string | null): Theme | null {
  return text === 'dark' || text === 'light' ? text : null
}

function stored(): Theme | null {
  try {
    return asTheme(localStorage.getItem(storageKey))
  } catch {
    return null
  }
}

export const theme = new ThemeState()
