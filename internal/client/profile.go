package client

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"path/filepath"

	"github.com/flowscope/flowscope/internal/analyze/compare"
)

// Profile asks for the profile that the parameters of GET /profile select.
func (c *Client) Profile(ctx context.Context, params url.Values) (*compare.Profile, error) {
	var body json.RawMessage
	if err := c.get(ctx, "profile", params, &body); err != nil {
		return nil, err
	}
	p, err := compare.Read(body)
	if err != nil {
		return nil, fmt.Errorf("read the answer of %s: %w", c, err)
	}
	return p, nil
}

// ReadProfile reads one that WriteProfile wrote.
func ReadProfile(path string) (*compare.Profile, error) {
	body, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	p, err := compare.Read(body)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return p, nil
}

// EncodeProfile writes what ReadProfile reads.
func EncodeProfile(w io.Writer, p *compare.Profile) error {
	body, err := json.MarshalIndent(p, "", " ")
	if err != nil {
		return err
	}
	_, err = w.Write(append(body, '\n'))
	return err
}

// WriteProfile writes a profile to a file, all of it or nothing. A link stays
// one, and what is no file, such as a pipe or /dev/stdout, is written to as it is:
// neither may have a file put in its place.
func WriteProfile(path string, p *compare.Profile) error {
	var text bytes.Buffer
	if err := EncodeProfile(&text, p); err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	body := text.Bytes()
	info, err := os.Stat(path)
	switch {
	case err != nil: // it is new
		return replaceFile(path, body)
	case !info.Mode().IsRegular():
		return os.WriteFile(path, body, 0o644)
	}
	path, err = filepath.EvalSymlinks(path)
	if err != nil {
		return err
	}
	return replaceFile(path, body)
}

func replaceFile(path string, body []byte) (err error) {
	file, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+".*.tmp")
	if err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	defer func() {
		if err != nil {
			err = errors.Join(fmt.Errorf("write %s: %w", path, err), os.Remove(file.Name()))
		}
	}()
	_, err = file.Write(body)
	if err = errors.Join(err, file.Chmod(0o644), file.Close()); err != nil {
		return err
	}
	return os.Rename(file.Name(), path)
}
