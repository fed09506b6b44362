package api

import (
	_ "embed" // for openapi.yaml
	"net/http"

	"github.com/goccy/go-yaml"
)

//go:embed openapi.yaml
var openAPIYAML []byte

func openAPIJSON() ([]byte, error) { return yaml.YAMLToJSON(openAPIYAML) }

func (s *server) openapi(_ *http.Request, p *params) (any, error) {
	if err := p.done(); err != nil {
		return nil, err
	}
	return document{jsonType, s.openAPI}, nil
}
