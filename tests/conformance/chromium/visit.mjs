// Visits the site by Chromium, and says as JSON what came of it: {checks: [{name, wrong}], version}.
//
//   node visit.mjs '{"modules": ..., "origin": ..., "protocol": "h3", "arguments": [...], ...}'
//
// suite_chromium.py has the whole list. `wrong` is empty where all is well.
import {createRequire} from 'node:module';
import {fileURLToPath} from 'node:url';

const wanted = JSON.parse(process.argv[2]);
const {chromium} = createRequire(`${wanted.modules}/package.json`)('playwright-core');
const BROWSER = fileURLToPath(new URL('browser', import.meta.url));
const PATIENCE_MS = 30_000;
const VISITS_MAX = 20;  // Until an alternative service is used.
const SPREAD_MIN = 0.5;  // Of the time in which the pieces of a stream are made.

// ---- In the page.

// A request whose body is told by its digest, with the times at which its pieces came.
async function fetched({path, body, streamed}) {
  const options = {};
  if (body) {
    const bytes = new Uint8Array(body.size);
    for (let i = 0; i < bytes.length; i++) bytes[i] = (i * 31 + (i >> 8)) & 255;
    options.method = 'POST';
    options.body = streamed ? pieces(bytes) : new Blob([bytes]);
    if (streamed) options.duplex = 'half';
    options.headers = {'content-type': 'application/octet-stream'};
  }
  const response = await fetch(path, options);
  const parts = [], times = [];
  for (const reader = response.body.getReader();;) {
    const {done, value} = await reader.read();
    if (done) break;
    parts.push(value);
    times.push(performance.now());
  }
  const whole = new Uint8Array(await new Blob(parts).arrayBuffer());
  const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', whole));
  const hex = [...digest].map(byte => byte.toString(16).padStart(2, '0')).join('');
  return {status: response.status, size: whole.length, digest: hex, times};

  function pieces(bytes) {
    let at = 0;
    return new ReadableStream({
      pull(controller) {
        if (at === bytes.length) return controller.close();
        controller.enqueue(bytes.slice(at, at += Math.min(100_000, bytes.length - at)));
      },
    });
  }
}

// ---- The visit.

class Visit {
  constructor(page) {
    this.page = page;
    this.checks = [];
    this.console = [];
    this.failed = [];
    page.on('console', said => {
      if (said.type() === 'error' || said.type() === 'warning') this.console.push(said.text());
    });
    page.on('pageerror', error => this.console.push(String(error)));
    page.on('requestfailed', request => this.failed.push(`${request.url()}: ${request.failure()?.errorText}`));
    page.on('response', response => {
      if (response.status() >= 400) this.failed.push(`${response.url()}: ${response.status()}`);
    });
  }

  async check(name, run) {
    try {
      this.checks.push({name, wrong: (await run()) || ''});
    } catch (error) {
      this.checks.push({name, wrong: String(error)});
    }
  }

  // By which protocol each of these paths came in the end.
  async protocols(paths) {
    const found = await this.page.waitForFunction(names => {
      const entries = [...performance.getEntriesByType('navigation'), ...performance.getEntriesByType('resource')];
      const last = names.map(name => entries.findLast(entry => new URL(entry.name).pathname === name));
      return last.every(entry => entry && entry.responseEnd > 0) && last.map(entry => entry.nextHopProtocol);
    }, paths, {timeout: PATIENCE_MS});
    return found.jsonValue();
  }

  async expect_protocol(paths) {
    const said = await this.protocols(paths);
    return said.every(protocol => protocol === wanted.protocol) ? '' : `came by ${said} instead of ${wanted.protocol}`;
  }

  async load() {
    const response = await this.page.goto(`${wanted.origin}/page`, {timeout: PATIENCE_MS});
    if (response.status() !== 200) return `answered ${response.status()}`;
    const [text, colour, title] = await this.page.evaluate(() => {
      const element = document.getElementById('text');
      return [element.textContent, getComputedStyle(element).color, document.title];
    });
    const whole = text === 'run' && colour === 'rgb(1, 2, 3)' && title === 'conformance';
    return whole ? '' : `the page says ${[text, colour, title]}`;
  }

  // The page; where a service is only offered, until it is used.
  async page_comes() {
    for (let visits = 1;; visits++) {
      const wrong = await this.load();
      if (wrong) return wrong;
      const [first] = await this.protocols(['/page']);
      if (visits === 1 && wanted.first && first !== wanted.first) {
        return `came by ${first} at first instead of ${wanted.first}`;
      }
      if (first === wanted.protocol || !wanted.first || visits === VISITS_MAX) break;
    }
    return this.expect_protocol(['/page', '/page.js', '/page.css']);
  }

  async body_comes(request, {size, digest, pieces, pause_ms}) {
    const got = await this.page.evaluate(fetched, request);
    if (got.status !== 200) return `answered ${got.status}`;
    if (got.size !== size || got.digest !== digest) return `${got.size} bytes instead of ${size}, or others`;
    const wrong = await this.expect_protocol([request.path]);
    if (wrong || !pieces) return wrong;
    const spread = got.times.at(-1) - got.times[0];
    const least = (pieces - 1) * pause_ms * SPREAD_MIN;
    return got.times.length < pieces / 2 || spread < least ?
        `${got.times.length} pieces within ${Math.round(spread)} ms: they did not come as they were made` : '';
  }
}

async function run(browser) {
  const visit = new Visit(await browser.newPage());
  await visit.check('page', () => visit.page_comes());
  for (const {name, request, answer} of wanted.requests) {
    await visit.check(name, () => visit.body_comes(request, answer));
  }
  await visit.check('console', () => visit.console.join('\n'));
  await visit.check('failed requests', () => visit.failed.join('\n'));
  return visit.checks;
}

const browser = await chromium.launch(
    {executablePath: BROWSER, args: wanted.arguments, timeout: PATIENCE_MS, env: {...process.env}});
try {
  console.log(JSON.stringify({version: browser.version(), checks: await run(browser)}));
} finally {
  await browser.close();
}
