package shell

import (
	"slices"
	"strings"

	"github.com/alecthomas/kong"
)

// Candidate is a word that may come next.
type Candidate struct {
	Word string
	Help string
}

// Complete lists what may stand in the place of the last of some arguments and
// begins with it: commands, flags, or the values of a flag or an argument that
// takes one of a few. None means that the grammar does not know, such as for a
// file. bash takes --flag=value apart at the sign; both forms are understood.
func Complete(app *kong.Application, args []string) []Candidate {
	if len(args) == 0 {
		args = []string{""}
	}
	last := args[len(args)-1]
	p := place{node: app.Node}
	for _, word := range args[:len(args)-1] {
		p.pass(word)
	}
	name, value, assigned := strings.Cut(last, "=")
	switch {
	case p.waiting != nil:
		return choices(p.waiting, "", strings.TrimPrefix(last, "="))
	case p.noFlags:
		return p.arguments(last)
	case strings.HasPrefix(last, "-") && assigned:
		if f := p.flag(name); f != nil {
			return choices(f.Value, name+"=", value)
		}
		return nil
	case strings.HasPrefix(last, "-"):
		return p.flags(last)
	default:
		return p.arguments(last)
	}
}

// place is where in the grammar some arguments have led.
type place struct {
	node       *kong.Node
	waiting    *kong.Value // the flag whose value comes next
	positional int         // arguments that were given to the command
	noFlags    bool        // after --
}

// pass goes on by one word.
func (p *place) pass(word string) {
	switch {
	case p.waiting != nil:
		if word != "=" { // how bash writes the sign between flag and value
			p.waiting = nil
		}
	case word == "--":
		p.noFlags = true
	case strings.HasPrefix(word, "-") && !p.noFlags:
		if f := p.flag(word); f != nil && !f.IsBool() && !f.IsCounter() {
			p.waiting = f.Value
		}
	default:
		for _, child := range p.node.Children {
			if child.Name == word || slices.Contains(child.Aliases, word) {
				p.node = child
				return
			}
		}
		p.positional++
	}
}

// flag finds a flag by --name or -n.
func (p *place) flag(word string) *kong.Flag {
	for _, group := range p.node.AllFlags(false) {
		for _, f := range group {
			if word == "--"+f.Name || f.Short != 0 && word == "-"+string(f.Short) {
				return f
			}
		}
	}
	return nil
}

func (p *place) flags(prefix string) []Candidate {
	var list []Candidate
	for _, group := range p.node.AllFlags(true) {
		for _, f := range group {
			if name := "--" + f.Name; strings.HasPrefix(name, prefix) {
				list = append(list, Candidate{name, f.Help})
			}
		}
	}
	return list
}

// arguments lists commands, or the values of the argument that comes next.
func (p *place) arguments(prefix string) []Candidate {
	var list []Candidate
	for _, child := range p.node.Children {
		if !child.Hidden && strings.HasPrefix(child.Name, prefix) {
			list = append(list, Candidate{child.Name, child.Help})
		}
	}
	if p.positional < len(p.node.Positional) {
		list = append(list, choices(p.node.Positional[p.positional], "", prefix)...)
	}
	return list
}

// choices lists the values of what takes one of a few, behind what stays of the
// word.
func choices(v *kong.Value, stays, prefix string) []Candidate {
	if v.Enum == "" {
		return nil
	}
	var list []Candidate
	for _, choice := range v.EnumSlice() {
		if choice != "" && strings.HasPrefix(choice, prefix) {
			list = append(list, Candidate{Word: stays + choice})
		}
	}
	return list
}
