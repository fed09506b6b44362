// Package storecmd is what `flowscope store` does with a data directory: Stat,
// Verify, Export and Backup, which take no lock and change nothing, so a server
// may run on the directory meanwhile, and Compact, which needs it alone.
//
// All of them hold one block in memory at a time. What a server removes while
// they read is either held open or looked for again where it went; see
// store.OpenSnapshot.
package storecmd
