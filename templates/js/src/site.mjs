// {{name}}: a site in JavaScript, with Hono.
import { Hono } from 'hono';

const app = new Hono();

app.get('/', (c) =>
  c.html('<!doctype html><title>{{name}}</title><h1>{{name}}</h1><a href="/hello/world">Say hello</a>'),
);
app.get('/hello/:name', (c) => c.json({ hello: c.req.param('name') }));
app.get('/time', (c) => c.json({ unix_time_ms: Date.now() }, 200, { 'cache-control': 'no-store' }));

// Asked once, while the component is built: what a first request prepares is then part of it, and no
// instance does it again. Only paths that need nothing of the host, such as random numbers.
for (const path of ['/', '/hello/world']) {
  const response = await app.fetch(new Request(`http://localhost${path}`));
  await response.text();
}

addEventListener('fetch', (event) => event.respondWith(app.fetch(event.request)));
