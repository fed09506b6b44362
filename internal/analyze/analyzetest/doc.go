// Package analyzetest makes traces to test analysis with: from timelines drawn
// in a text file (Draw), and random ones whose flow graphs are known in
// advance (Generate).
package analyzetest
