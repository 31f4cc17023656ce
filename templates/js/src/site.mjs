// {{name}}: a site in JavaScript, with Hono.
import { Hono } from 'hono';

const app = new Hono();

app.get('/', (c) =>
  c.html('<!doctype html><title>{{name}}</title><h1>{{name}}</h1><a href="/hello/world">Say hello</a>'),
);
app.get('/hello/:name', (c) => c.json({ hello: c.req.param('name') }));
app.get('/time', (c) => c.json({ unix_time_ms: Date.now() }, 200, { 'cache-control': 'no-store' }));

addEventListener('fetch', (event) => event.respondWith(app.fetch(event.request)));
