// The application as a site: componentize-js calls the fetch event for each request.
import { app } from './app.mjs';

// Asked once, while the component is built. What the engine compiles and Hono prepares at a first
// request is then part of the component, and no instance does it again: more than half of the time
// of a request. The host cannot be asked for anything yet, hence an id that needs no random numbers.
const headers = { 'x-request-id': 'build' };
for (const path of ['/', '/hello/world', '/pears', '/pears/1', '/nowhere']) {
  const response = await app.fetch(new Request(`http://localhost${path}`, { headers }));
  await response.text();
}

addEventListener('fetch', (event) => event.respondWith(app.fetch(event.request)));
