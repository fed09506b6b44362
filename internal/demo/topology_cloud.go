package demo

import "net/http"

func cloudOperations() []operation {
	return []operation{
		{"create_vm", "console-ui", "click#launch-instance", 5, "scheduler now and then exceeds compute's deadline", steps{
			call("console-api", "POST /vms"),
		}},
		{"attach_volume", "console-ui", "click#attach-volume", 4, "", steps{call("console-api", "POST /vms/{id}/volumes")}},
		{"delete_vm", "console-ui", "click#terminate", 3, "", steps{call("console-api", "DELETE /vms/{id}")}},
	}
}

func cloudServices() []service {
	return []service{
		{name: "console-ui", namespace: "cloud", releases: pods("1.45.0", 1), headless: true},
		consoleAPI(), compute(), scheduler(), network(), imageRegistry(), volume(), hypervisor(), quota(), billing(),
	}
}

func consoleAPI() service {
	audited := call("audit-log", "POST /events").within(150 * ms).optional()
	return service{name: "console-api", namespace: "cloud", releases: pods("1.30.2", 2), endpoints: []endpoint{
		{"POST /vms", steps{work(2, 7), signedIn(), call("compute", "POST /servers"), audited}},
		{"POST /vms/{id}/volumes", steps{work(2, 6), signedIn(), call("volume", "POST /attachments"), audited}},
		{"DELETE /vms/{id}", steps{work(2, 6), signedIn(), call("compute", "DELETE /servers/{id}"), audited}},
	}}
}

func compute() service {
	servers := store{"cockroachdb", "compute", "crdb.cloud.internal", 26257}
	return service{name: "compute", namespace: "cloud", releases: pods("27.1.0", 2), endpoints: []endpoint{
		{"POST /servers", steps{
			call("quota", "POST /checks").within(200 * ms),
			call("scheduler", "POST /placements").within(250 * ms),
			parallel(
				call("network", "POST /ports").retried(2),
				call("image-registry", "GET /images/{id}"),
			),
			call("hypervisor", "POST /domains"),
			servers.query("INSERT servers", "INSERT INTO servers (id, host, flavor) VALUES ($1, $2, $3)", lat(9, 35)),
			publish("usage"),
		}},
		{"DELETE /servers/{id}", steps{
			servers.query("SELECT servers", "SELECT * FROM servers WHERE id = $1", lat(5, 20)),
			fails(0.02, http.StatusNotFound, "no such server"),
			parallel(call("hypervisor", "DELETE /domains/{id}"), call("network", "DELETE /ports/{id}").retried(2)),
			servers.query("UPDATE servers", "UPDATE servers SET deleted_at = now() WHERE id = $1", lat(8, 30)),
			publish("usage"),
		}},
	}}
}

func scheduler() service {
	hosts := store{"etcd", "hosts", "etcd.cloud.internal", 2379}
	return service{name: "scheduler", namespace: "cloud", releases: pods("3.6.0", 1), endpoints: []endpoint{
		{"POST /placements", steps{
			hosts.query("range hosts", "range /hosts/", lat(6, 25)),
			task("filter hosts", work(8, 30)),
			sometimes(0.03, work(500, 600)), // a full cell: weighing takes longer than compute waits
			task("weigh hosts", work(12, 45)),
		}},
	}}
}

func network() service {
	addresses := store{"postgresql", "ipam", "pg-ipam.cloud.internal", 5432}
	return service{name: "network", namespace: "cloud", releases: pods("12.4.1", 1), endpoints: []endpoint{
		{"POST /ports", steps{
			fails(0.06, http.StatusServiceUnavailable, "subnet is locked"),
			addresses.query("UPDATE addresses", "UPDATE addresses SET port = $1 WHERE subnet = $2 AND port IS NULL LIMIT 1", lat(10, 40)),
			task("program switch", work(25, 80)),
		}},
		{"DELETE /ports/{id}", steps{addresses.query("UPDATE addresses", "UPDATE addresses SET port = NULL WHERE port = $1", lat(8, 30)), work(12, 40)}},
	}}
}

func imageRegistry() service {
	cache := store{"memcached", "images", "memcached.cloud.internal", 11211}
	return service{name: "image-registry", namespace: "cloud", releases: pods("2.8.3", 1), endpoints: []endpoint{
		{"GET /images/{id}", steps{cache.cached("manifest", 0.85, external("objects.storage.example", "GET /images/{id}", lat(70, 240))), work(3, 10)}},
	}}
}

func volume() service {
	volumes := store{"cockroachdb", "volumes", "crdb.cloud.internal", 26257}
	return service{name: "volume", namespace: "cloud", releases: pods("9.0.2", 1), endpoints: []endpoint{
		{"POST /attachments", steps{
			volumes.query("SELECT volumes", "SELECT * FROM volumes WHERE id = $1 FOR UPDATE", lat(7, 30)),
			fails(0.04, http.StatusConflict, "volume is in use"),
			call("hypervisor", "POST /domains/{id}/disks"),
			volumes.query("UPDATE volumes", "UPDATE volumes SET server = $2 WHERE id = $1", lat(8, 28)),
		}},
	}}
}

func hypervisor() service {
	return service{name: "hypervisor", namespace: "cloud", releases: pods("8.2.0", 2), endpoints: []endpoint{
		{"POST /domains", steps{task("define domain", work(15, 40)), task("boot domain", work(120, 300))}},
		{"POST /domains/{id}/disks", steps{work(40, 130)}},
		{"DELETE /domains/{id}", steps{work(55, 160)}},
	}}
}

func quota() service {
	limits := store{"postgresql", "quota", "pg-quota.cloud.internal", 5432}
	return service{name: "quota", namespace: "cloud", releases: pods("1.0.8", 1), endpoints: []endpoint{
		{"POST /checks", steps{
			limits.query("SELECT limits", "SELECT used, allowed FROM limits WHERE project = $1", lat(4, 16)),
			fails(0.01, http.StatusForbidden, "quota exceeded"),
		}},
	}}
}

func billing() service {
	usage := store{"clickhouse", "billing", "clickhouse.cloud.internal", 9000}
	return service{name: "billing", namespace: "cloud", releases: pods("5.5.0", 1), consumers: []consumer{
		{topic: "usage", steps: steps{work(2, 8), usage.query("INSERT usage", "INSERT INTO usage FORMAT Native", lat(14, 60))}},
	}}
}
