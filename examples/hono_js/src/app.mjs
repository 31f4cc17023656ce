// The application: plain Hono, which runs the same under Pear (site.mjs) and Node (node.mjs).
import { Hono } from 'hono';
import { HTTPException } from 'hono/http-exception';
import { logger } from 'hono/logger';
import { requestId } from 'hono/request-id';
import { secureHeaders } from 'hono/secure-headers';
import { streamText, streamSSE } from 'hono/streaming';
import { validator } from 'hono/validator';

const pears = [
  { id: 1, name: 'Conference', cents: 349 },
  { id: 2, name: 'Williams', cents: 399 },
  { id: 3, name: 'Nashi', cents: 649 },
];

export const app = new Hono();

app.use(logger());
app.use(requestId());
app.use(secureHeaders());

app.get('/', (c) => c.html('<!doctype html><title>Pears</title><h1>Pears</h1>'));
app.get('/hello/:name', (c) => c.text(`Hello ${c.req.param('name')}!`));
app.get('/pears', (c) => {
  const most = Number(c.req.query('most') ?? pears.length);
  return c.json(pears.slice(0, Number.isInteger(most) && most >= 0 ? most : pears.length));
});
app.get('/pears/:id{[0-9]+}', (c) => {
  const pear = pears.find((each) => each.id === Number(c.req.param('id')));
  return pear ? c.json(pear) : c.json({ error: 'there is no such pear' }, 404);
});

const order = validator('json', (value, c) => {
  const { id, quantity } = value ?? {};
  const known = pears.some((each) => each.id === id);
  const valid = known && Number.isInteger(quantity) && quantity >= 1 && quantity <= 99;
  return valid ? { id, quantity } : c.json({ error: 'wanted: a known id, a quantity of 1 to 99' }, 422);
});
app.post('/orders', order, (c) => {
  const { id, quantity } = c.req.valid('json');
  const pear = pears.find((each) => each.id === id);
  return c.json({ id, quantity, cents: pear.cents * quantity }, 201);
});
app.post('/echo', async (c) => {
  const type = c.req.header('content-type') ?? 'application/octet-stream';
  return c.body(await c.req.arrayBuffer(), 200, { 'content-type': type });
});

// Ten lines, one by one.
app.get('/stream', (c) =>
  streamText(c, async (stream) => {
    for (let line = 1; line <= 10; ++line) {
      await stream.writeln(`line ${line}`);
      await stream.sleep(10);
    }
  }),
);
// Server-sent events, one a second; ?ticks=N ends after N.
app.get('/clock', (c) =>
  streamSSE(c, async (stream) => {
    const ticks = Number(c.req.query('ticks') ?? Infinity);
    for (let tick = 1; tick <= ticks && !stream.aborted; ++tick) {
      await stream.writeSSE({ id: String(tick), data: String(Date.now()) });
      if (tick < ticks) await stream.sleep(1000);
    }
  }),
);

app.notFound((c) => c.json({ error: 'not found', path: c.req.path }, 404));
app.onError((error, c) => {
  if (error instanceof HTTPException) return error.getResponse();
  console.error(error.stack ?? String(error));
  return c.json({ error: 'internal error' }, 500);
});
