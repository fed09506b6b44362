package client

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/url"
	"strings"
	"time"
)

const (
	// timeout is twice what the server allows itself for an answer.
	timeout = time.Minute
	// maxAnswer bounds what is read of an answer. 200 traces are some 200 KB.
	maxAnswer = 64 << 20
)

// Client asks one server. It may be used by any number of goroutines.
type Client struct {
	base  *url.URL
	token string
	http  *http.Client
}

// New returns a client of the server at an address: host:port, or a URL whose
// path is put before the API's. The server is told the token unless it is empty.
func New(addr, token string) (*Client, error) {
	if !strings.Contains(addr, "://") {
		addr = "http://" + addr
	}
	base, err := url.Parse(addr)
	if err != nil || base.Host == "" || (base.Scheme != "http" && base.Scheme != "https") {
		return nil, fmt.Errorf("%q is no address of a server: host:port or an http URL is accepted", addr)
	}
	return &Client{base: base, token: token, http: &http.Client{Timeout: timeout}}, nil
}

// String is the address, without a password.
func (c *Client) String() string { return c.base.Redacted() }

// Error is an answer that is a problem, in the server's words.
type Error struct {
	Status    int    `json:"status"`
	Code      string `json:"code"`
	Field     string `json:"field"` // the parameter at fault
	Detail    string `json:"detail"`
	RequestID string `json:"requestId"`
}

// Error implements error.
func (e *Error) Error() string {
	return fmt.Sprintf("the server says: %s (%s, request %s)", e.Detail, e.Code, e.RequestID)
}

// get decodes the answer of an endpoint under /api/v1. A problem is an *Error.
func (c *Client) get(ctx context.Context, path string, params url.Values, into any) (err error) {
	body, err := c.open(ctx, c.http, path, params)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, body.Close()) }()
	if err := json.NewDecoder(io.LimitReader(body, maxAnswer)).Decode(into); err != nil {
		return fmt.Errorf("read the answer of %s: %w", c, err)
	}
	return nil
}

// open asks an endpoint under /api/v1. The caller closes the answer.
func (c *Client) open(ctx context.Context, by *http.Client, path string, params url.Values) (io.ReadCloser, error) {
	at := c.base.JoinPath("api/v1", path)
	at.RawQuery = params.Encode()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, at.String(), nil)
	if err != nil {
		return nil, fmt.Errorf("ask %s: %w", c, err)
	}
	if c.token != "" {
		req.Header.Set("Authorization", "Bearer "+c.token)
	}
	resp, err := by.Do(req)
	if err != nil {
		return nil, fmt.Errorf("ask %s: %w", c, unwrapURL(err))
	}
	if resp.StatusCode != http.StatusOK {
		return nil, errors.Join(problem(resp, io.LimitReader(resp.Body, maxAnswer)), resp.Body.Close())
	}
	return resp.Body, nil
}

// segment is a name as one segment of a path: dots, which clients and servers
// take for a way through the path, are no way when they are escaped.
func segment(name string) string {
	if name == "." || name == ".." {
		return strings.ReplaceAll(name, ".", "%2E")
	}
	return url.PathEscape(name)
}

// problem reads an answer that is not 200. What does not come from a Flowscope
// server, such as a proxy's page, is named by its status.
func problem(resp *http.Response, body io.Reader) error {
	p := &Error{}
	kind, _, err := mime.ParseMediaType(resp.Header.Get("Content-Type"))
	if err != nil || kind != "application/problem+json" || json.NewDecoder(body).Decode(p) != nil {
		return fmt.Errorf("the server answers %s", resp.Status)
	}
	p.Status = resp.StatusCode
	return p
}

// unwrapURL drops the URL with all its parameters from an error of http.Client.
func unwrapURL(err error) error {
	var e *url.Error
	if errors.As(err, &e) {
		return e.Err
	}
	return err
}
