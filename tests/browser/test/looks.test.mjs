// Every page in both languages, in a wide and a narrow window, light and dark: axe finds no serious fault, and nothing is
// cut off. With UPDATE_SCREENSHOTS=1 the pictures in docs/screenshots are taken.

import assert from 'node:assert/strict';

import { device, signIn } from '../fixture/pages.mjs';
import { look } from '../fixture/looks.mjs';
import { serve } from '../fixture/suite.mjs';

const { server, shop, proof } = await serve();

/** Buttons by what they send, whatever language they speak. */
const decide = (page, value) => page.locator(`button[name=decision][value=${value}]`).click();
const submit = (page) => page.locator('button[type=submit]').first().click();

for (const language of ['en', 'de']) {
  const looksRight = (what, open, options) =>
    proof(`${language}: ${what}`, { locale: language, ...options }, async (page) => {
      await open(page);
      assert.equal(await page.locator('html').getAttribute('lang'), language);
      await look(page, what.replaceAll(' ', '-'), language);
    });

  looksRight('login', (page) => page.goto(shop.login({ prompt: 'consent' })));

  looksRight('login refused', async (page) => {
    await page.goto(shop.login({ prompt: 'consent' }));
    await signIn(page, 'nobody', 'wrong');
    await page.getByRole('alert').waitFor();
  });

  looksRight('consent', async (page) => {
    const scope = 'openid profile email offline_access orders:read';
    await page.goto(shop.login({ prompt: 'consent', scope, resource: 'https://api.shop.example/orders' }));
    await signIn(page);
    await page.locator('.permissions').first().waitFor();
  });

  looksRight('select account', async (page) => {
    await page.goto(`${server.issuer}/account`);
    await signIn(page);
    await page.goto(shop.login({ prompt: 'select_account' }));
    await page.locator('.choices').waitFor();
  });

  looksRight('account', async (page) => {
    await page.goto(shop.login({ prompt: 'consent', scope: 'openid profile email orders:read' }));
    await signIn(page);
    await decide(page, 'allow');
    await page.getByText('Signed in').waitFor();
    await page.goto(`${server.issuer}/account`);
    await page.locator('#sessions').waitFor();
  });

  looksRight('device', (page) => page.goto(`${server.issuer}/device`));

  looksRight('device unknown', async (page) => {
    await page.goto(`${server.issuer}/device?user_code=BCDF-GHJK`);
    await submit(page);
    await page.getByRole('alert').waitFor();
  });

  looksRight('device confirm', async (page) => {
    await page.goto((await device(server)).verification_uri_complete);
    await submit(page);
    await signIn(page);
    await page.locator('.code-display').waitFor();
  });

  looksRight('device done', async (page) => {
    await page.goto((await device(server)).verification_uri_complete);
    await submit(page);
    await signIn(page);
    await decide(page, 'allow');
    await page.locator('.emblem-success').waitFor();
  });

  looksRight('logout', async (page) => {
    await page.goto(`${server.issuer}/account`);
    await signIn(page);
    await page.locator('#sessions').waitFor();
    await page.goto(`${shop.address}/logout`);
    await page.locator('button[value=logout]').waitFor();
  });

  looksRight('logged out', async (page) => {
    await page.goto(`${server.issuer}/oauth2/logout`);
    await page.locator('.emblem-success').waitFor();
  });

  looksRight('error', (page) => page.goto(shop.login({ redirect_uri: 'https://evil.example/callback' })));

  looksRight('not found', (page) => page.goto(`${server.issuer}/nowhere`));
}

// axe runs in the page, so that a page whose scripts are off is judged where a script would post it away at once.
for (const locale of ['en', 'de']) {
  proof(`${locale}: form post`, { locale }, async (page) => {
    await page.route('**/form-post*.js', (route) => route.fulfill({ body: '', contentType: 'text/javascript' }));
    await page.goto(shop.login({ prompt: 'consent', response_mode: 'form_post' }));
    await signIn(page);
    await decide(page, 'deny');
    await page.locator('input[name=iss]').waitFor({ state: 'attached' });
    await look(page, 'form-post', locale);
  });
}
