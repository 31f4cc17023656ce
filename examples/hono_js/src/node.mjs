// The same application under Node, to compare its answers with the site's: PORT=3100 npm run node
import { serve } from '@hono/node-server';
import { app } from './app.mjs';

const port = Number(process.env.PORT ?? 3100);
serve({ fetch: app.fetch, hostname: '127.0.0.1', port }, () => {
  console.log(`http://127.0.0.1:${port}/`);
});
