// The console of `nauthera up`: its pages, and "Try it", which logs in as the real application would.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { request } from 'node:http';

import { press, sees, signIn } from '../fixture/pages.mjs';
import { look } from '../fixture/looks.mjs';
import { serve } from '../fixture/suite.mjs';

const { server, proof } = await serve({ withConsole: true });

const client = (name) => `${server.console}/clients/shop/${name}`;

/** Tries a client with the button of this name, and answers the login page. */
async function tryLogin(page, name) {
  await page.goto(client(name));
  await page.locator('.try-ways button').first().click();
  await signIn(page);
  await page.locator('button[value=allow]').click();
  await sees(page, new RegExp(`Try of shop/${name}`));
}

const section = (page, name) => page.getByRole('region', { name });

for (const [name, path] of Object.entries({
  console: '/',
  'console-clients': '/clients',
  'console-client': '/clients/shop/reports',
  'console-policies': '/policies',
  'console-policy': '/policies/identity/interactive',
  'console-diagnostics': '/diagnostics',
  'console-tries': '/try',
})) {
  proof(`${name} looks right`, async (page) => {
    const response = await page.goto(`${server.console}${path}`);
    assert.equal(response.status(), 200);
    await look(page, name);
  });
}

proof('the overview says which client is narrowed, and its page why', async (page) => {
  await page.goto(`${server.console}/`);
  await page.getByRole('link', { name: 'shop/reports' }).first().click();
  await sees(page, /shop\/reports/);
  await page.getByText('payroll:admin').first().waitFor();
  await page.getByRole('link', { name: 'identity/baseline' }).first().waitFor();
});

proof('"Try it" logs in with the storefront, refreshes, asks userinfo and logs out', async (page) => {
  await tryLogin(page, 'storefront');
  await section(page, /^ID token/).getByText('verified', { exact: true }).waitFor();
  await section(page, /^Access token/).getByText('verified', { exact: true }).waitFor();
  await look(page, 'console-try');
  const before = await section(page, /^Access token/).locator('.json').first().innerText();
  await press(page, 'Refresh');
  await page.getByText('refreshed 1 time').waitFor();
  assert.notEqual(await section(page, /^Access token/).locator('.json').first().innerText(), before);
  await press(page, 'Userinfo');
  await page.getByText('Ada Lovelace').first().waitFor();
  await press(page, 'Log out');
  await page.getByText('Logged out').first().waitFor();
  await page.goto(`${server.issuer}/account`);
  await sees(page, 'Sign in');
});

for (const name of ['catalog', 'till']) {
  proof(`"Try it" logs in with ${name}, a public client`, async (page) => {
    await tryLogin(page, name);
    await section(page, /^ID token/).getByText('verified', { exact: true }).waitFor();
  });
}

proof('"Try it" shows what came when the person says no', async (page) => {
  await page.goto(client('storefront'));
  await page.locator('.try-ways button').first().click();
  await signIn(page, 'grace');
  await page.locator('button[value=deny]').click();
  await page.getByRole('alert').filter({ hasText: 'access_denied' }).waitFor();
});

proof('"Try it" gets a token for a service', async (page) => {
  await page.goto(client('reports'));
  await page.locator('.try-ways button').first().click();
  await section(page, /^Access token/).getByText('verified', { exact: true }).waitFor();
});

proof('"Try it" waits for a device’s person', async (page, context) => {
  await page.goto(client('price-display'));
  await page.locator('.try-ways button').first().click();
  const opened = context.waitForEvent('page');
  await page.getByRole('link', { name: /Open the page with the code/ }).click();
  const phone = await opened;
  await phone.locator('button[type=submit]').first().click();
  await signIn(phone);
  await phone.locator('button[value=allow]').click();
  await phone.getByRole('heading', { name: 'Your device is connected' }).waitFor();
  await section(page, /^Access token/).getByText('verified', { exact: true }).waitFor();
});

proof('a page of the console follows the folder', async (page) => {
  await page.goto(client('storefront'));
  await page.getByText('15m').first().waitFor();
  await server.edit('security/baseline.yaml', (text) => text.replace('accessTokenTTL: 15m', 'accessTokenTTL: 7m'));
  await page.getByText('7m').first().waitFor();
  await server.edit('security/baseline.yaml', (text) => text.replace('accessTokenTTL: 7m', 'accessTokenTTL: 15m'));
  await page.getByText('15m').first().waitFor();
});

/** The status of an answer to a request with these headers; `fetch` would not let a caller choose its host. */
async function status(path, headers, method = 'GET') {
  const asked = request(`${server.console}${path}`, { method, headers }).end();
  const [answer] = await once(asked, 'response');
  answer.resume();
  return answer.statusCode;
}

proof('the console answers to no other name, and takes no other site’s forms', async () => {
  assert.equal(await status('/', {}), 200);
  for (const host of ['evil.example', `evil.example:${new URL(server.console).port}`, new URL(server.issuer).host]) {
    assert.ok((await status('/', { host })) >= 400, host);
  }
  assert.ok((await status('/try', { origin: 'https://evil.example' }, 'POST')) >= 400);
});
