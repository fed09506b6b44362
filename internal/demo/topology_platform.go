package demo

import "net/http"

// platformServices serve both the shop and the cloud console.
func platformServices() []service {
	return []service{auth(), userProfile(), auditLog()}
}

func auth() service {
	accounts := store{"postgresql", "accounts", "pg-accounts.platform.internal", 5432}
	sessions := store{"redis", "0", "redis-sessions.platform.internal", 6379}
	return service{name: "auth", namespace: "platform", releases: pods("7.4.0", 2), endpoints: []endpoint{
		{"POST /sessions", steps{
			accounts.query("SELECT accounts", "SELECT id, password_hash FROM accounts WHERE email = $1", lat(4, 15)),
			task("verify password", work(42, 75)), // a password hash is slow on purpose
			fails(0.03, http.StatusUnauthorized, "invalid credentials"),
			sessions.query("SET session", "SET session:? ? EX 86400", lat(1, 4)),
			sometimes(0.1, call("email-worker", "POST /messages").within(300*ms).optional()), // sign-in from a new device
			call("audit-log", "POST /events").within(150 * ms).optional(),
		}},
		{"POST /introspect", steps{
			sessions.cached("session", 0.97, accounts.query("SELECT tokens", "SELECT * FROM tokens WHERE id = $1", lat(3, 12))),
			fails(0.003, http.StatusUnauthorized, "session expired"),
		}},
	}}
}

func userProfile() service {
	profiles := store{"mongodb", "profiles", "mongo.platform.internal", 27017}
	return service{name: "user-profile", namespace: "platform", releases: pods("1.17.6", 1), endpoints: []endpoint{
		{"GET /profiles/{id}", steps{profiles.query("find profiles", `{"find":"profiles","filter":{"_id":"?"}}`, lat(4, 17)), work(1, 5)}},
	}}
}

func auditLog() service {
	events := store{"opensearch", "audit", "opensearch.platform.internal", 9200}
	return service{name: "audit-log", namespace: "platform", releases: pods("0.6.1", 1), endpoints: []endpoint{
		{"POST /events", steps{events.query("index audit", `{"index":{"_index":"audit"}}`, lat(7, 32))}},
	}}
}
