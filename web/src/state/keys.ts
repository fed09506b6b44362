// Keyboard shortcuts. They rest while the user types.

export interface Shortcut {
  /** As KeyboardEvent.key has it. */
  key: string
  what: string
  run: () => void
}

const typing = 'input, textarea, select, [contenteditable], [role="listbox"]'

/** Listens for the shortcuts until told to stop. */
export function listen(shortcuts: () => Shortcut[]): () => void {
  const handle = (event: KeyboardEvent) => {
    if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey) return
    if (event.target instanceof Element && event.target.closest(typing)) return
    if (document.querySelector('dialog[open]')) return
    const shortcut = shortcuts().find((s) => s.key === event.key)
    if (!shortcut) return
    event.preventDefault()
    shortcut.run()
  }
  document.addEventListener('keydown', handle)
  return () => document.removeEventListener('keydown', handle)
}
