// A person with a real browser goes through the pages: login, consent, account, devices, logout, errors.

import assert from 'node:assert/strict';
import { after } from 'node:test';

import { NARROW } from '../fixture/chromium.mjs';
import { device, press, sees, signIn, signInAtStorefront } from '../fixture/pages.mjs';
import { serveSinglePage } from '../fixture/single-page.mjs';
import { serve } from '../fixture/suite.mjs';

const { server, shop, catalogPort, proof } = await serve();
const catalog = await serveSinglePage(catalogPort, server);
after(() => catalog.close());

const textOf = (page) => page.locator('pre').innerText();

for (const [where, options] of Object.entries({ 'a wide window': {}, 'a narrow window': { viewport: NARROW, hasTouch: true } })) {
  proof(`in ${where}: a wrong password, the right one, consent, and the storefront knows the person`, options, async (page) => {
    await page.goto(shop.login({ prompt: 'consent' }));
    await signIn(page, 'ada', 'wrong');
    await page.getByRole('alert').waitFor();
    assert.equal(await page.getByLabel('Username').inputValue(), 'ada');
    assert.equal(await page.getByLabel('Password').inputValue(), '');
    await signIn(page);
    await sees(page, /Storefront/);
    await press(page, 'Allow');
    await sees(page, 'Signed in');
    assert.equal(await textOf(page), 'Ada Lovelace by GET');
  });
}

proof('a person who says no is sent back to the storefront', async (page) => {
  await page.goto(shop.login({ prompt: 'consent' }));
  await signIn(page, 'grace');
  await press(page, 'Deny');
  await sees(page, 'Not signed in');
  assert.equal(await textOf(page), 'access_denied');
});

proof('an application leads on from its callback to an address of its own choice', async (page) => {
  shop.afterwards = `${shop.address}/`.replace('127.0.0.1', 'localhost');
  try {
    await page.goto(shop.login({ prompt: 'consent' }));
    await signIn(page);
    await press(page, 'Allow');
    await page.waitForURL(shop.afterwards);
    await sees(page, 'Storefront');
  } finally {
    shop.afterwards = undefined;
  }
});

proof('the keyboard is enough', async (page) => {
  await page.goto(shop.login({ prompt: 'consent' }));
  await page.waitForFunction(() => document.activeElement.id === 'username');
  await page.keyboard.type('ada');
  await page.keyboard.press('Tab');
  await page.keyboard.type('quickstart');
  await page.keyboard.press('Enter');
  await sees(page, /Storefront/);
  const focused = () => page.evaluate(() => document.activeElement.textContent.trim());
  for (let presses = 0; (await focused()) !== 'Allow'; presses += 1) {
    assert.ok(presses < 10, 'the button cannot be reached');
    await page.keyboard.press('Tab');
  }
  await page.keyboard.press('Enter');
  await sees(page, 'Signed in');
});

proof('no page needs a script', { javaScriptEnabled: false }, async (page) => {
  await page.goto(shop.login({ prompt: 'consent', response_mode: 'form_post' }));
  await signIn(page);
  await press(page, 'Allow');
  await sees(page, 'One moment');
  await press(page, 'Continue');
  await sees(page, 'Signed in');
  assert.equal(await textOf(page), 'Ada Lovelace by POST');
});

proof('with scripts form_post needs no button', async (page) => {
  await page.goto(shop.login({ response_mode: 'form_post', prompt: 'consent' }));
  await signIn(page);
  await press(page, 'Allow');
  await sees(page, 'Signed in');
  assert.equal(await textOf(page), 'Ada Lovelace by POST');
});

proof('a person chooses to go on as who they are, or as somebody else', async (page) => {
  await signInAtStorefront(page, shop, 'grace');
  await page.goto(shop.login({ prompt: 'select_account' }));
  await sees(page, 'Choose an account');
  await press(page, /^Continue as Grace Hopper/);
  await sees(page, 'Signed in');
  assert.match(await textOf(page), /Grace/);
  await page.goto(shop.login({ prompt: 'select_account consent' }));
  await press(page, 'Use another account');
  await signIn(page, 'ada');
  await press(page, 'Allow');
  await sees(page, 'Signed in');
  assert.match(await textOf(page), /Ada/);
});

proof('a request that another site posts finds the session', async (page) => {
  await signInAtStorefront(page, shop, 'ada');
  // The same machine by another name is another site, whose posts come without our cookies.
  await page.goto(`${shop.address.replace('127.0.0.1', 'localhost')}/login-by-post`);
  await press(page, 'Go');
  await sees(page, 'Signed in');
});

proof('a single page does all of it by itself, from another origin', async (page) => {
  await page.goto(catalog.address);
  await signIn(page, 'grace');
  await press(page, 'Allow');
  await sees(page, 'Done');
  const done = JSON.parse(await textOf(page));
  assert.equal(done.name, 'Grace Hopper');
  assert.notEqual(done.refreshed, done.first);
  const headers = { authorization: `Bearer ${done.token}` };
  assert.equal((await fetch(`${server.issuer}/oauth2/userinfo`, { headers })).status, 401);
});

