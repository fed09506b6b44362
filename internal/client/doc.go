// Package client asks a Flowscope server's REST API, for the commands that
// need a running server. It takes answers as the API documents them and knows
// nothing of how the server makes them.
//
//	c, err := client.New("127.0.0.1:4319")
//	for page, err := range c.Traces(ctx, url.Values{"service": {"cart"}}, 20) { … }
package client
