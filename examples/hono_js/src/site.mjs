// The application as a site: componentize-js calls the fetch event for each request.
import { app } from './app.mjs';

addEventListener('fetch', (event) => event.respondWith(app.fetch(event.request)));
