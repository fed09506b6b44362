package app

import "runtime/debug"

// Version is the release this binary was built from: the module's version
// where Go knows it, else the commit, else "dev".
func Version() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "dev"
	}
	if v := info.Main.Version; v != "" && v != "(devel)" {
		return v
	}
	const shortCommit = 12
	for _, s := range info.Settings {
		if s.Key == "vcs.revision" && len(s.Value) >= shortCommit {
			return "dev-" + s.Value[:shortCommit]
		}
	}
	return "dev"
}
