"""The scenarios, in the order in which they run: the name of each is that of its module.

A module has a TITLE and run(context), which gives its figures."""

ORDER = [
    "hello_warm",
    "hello_request",
    "hello_nginx",
    "hello_h2",
    "hello_h3",
    "links",
    "tls_handshake",
    "access_log",
    "json_10k",
    "echo_64k",
    "hono",
    "in_process",
    "open_loop_crash",
    "trap_storm",
    "abuse",
    "tenants",
    "tenants_wasmtime",
    "memory",
    "idle_connections",
    "idle_tls",
    "start",
    "drain",
    "kill",
    "endless_loop",
    "peers",
    "before",
]
