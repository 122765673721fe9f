import { existsSync } from 'node:fs';
import { chromium } from 'playwright-core';

const PLACES = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'];

/** The system's browser, or undefined. Nothing is ever downloaded. */
export function findChromium() {
  return (process.env.CHROMIUM ? [process.env.CHROMIUM] : PLACES).find((path) => existsSync(path));
}

/** A fresh browser that can reach one origin only, and the list of everything that went wrong in it. */
export async function openBrowser(executablePath, origin) {
  const args = [
    '--disable-gpu',
    '--disable-quic',
    '--no-first-run',
    '--disable-background-networking',
    '--disable-component-update',
    '--disable-sync',
    // Also what the browser itself might ask for, which a page's requests do not show.
    `--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE ${new URL(origin).hostname}`,
  ];
  // Chromium's sandbox does not start as root, which is what containers run as.
  if (process.getuid?.() === 0) args.push('--no-sandbox');
  const browser = await chromium.launch({ executablePath, headless: true, args });
  const context = await browser.newContext({ viewport: { width: 1440, height: 900 }, colorScheme: 'light' });
  const complaints = await watch(context, origin);
  const page = await context.newPage();
  page.setDefaultTimeout(20_000);
  return { browser, page, complaints };
}

async function watch(context, origin) {
  const complaints = [];
  await context.route('**/*', (route) => {
    const url = route.request().url();
    if (isOwn(url, origin)) return route.continue();
    complaints.push(`request to elsewhere: ${url}`);
    return route.abort();
  });
  await context.exposeBinding('__violation', (_source, text) => {
    complaints.push(`Content-Security-Policy: ${text}`);
  });
  await context.addInitScript(() => {
    document.addEventListener('securitypolicyviolation', (event) => {
      window.__violation(`${event.effectiveDirective} forbids ${event.blockedURI} (${event.sourceFile}:${event.lineNumber})`);
    });
  });
  context.on('console', (message) => {
    if (message.type() !== 'error') return;
    const { url } = message.location();
    // A refused operation may have a 4xx status: the browser notes it, but it is an answer like any other.
    if (message.text().startsWith('Failed to load resource') && new URL(url).pathname === '/graphql') return;
    complaints.push(`console error: ${message.text()} (${url})`);
  });
  context.on('weberror', (error) => complaints.push(`page error: ${error.error().stack ?? error.error()}`));
  context.on('page', (page) => {
    page.on('websocket', (socket) => {
      if (!isOwn(socket.url().replace(/^ws/, 'http'), origin)) complaints.push(`websocket to elsewhere: ${socket.url()}`);
    });
  });
  return complaints;
}

function isOwn(url, origin) {
  const { protocol, origin: its } = new URL(url);
  return protocol === 'data:' || its === origin; // A blob: URL has the origin of its page.
}
