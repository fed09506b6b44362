package demo

import (
	"net/http"
	"time"
)

const ms = time.Millisecond

func shopOperations() []operation {
	return []operation{
		{"login", "web-ui", "click#sign-in", 10, "", steps{call("api-gateway", "POST /login")}},
		{"browse", "web-ui", "open#products", 30, "", steps{call("api-gateway", "GET /products")}},
		{"view_product", "web-ui", "click#product-card", 25, "catalog 2.0.0 is slower here than 1.8.2", steps{
			call("api-gateway", "GET /products/{id}"),
		}},
		{"add_to_cart", "web-ui", "click#add-to-cart", 13, "inventory is flaky: look for retries", steps{
			call("api-gateway", "POST /cart/items"),
		}},
		{"checkout", "web-ui", "click#place-order", 10, "payment fails for 8 s of every minute, then checkout's circuit breaker opens", steps{
			call("api-gateway", "GET /cart"),
			work(2, 8),
			call("api-gateway", "POST /checkout"),
		}},
	}
}

func shopServices() []service {
	return []service{
		{name: "web-ui", namespace: "shop", releases: pods("5.12.0", 1), headless: true},
		apiGateway(), catalog(), search(), recommendation(), pricing(), inventory(), cart(),
		checkout(), payment(), fraud(), shipping(), fulfillment(), emailWorker(),
	}
}

// signedIn is how a gateway checks who is calling.
func signedIn() step { return call("auth", "POST /introspect").within(500 * ms) }

func apiGateway() service {
	return service{name: "api-gateway", namespace: "shop", releases: pods("2.7.3", 2), endpoints: []endpoint{
		{"POST /login", steps{work(1, 4), call("auth", "POST /sessions"), call("user-profile", "GET /profiles/{id}").optional()}},
		{"GET /products", steps{work(1, 4), signedIn(), parallel(
			call("catalog", "GET /products"),
			sometimes(0.4, call("search", "GET /search").within(300*ms).optional()),
		)}},
		{"GET /products/{id}", steps{work(1, 4), signedIn(), call("catalog", "GET /products/{id}")}},
		{"GET /cart", steps{work(1, 3), signedIn(), call("cart", "GET /carts/{id}")}},
		{"POST /cart/items", steps{work(1, 4), signedIn(), call("cart", "POST /carts/{id}/items")}},
		{"POST /checkout", steps{work(2, 6), signedIn(), call("checkout", "POST /orders").within(2 * time.Second)}},
	}}
}

func catalog() service {
	products := store{"postgresql", "catalog", "pg-catalog.shop.internal", 5432}
	cache := store{"redis", "0", "redis.shop.internal", 6379}
	one := products.query("SELECT products", "SELECT * FROM products WHERE id = $1", lat(4, 18))
	return service{name: "catalog", namespace: "shop", releases: []release{{"1.8.2", 2}, {"2.0.0", 1}}, endpoints: []endpoint{
		{"GET /products", steps{
			cache.cached("products:page", 0.7,
				products.query("SELECT products", "SELECT id, name, price FROM products WHERE category = $1 ORDER BY rank LIMIT 24", lat(11, 45))),
			task("render list", work(3, 12)),
		}},
		{"GET /products/{id}", steps{
			parallel(
				cache.cached("product", 0.8, one),
				call("pricing", "GET /prices/{id}").within(200*ms),
				call("inventory", "GET /stock/{id}").within(200*ms).retried(1),
				call("recommendation", "GET /similar/{id}").within(80*ms).guarded().optional(),
			),
			onVersion("2.0.0", task("assemble variants",
				products.query("SELECT product_variants", "SELECT * FROM product_variants WHERE product_id = $1", lat(28, 70)),
				products.query("SELECT product_variants", "SELECT * FROM product_variants WHERE product_id = $1", lat(28, 70)),
			)),
			work(2, 8),
		}},
	}}
}

func search() service {
	index := store{"opensearch", "products", "opensearch.shop.internal", 9200}
	return service{name: "search", namespace: "shop", releases: pods("0.14.1", 1), endpoints: []endpoint{
		{"GET /search", steps{
			work(1, 5),
			sometimes(0.02, work(500, 700)), // a cold shard: the gateway does not wait so long
			index.query("search products", `{"query":{"match":{"name":"?"}},"size":24}`, lat(22, 95)),
		}},
	}}
}

func recommendation() service {
	vectors := store{"redis", "1", "redis-vectors.shop.internal", 6379}
	return service{name: "recommendation", namespace: "shop", releases: pods("0.9.0-rc2", 1), endpoints: []endpoint{
		{"GET /similar/{id}", steps{
			vectors.query("FT.SEARCH similar", "FT.SEARCH similar ?", lat(3, 12)),
			outage(90*time.Second, 40*time.Second, 6*time.Second),
			work(9, 60),
		}},
	}}
}

func pricing() service {
	prices := store{"mysql", "pricing", "mysql-pricing.shop.internal", 3306}
	cache := store{"redis", "0", "redis.shop.internal", 6379}
	return service{name: "pricing", namespace: "shop", releases: pods("3.1.4", 1), endpoints: []endpoint{
		{"GET /prices/{id}", steps{cache.cached("price", 0.9,
			prices.query("SELECT prices", "SELECT amount, currency FROM prices WHERE product_id = ?", lat(3, 14))), work(1, 4)}},
		{"POST /quotes", steps{prices.query("SELECT promotions", "SELECT * FROM promotions WHERE starts_at <= ? AND ends_at > ?", lat(5, 20)), work(3, 11)}},
	}}
}

