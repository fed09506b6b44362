package api

import (
	_ "embed" // for openapi.yaml
	"net/http"

	"github.com/goccy/go-yaml"

	"github.com/flowscope/flowscope/internal/api/rest"
)

//go:embed openapi.yaml
var openAPIYAML []byte

func openAPIJSON() ([]byte, error) { return yaml.YAMLToJSON(openAPIYAML) }

// openAPI answers with the description of the REST API.
func openAPI(doc []byte) func(*http.Request) (any, error) {
	return func(*http.Request) (any, error) {
		return rest.Document{ContentType: jsonType, Body: doc}, nil
	}
}