proof('the account page ends access: the next login asks again', async (page) => {
  await page.goto(`${server.issuer}/account`);
  await signIn(page);
  await sees(page, /Ada Lovelace/);
  await page.goto(shop.login({ prompt: 'consent' }));
  await press(page, 'Allow');
  await page.goto(shop.login());
  await sees(page, 'Signed in');
  await page.goto(`${server.issuer}/account`);
  await press(page, 'Remove access: Storefront');
  await page.getByText('The access has been removed.').waitFor();
  await page.goto(shop.login());
  await press(page, 'Deny');
  await sees(page, 'Not signed in');
});

proof('the account page ends another browser’s session, and this one’s', async (page, context) => {
  await page.goto(`${server.issuer}/account`);
  await signIn(page, 'grace');
  const rows = page.getByRole('listitem').filter({ hasText: 'Signed in on' });
  await rows.first().waitFor();
  const before = await rows.count();
  const other = await context.browser().newContext();
  const elsewhere = await other.newPage();
  await elsewhere.goto(`${server.issuer}/account`);
  await signIn(elsewhere, 'grace');
  await page.reload();
  assert.equal(await rows.count(), before + 1);
  await rows.filter({ hasText: 'Browser session' }).last().getByRole('button').click();
  await page.waitForLoadState();
  while ((await rows.filter({ hasText: 'Browser session' }).count()) > 0) {
    await rows.filter({ hasText: 'Browser session' }).first().getByRole('button').click();
    await page.waitForLoadState();
  }
  await elsewhere.reload();
  await sees(elsewhere, 'Sign in');
  await other.close();
  await press(page, 'Sign out');
  await sees(page, 'Sign in');
});

proof('the account page ends all other sessions, and then every one', async (page, context) => {
  await page.goto(`${server.issuer}/account`);
  await signIn(page, 'grace');
  const others = await Promise.all([context.browser().newContext(), context.browser().newContext()]);
  const [elsewhere, away] = await Promise.all(others.map((other) => other.newPage()));
  for (const other of [elsewhere, away]) {
    await other.goto(`${server.issuer}/account`);
    await signIn(other, 'grace');
  }
  await page.reload();
  await press(page, 'End all other sessions');
  await page.getByText('All other sessions have been ended.').waitFor();
  for (const other of [elsewhere, away]) {
    await other.reload();
    await sees(other, 'Sign in');
  }
  await signIn(away, 'grace');
  await press(away, 'Sign out everywhere');
  await sees(away, 'Sign in');
  await page.reload();
  await sees(page, 'Sign in');
  await Promise.all(others.map((other) => other.close()));
});

proof('a device’s code is typed, confirmed and done', async (page) => {
  const waiting = await device(server);
  await page.goto(waiting.verification_uri);
  await page.getByLabel('Code').fill('BBBB-BBBB');
  await press(page, 'Continue');
  await page.getByRole('alert').waitFor();
  await page.getByLabel('Code').fill(waiting.user_code.toLowerCase());
  await press(page, 'Continue');
  await signIn(page);
  await sees(page, 'Connect this device?');
  await page.getByText(waiting.user_code).waitFor();
  await press(page, 'Allow');
  await sees(page, 'Your device is connected');
  assert.ok((await waiting.ask()).access_token);
});

proof('a device that is not the person’s is denied', async (page) => {
  const waiting = await device(server);
  await page.goto(waiting.verification_uri_complete);
  await press(page, 'Continue');
  await signIn(page);
  await press(page, 'Deny');
  await sees(page, 'Your device was not connected');
  await assert.rejects(waiting.ask(), { error: 'access_denied' });
});

proof('logging out asks when nothing says who asks, and leads back', async (page) => {
  await signInAtStorefront(page, shop, 'ada');
  await page.goto(`${shop.address}/logout`);
  await sees(page, 'Sign out?');
  await press(page, 'Stay signed in');
  await sees(page, /Ada Lovelace/);
  await page.goto(`${shop.address}/logout`);
  await press(page, 'Sign out');
  await sees(page, 'Storefront');
  await page.goto(shop.login());
  await sees(page, 'Sign in');
});

proof('logging out with the ID token asks nothing', async (page) => {
  await signInAtStorefront(page, shop, 'ada');
  await page.goto(`${shop.address}/logout?id_token_hint=${shop.tokens.id_token}`);
  await sees(page, 'Storefront');
  await page.goto(`${server.issuer}/account`);
  await sees(page, 'Sign in');
});

proof('a redirect URI that is not registered ends on a page that says so', async (page) => {
  const response = await page.goto(shop.login({ redirect_uri: 'https://evil.example/callback' }));
  assert.equal(response.status(), 400);
  await sees(page, 'This request cannot be completed');
  await page.getByText('is not registered in AuthClient shop/storefront').waitFor();
  await page.getByText('Request ID').waitFor();
});

proof('the pages speak German to whom reads German', { locale: 'de-DE' }, async (page) => {
  await page.goto(shop.login({ prompt: 'consent' }));
  await sees(page, 'Anmelden');
  await signIn(page, 'ada', 'falsch');
  await page.getByRole('alert').waitFor();
  await signIn(page);
  await press(page, 'Erlauben');
  await sees(page, 'Signed in');
});