func inventory() service {
	stock := store{"postgresql", "inventory", "pg-inventory.shop.internal", 5432}
	contended := fails(0.08, http.StatusServiceUnavailable, "could not obtain lock on row in relation stock")
	return service{name: "inventory", namespace: "shop", releases: pods("1.22.0", 2), endpoints: []endpoint{
		{"GET /stock/{id}", steps{work(0.8, 3), stock.query("SELECT stock", "SELECT available FROM stock WHERE product_id = $1", lat(2, 10))}},
		{"POST /reservations", steps{
			stock.query("SELECT stock", "SELECT available FROM stock WHERE product_id = $1 FOR UPDATE NOWAIT", lat(4, 22)),
			contended,
			fails(0.008, http.StatusConflict, "out of stock"),
			stock.query("UPDATE stock", "UPDATE stock SET available = available - $2 WHERE product_id = $1", lat(4, 16)),
		}},
		{"POST /commits", steps{stock.query("DELETE reservations", "DELETE FROM reservations WHERE order_id = $1", lat(5, 18))}},
	}}
}

func cart() service {
	carts := store{"redis", "2", "redis-carts.shop.internal", 6379}
	return service{name: "cart", namespace: "shop", releases: pods("4.0.7", 1), endpoints: []endpoint{
		{"GET /carts/{id}", steps{carts.query("HGETALL cart", "HGETALL cart:?", lat(1, 5)), work(1, 4)}},
		{"POST /carts/{id}/items", steps{
			parallel(
				call("pricing", "GET /prices/{id}").within(200*ms),
				call("inventory", "POST /reservations").within(300*ms).retried(2),
			),
			carts.query("HSET cart", "HSET cart:? ? ?", lat(1, 5)),
		}},
	}}
}

func checkout() service {
	orders := store{"postgresql", "orders", "pg-orders.shop.internal", 5432}
	return service{name: "checkout", namespace: "shop", releases: pods("6.3.1", 1), endpoints: []endpoint{
		{"POST /orders", steps{
			call("cart", "GET /carts/{id}"),
			parallel(
				call("pricing", "POST /quotes").within(300*ms),
				call("shipping", "POST /quotes").within(400*ms),
				call("fulfillment", "GET /delivery-slots").within(250*ms).optional(),
			),
			call("payment", "POST /charges").within(900 * ms).retried(1).guarded(),
			task("place order",
				orders.query("INSERT orders", "INSERT INTO orders (id, user_id, total, currency) VALUES ($1, $2, $3, $4)", lat(6, 24)),
				publish("orders"),
			),
		}},
	}}
}

func payment() service {
	ledger := store{"postgresql", "ledger", "pg-ledger.shop.internal", 5432}
	return service{name: "payment", namespace: "shop", releases: pods("2.2.5", 1), endpoints: []endpoint{
		{"POST /charges", steps{
			work(18, 45),
			outage(60*time.Second, 12*time.Second, 8*time.Second),
			call("fraud-check", "POST /scores").within(250 * ms).optional(),
			external("api.cards.example", "POST /v1/charges", lat(95, 260)),
			fails(0.03, http.StatusPaymentRequired, "card declined"),
			ledger.query("INSERT entries", "INSERT INTO entries (account, amount) VALUES ($1, $2), ($3, $4)", lat(5, 20)),
		}},
	}}
}

func fraud() service {
	profiles := store{"mongodb", "risk", "mongo-risk.shop.internal", 27017}
	return service{name: "fraud-check", namespace: "shop", releases: pods("1.4.0", 1), endpoints: []endpoint{
		{"POST /scores", steps{profiles.query("find profiles", `{"find":"profiles","filter":{"card":"?"}}`, lat(5, 22)), task("score model", work(14, 50))}},
	}}
}

func shipping() service {
	return service{name: "shipping", namespace: "shop", releases: pods("0.31.2", 1), endpoints: []endpoint{
		{"POST /quotes", steps{
			sometimes(0.02, work(700, 900)), // the carrier hangs: checkout times out
			external("rates.carrier.example", "POST /rates", lat(35, 140)),
		}},
		{"POST /labels", steps{external("rates.carrier.example", "POST /labels", lat(60, 190)), work(4, 12)}},
	}}
}

func fulfillment() service {
	jobs := store{"postgresql", "fulfillment", "pg-fulfillment.shop.internal", 5432}
	return service{name: "fulfillment", namespace: "shop", releases: pods("2.10.0", 1),
		endpoints: []endpoint{
			{"GET /delivery-slots", steps{jobs.query("SELECT slots", "SELECT * FROM slots WHERE zone = $1 AND free > 0", lat(6, 25))}},
		},
		consumers: []consumer{{topic: "orders", steps: steps{
			jobs.query("INSERT jobs", "INSERT INTO jobs (order_id, state) VALUES ($1, 'new')", lat(5, 18)),
			call("inventory", "POST /commits").retried(2),
			call("shipping", "POST /labels").retried(1),
		}}},
	}
}

func emailWorker() service {
	send := external("api.mail.example", "POST /v3/send", lat(45, 170))
	return service{name: "email-worker", namespace: "shop", releases: pods("1.1.9", 1),
		endpoints: []endpoint{{"POST /messages", steps{work(1, 4), send}}},
		consumers: []consumer{{topic: "orders", batch: 10, steps: steps{task("render mails", work(6, 20)), send}}},
	}
}
