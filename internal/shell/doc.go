// Package shell tells shells and man about a command line: what may come next
// where somebody presses Tab, and its manual. Both are read off the grammar, so
// that no flag is ever forgotten.
//
//	for _, c := range shell.Complete(parser.Model, []string{"flows", "--st"}) { … }
//	text, err := shell.Script("zsh")
//	page := shell.Manual(parser.Model, shell.About{…})
package shell
